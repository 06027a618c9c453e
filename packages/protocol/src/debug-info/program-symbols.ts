/**
 * What a program's addresses are called: its functions, its lines, and where its calls return to. Made
 * from an ELF file once, and kept as plain data many times smaller.
 */
import { type ElfSymbol, readElfImage, readElfSections, readElfSymbols } from '../elf.ts'
import { FUNCTIONS_MAX, INTERNAL_FLASH_ADDRESS } from '../limits.ts'
import { DwarfError } from './dwarf-reader.ts'
import { type LineRow, readLines } from './line-program.ts'

/** Lists of numbers hold differences to the one before, which makes them small. */
export interface SymbolData {
  readonly functions: readonly (readonly [name: string, address: number, bytes: number])[]
  readonly files: readonly string[]
  /** Address, file and line of each row, one after another. */
  readonly lines: readonly number[]
  /** Where calls return to. */
  readonly returns: readonly number[]
}

/** Where an address is; what is not known is null. */
export interface CodePlace {
  readonly function: string | null
  /** Bytes from the function's beginning. */
  readonly offset: number | null
  readonly file: string | null
  readonly line: number | null
}

export interface ProgramFunction {
  readonly name: string
  readonly address: number
  readonly bytes: number
}

const NOWHERE: CodePlace = { function: null, offset: null, file: null, line: null }

export class ProgramSymbols {
  readonly functions: readonly ProgramFunction[]
  readonly lineCount: number
  readonly #files: readonly string[]
  readonly #rows: readonly LineRow[]
  readonly #returns: readonly number[]

  private constructor(
    functions: readonly ProgramFunction[],
    { files, rows }: { files: readonly string[]; rows: readonly LineRow[] },
    returns: readonly number[],
  ) {
    this.functions = functions
    this.lineCount = rows.length
    this.#files = files
    this.#rows = rows
    this.#returns = returns
  }

  /** Throws ImageError for a file that is no application, DwarfError for broken debug information. */
  static ofElf(file: Uint8Array): ProgramSymbols {
    const functions = readElfSymbols(file).filter(isFunction)
    if (functions.length > FUNCTIONS_MAX)
      throw new DwarfError(`more than ${FUNCTIONS_MAX} functions`)
    const lines = readLines(readElfSections(file, SECTIONS))
    return new ProgramSymbols(functions, lines, findReturns(readElfImage(file), functions))
  }

  static ofData({ functions, files, lines, returns }: SymbolData): ProgramSymbols {
    const rows: LineRow[] = []
    let [address, line] = [0, 0]
    for (let i = 0; i + 2 < lines.length; i += 3) {
      address += lines[i] ?? 0
      line += lines[i + 2] ?? 0
      rows.push({ address, file: lines[i + 1] ?? -1, line })
    }
    let start = 0
    const own = functions.map(([name, from, bytes]) => {
      start += from
      return { name, address: start, bytes }
    })
    let place = 0
    const all = returns.map((from) => {
      place += from
      return place
    })
    return new ProgramSymbols(own, { files, rows }, all)
  }

  toData(): SymbolData {
    const step = (last: number, next: number) => next - last
    let before = { address: 0, line: 0 }
    const lines = this.#rows.flatMap((row) => {
      const { address, line } = before
      before = row
      return [step(address, row.address), row.file, step(line, row.line)]
    })
    return {
      functions: this.functions.map(({ name, address, bytes }, i) => [
        name,
        step(this.functions[i - 1]?.address ?? 0, address),
        bytes,
      ]),
      files: this.#files,
      lines,
      returns: this.#returns.map((address, i) => step(this.#returns[i - 1] ?? 0, address)),
    }
  }

  /** Of the instruction at an address; bit 0, which says Thumb, is passed over. */
  locate(address: number): CodePlace {
    const at = (address & ~1) >>> 0
    const found = this.functionAt(at)
    if (found === undefined) return NOWHERE
    const row = this.#rows[lastUpTo(this.#rows, at, (one) => one.address)]
    const file = row === undefined || row.file < 0 ? undefined : this.#files[row.file]
    return {
      function: found.name,
      offset: at - found.address,
      file: file ?? null,
      line: file === undefined ? null : (row?.line ?? null),
    }
  }

  functionAt(address: number): ProgramFunction | undefined {
    const found = this.functions[lastUpTo(this.functions, address, (one) => one.address)]
    // A function of assembly may not say how long it is: it goes on to the next one.
    if (found === undefined || (found.bytes > 0 && address >= found.address + found.bytes))
      return undefined
    return found
  }

  /** Whether a call returns to this address. */
  isReturn(address: number): boolean {
    return this.#returns[lastUpTo(this.#returns, address, (one) => one)] === address
  }
}

const SECTIONS = ['.debug_line', '.debug_line_str', '.debug_str']

function isFunction({ kind, address, name }: ElfSymbol): boolean {
  return kind === 'function' && address >= INTERNAL_FLASH_ADDRESS && name !== ''
}

/**
 * Behind each BL, and each BLX or BLXNS to a register (Armv8-M ARM, C2.4). Data between functions that
 * looks like a call only makes a frame possible that a stack is unlikely to name.
 */
function findReturns(image: Uint8Array, functions: readonly ProgramFunction[]): number[] {
  const halfwords = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const returns = new Set<number>()
  for (const { address, bytes } of functions) {
    const from = address - INTERNAL_FLASH_ADDRESS
    const to = Math.min(from + bytes, image.length)
    for (let at = from; at + 2 <= to; at += 2) {
      const first = halfwords.getUint16(at, true)
      const isBlx = (first & 0xff83) === 0x4780
      const second = at + 4 <= to ? halfwords.getUint16(at + 2, true) : 0
      const isBl = (first & 0xf800) === 0xf000 && (second & 0xd000) === 0xd000
      if (isBlx) returns.add(INTERNAL_FLASH_ADDRESS + at + 2)
      if (isBl) returns.add(INTERNAL_FLASH_ADDRESS + at + 4)
    }
  }
  return [...returns].sort((a, b) => a - b)
}

/** Index of the last item whose key is at most `key`; -1: none. */
function lastUpTo<T>(items: readonly T[], key: number, keyOf: (item: T) => number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keyOf(items[middle]!) <= key) low = middle + 1
    else high = middle
  }
  return low - 1
}
