/**
 * Registers of a task that is switched out, from its stack: what the context switch of FreeRTOS's ports
 * for the Cortex-M33 (and the Cortex-M4F, which runs on it, too) saved, and above it the frame that the
 * exception made. Armv8-M ARM, "Exception handling": frames with and without floating-point registers;
 * FreeRTOS kernel, portable/GCC/ARM_CM33_NTZ, ARM_CM33 and ARM_CM4F (without MPU).
 *
 * EXC_RETURN stands in the saved part, and says whether s16 to s31 and the long frame follow.
 */

/** Numbers are those of the debug protocol. */
export type Registers = ReadonlyMap<number, number>

interface Stacking {
  /** Of the words from the top of the stack on, which is EXC_RETURN. */
  readonly excReturn: number
  /** Of the words, which is r4; r5 to r11 follow. */
  readonly r4: number
  /** Of the words, which is PSPLIM, if it is there. */
  readonly stackLimit?: number
  readonly words: number
}

const stackings: readonly Stacking[] = [
  // ARM_CM33_NTZ, and ARM_CM33 without a secure side.
  { stackLimit: 0, excReturn: 1, r4: 2, words: 10 },
  // ARM_CM33 with a secure context.
  { stackLimit: 1, excReturn: 2, r4: 3, words: 11 },
  // ARM_CM4F.
  { r4: 0, excReturn: 8, words: 9 },
]

const EXC_RETURN_PREFIX = 0xffff_ff00
const NO_FLOATS = 0x10
const HIGH_FLOATS = 16
/** r0 to r3, r12, lr, pc, xpsr. */
const FRAME = [0, 1, 2, 3, 12, 14, 15, 16] as const
/** s0 to s15 and FPSCR, and a word that nothing is in. */
const LONG_FRAME_WORDS = FRAME.length + 18
/** In the frame's xPSR: a word was left out to align the stack. */
const ALIGNED = 1 << 9
const [R4, SP, XPSR, PSP, PSPLIM, S0, FPSCR] = [4, 13, 16, 18, 20, 32, 64]

/** From the top of the stack on, what may be needed. */
export const SAVED_BYTES = 4 * (11 + HIGH_FLOATS + LONG_FRAME_WORDS)

/** Undefined if none of the stackings is there. */
export function switchedOut(top: number, saved: Uint8Array): Registers | undefined {
  const word = wordsOf(saved)
  const stacking = stackings.find(({ excReturn }) => isExcReturn(word(excReturn)))
  if (stacking === undefined) return undefined
  const { excReturn, r4, stackLimit, words } = stacking
  const hasFloats = (word(excReturn)! & NO_FLOATS) === 0
  const frame = words + (hasFloats ? HIGH_FLOATS : 0)
  const frameWords = hasFloats ? LONG_FRAME_WORDS : FRAME.length
  const registers = new Map<number, number>()
  const take = (number: number, at: number) => registers.set(number, word(at) ?? 0)
  for (let number = R4; number <= 11; number++) take(number, r4 + number - R4)
  for (const [index, number] of FRAME.entries()) take(number, frame + index)
  if (stackLimit !== undefined) take(PSPLIM, stackLimit)
  if (hasFloats) {
    for (let index = 0; index < 16; index++) take(S0 + index, frame + FRAME.length + index)
    for (let index = 0; index < HIGH_FLOATS; index++) take(S0 + 16 + index, words + index)
    take(FPSCR, frame + FRAME.length + 16)
  }
  const padding = registers.get(XPSR)! & ALIGNED ? 4 : 0
  const sp = (top + 4 * (frame + frameWords) + padding) >>> 0
  registers.set(SP, sp)
  registers.set(PSP, sp)
  registers.set(XPSR, registers.get(XPSR)! & ~ALIGNED)
  return registers
}

function wordsOf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return (index: number) =>
    4 * index + 4 <= bytes.length ? view.getUint32(4 * index, true) : undefined
}

/** Any but FNC_RETURN and what is no address of code at all. */
function isExcReturn(word: number | undefined): boolean {
  return word !== undefined && (word & EXC_RETURN_PREFIX) >>> 0 === EXC_RETURN_PREFIX
}
