/**
 * Registers of a task that is switched out: what the context switch of FreeRTOS's ports for the Cortex-M33
 * (and the Cortex-M4F, which runs on it, too) saved. FreeRTOS kernel, portable/GCC/ARM_CM33_NTZ, ARM_CM33
 * and ARM_CM4F, 10.2 to 11; Armv8-M ARM, "Exception handling", for the frames.
 *
 *   (1) On the stack: what the port saved, s16 to s31 if the task has floating-point state, the frame that
 *       the exception made. EXC_RETURN stands in the first part and says which frame it is.
 *   (2) Where it stands there says which port it was; a frame that is none rules a place out.
 *   (3) With the MPU, since 10.6, all of it is moved into the control block, EXC_RETURN last, and the
 *       frame's place on the stack stays free for it.
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
  readonly control?: number
  readonly words: number
  /** While the task is in a function of the secure world its registers are there, and not to be seen. */
  readonly hasSecureContext?: boolean
}

const stackings: readonly Stacking[] = [
  // ARM_CM33_NTZ, and ARM_CM33 without a secure side.
  { stackLimit: 0, excReturn: 1, r4: 2, words: 10 },
  // The same with the MPU.
  { stackLimit: 0, control: 1, excReturn: 2, r4: 3, words: 11 },
  // ARM_CM33 with a secure context, which comes first.
  { stackLimit: 1, excReturn: 2, r4: 3, words: 11, hasSecureContext: true },
  // The same with the MPU.
  { stackLimit: 1, control: 2, excReturn: 3, r4: 4, words: 12, hasSecureContext: true },
  // ARM_CM4F.
  { r4: 0, excReturn: 8, words: 9 },
]

/** Thread mode, on PSP; without the bits for security, for how much was stacked, and for floats. */
const EXC_RETURN = { mask: 0xffff_ff8e, value: 0xffff_ff8c } as const
const NO_FLOATS = 0x10
const SECURE_STACK = 0x40
/** CONTROL has no other bits. */
const CONTROL_MAX = 0xff
const HIGH_FLOATS = 16
/** r0 to r3, r12, lr, pc, xpsr. */
const FRAME = [0, 1, 2, 3, 12, 14, 15, 16] as const
/** s0 to s15 and FPSCR, and a word that nothing is in. */
const LONG_FRAME_WORDS = FRAME.length + 18
const FLOATS_WORDS = 17
/** In the frame's xPSR: a word was left out to align the stack. */
const ALIGNED = 1 << 9
/** Of xPSR: Thumb, in no exception. */
const XPSR = { mask: 0x0100_01ff, value: 0x0100_0000 } as const
const [R4, SP, PC, XPSR_NUMBER, PSP, PSPLIM, CONTROL] = [4, 13, 15, 16, 18, 20, 21]
const [S0, FPSCR] = [32, 64]

/** From the top of the stack on, what may be needed. */
export const SAVED_BYTES = 4 * (12 + HIGH_FLOATS + LONG_FRAME_WORDS)
/** Below where the control block says that the stack is, if that is in the block. */
export const BLOCK_SAVED_BYTES = 4 * (HIGH_FLOATS + FLOATS_WORDS + 8 + FRAME.length + 4)

type WordAt = (index: number) => number | undefined

/** Undefined if none of the stackings is there. */
export function switchedOut(top: number, saved: Uint8Array): Registers | undefined {
  const word = wordsOf(saved)
  const stacking = stackings.find((each) => fits(each, word))
  if (stacking === undefined) return undefined
  const { excReturn, r4, stackLimit, control, words } = stacking
  const hasFloats = (word(excReturn)! & NO_FLOATS) === 0
  const frame = words + (hasFloats ? HIGH_FLOATS : 0)
  const floats = hasFloats ? { high: words, low: frame + FRAME.length } : undefined
  return registersAt(word, {
    ...{ r4, frame, stackLimit, control, floats },
    frameAddress: top + 4 * frame,
  })
}

/** Of a task whose context is in its control block; `saved` is what lies below the end of it. */
export function switchedOutInBlock(saved: Uint8Array): Registers | undefined {
  const word = wordsOf(saved)
  const end = saved.length / 4
  const [psp, stackLimit, control, excReturn] = [end - 4, end - 3, end - 2, end - 1]
  const frame = psp - FRAME.length
  const r4 = frame - 8
  if (!isExcReturn(word(excReturn)) || !isFrame(word, frame)) return undefined
  const hasFloats = (word(excReturn)! & NO_FLOATS) === 0
  const floats = { high: r4 - FLOATS_WORDS - HIGH_FLOATS, low: r4 - FLOATS_WORDS }
  return registersAt(word, {
    ...{ r4, frame, stackLimit, control, floats: hasFloats ? floats : undefined },
    frameAddress: word(psp)!,
  })
}

/** Of the words, which is which. */
interface Places {
  readonly r4: number
  readonly frame: number
  readonly stackLimit?: number | undefined
  readonly control?: number | undefined
  /** s16 to s31, and s0 to s15 with FPSCR behind them. */
  readonly floats: { readonly high: number; readonly low: number } | undefined
  /** Where the frame is, or will be, on the stack. */
  readonly frameAddress: number
}

function registersAt(word: WordAt, places: Places): Registers {
  const { r4, frame, stackLimit, control, floats, frameAddress } = places
  const registers = new Map<number, number>()
  const take = (number: number, at: number) => registers.set(number, word(at) ?? 0)
  for (let number = R4; number <= 11; number++) take(number, r4 + number - R4)
  for (const [index, number] of FRAME.entries()) take(number, frame + index)
  if (stackLimit !== undefined) take(PSPLIM, stackLimit)
  if (control !== undefined) take(CONTROL, control)
  if (floats !== undefined) {
    for (let index = 0; index < 16; index++) take(S0 + index, floats.low + index)
    for (let index = 0; index < HIGH_FLOATS; index++) take(S0 + 16 + index, floats.high + index)
    take(FPSCR, floats.low + 16)
  }
  const padding = registers.get(XPSR_NUMBER)! & ALIGNED ? 4 : 0
  const frameWords = floats === undefined ? FRAME.length : LONG_FRAME_WORDS
  const sp = (frameAddress + 4 * frameWords + padding) >>> 0
  registers.set(SP, sp)
  registers.set(PSP, sp)
  // Of a task that has never run it is the function's address, with the Thumb bit.
  registers.set(PC, (registers.get(PC)! & ~1) >>> 0)
  registers.set(XPSR_NUMBER, registers.get(XPSR_NUMBER)! & ~ALIGNED)
  return registers
}

function fits({ excReturn, control, words, hasSecureContext }: Stacking, word: WordAt): boolean {
  const value = word(excReturn)
  if (!isExcReturn(value)) return false
  if (control !== undefined && (word(control) ?? 0) > CONTROL_MAX) return false
  if (hasSecureContext === true && (value! & SECURE_STACK) !== 0) return false
  return isFrame(word, words + ((value! & NO_FLOATS) === 0 ? HIGH_FLOATS : 0))
}

function isFrame(word: WordAt, at: number): boolean {
  const xpsr = word(at + FRAME.length - 1) ?? 0
  return (xpsr & XPSR.mask) >>> 0 === XPSR.value
}

function isExcReturn(word: number | undefined): boolean {
  return word !== undefined && (word & EXC_RETURN.mask) >>> 0 === EXC_RETURN.value
}

function wordsOf(bytes: Uint8Array): WordAt {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return (index) =>
    index >= 0 && 4 * index + 4 <= bytes.length ? view.getUint32(4 * index, true) : undefined
}
