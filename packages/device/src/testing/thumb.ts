/** A few Thumb instructions (Armv8-M ARM, chapter C2.4), for programs that a test can read. */

type Register = number

/** MOVW and MOVT: a whole word into a register. */
export function load(rd: Register, value: number): number[] {
  return [...wide(0xf240, rd, value & 0xffff), ...wide(0xf2c0, rd, value >>> 16)]
}

/** STR rt, [rn] */
export const str = (rt: Register, rn: Register): number[] => [0x6000 | (rn << 3) | rt]
/** LDR rt, [rn] */
export const ldr = (rt: Register, rn: Register): number[] => [0x6800 | (rn << 3) | rt]
/** BLX rm */
const blx = (rm: Register): number[] => [0x4780 | (rm << 3)]
/** WFI, then again: sleeps for good. */
export const sleepForever = [0xbf30, 0xe7fd]
/** B to itself: works for good. */
export const spinForever = [0xe7fe]
/** UDF #0 */
export const undefinedInstruction = [0xde00]

/** Calls a veneer with one argument. */
export function systemCall(address: number, argument: number): number[] {
  return [...load(0, argument), ...load(12, address | 1), ...blx(12)]
}

/** PUSH {lr}; the handler's work; POP {pc} */
export function handler(work: readonly number[]): number[] {
  return [0xb500, ...work, 0xbd00]
}

/** An image: the vector table, the program, and the handler of all exceptions (or the program again). */
export function application(
  program: readonly number[],
  exceptions: readonly number[] = [],
): Uint8Array {
  const vectors = 16 + 126
  const start = 0x0800_0000 + vectors * 4
  const code = [...program, ...exceptions]
  const image = new Uint8Array(vectors * 4 + code.length * 2)
  const view = new DataView(image.buffer)
  view.setUint32(0, 0x2008_0000, true)
  view.setUint32(4, start | 1, true)
  const entry = exceptions.length > 0 ? start + program.length * 2 : start
  for (let n = 2; n < vectors; n++) view.setUint32(n * 4, entry | 1, true)
  new Uint16Array(image.buffer, vectors * 4).set(code)
  return image
}

/** Immediate of 16 bits in encoding T3: imm4, i, imm3, imm8. */
function wide(opcode: number, rd: Register, immediate: number): number[] {
  const imm4 = immediate >>> 12
  const i = (immediate >>> 11) & 1
  const imm3 = (immediate >>> 8) & 7
  return [opcode | (i << 10) | imm4, (imm3 << 12) | (rd << 8) | (immediate & 0xff)]
}
