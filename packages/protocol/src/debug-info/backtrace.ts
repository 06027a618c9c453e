/**
 * The calls that led to a crash, from registers and a copy of the stack. Without unwinding information:
 * a word of the stack counts as a return address if a call of the program returns there. Such a word may
 * be left from an earlier call, so frames from the stack are likely, not certain.
 */
import { FRAMES_MAX } from '../limits.ts'
import type { CodePlace, ProgramSymbols } from './program-symbols.ts'

export interface CallFrame extends CodePlace {
  readonly address: number
  /** Where the address was found. */
  readonly from: 'pc' | 'lr' | 'stack'
}

export interface CrashedState {
  readonly pc: number
  readonly lr: number
  /** Upwards from the stack pointer. */
  readonly stack: Uint8Array
}

/** Bytes from a call to where it returns, at least: enough to be in the line of the call. */
const BACK = 2

export function backtrace({ pc, lr, stack }: CrashedState, symbols: ProgramSymbols): CallFrame[] {
  const frames: CallFrame[] = [{ address: pc >>> 0, from: 'pc', ...symbols.locate(pc) }]
  const callOf = (address: number, from: 'lr' | 'stack') =>
    frames.push({ address: address >>> 0, from, ...symbols.locate(address - BACK) })
  const isReturn = (word: number) => (word & 1) === 1 && symbols.isReturn((word & ~1) >>> 0)
  // In the function that crashed itself, LR is left from a call that has returned.
  const isStale = symbols.locate(lr).function === frames[0]?.function
  if (isReturn(lr) && !isStale) callOf(lr, 'lr')
  const words = new DataView(stack.buffer, stack.byteOffset, stack.byteLength)
  let last = lr
  for (let at = 0; at + 4 <= stack.length && frames.length < FRAMES_MAX; at += 4) {
    const word = words.getUint32(at, true)
    if (!isReturn(word) || word === last) continue
    last = word
    callOf(word, 'stack')
  }
  return frames
}

/** `app_main (main.c:42)`, as far as it is known; undefined if nothing is. */
export function formatPlace({ function: name, offset, file, line }: CodePlace): string | undefined {
  if (name === null) return undefined
  return file === null ? `${name}+${offset}` : `${name} (${file}:${line})`
}
