/** Which function an address of code is in, by the symbol table of an ELF file. */
import { type ElfSymbol, readElfSymbols } from './elf.ts'

/** A name for the instruction at an address; undefined where no function is known. */
export type FunctionNames = (address: number) => string | undefined

/** `name` at a function's first byte, `name+0x1c` inside it. Throws ImageError. */
export function functionNames(file: Uint8Array): FunctionNames {
  const functions = readElfSymbols(file).filter(({ kind }) => kind === 'function')
  return (address) => {
    const found = lastNotAfter(functions, address)
    if (found === undefined) return undefined
    const offset = address - found.address
    if (offset >= Math.max(found.bytes, 1)) return undefined
    return offset === 0 ? found.name : `${found.name}+0x${offset.toString(16)}`
  }
}

/** By halving: symbols are in order of address. */
function lastNotAfter(symbols: readonly ElfSymbol[], address: number): ElfSymbol | undefined {
  let [low, high] = [0, symbols.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (symbols[middle]!.address <= address) low = middle + 1
    else high = middle
  }
  return symbols[low - 1]
}
