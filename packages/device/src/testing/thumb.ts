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
export const blx = (rm: Register): number[] => [0x4780 | (rm << 3)]
/** MOVS rd, #value */
export const movs = (rd: Register, value: number): number[] => [0x2000 | (rd << 8) | value]
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

/** An application image: the vector table, every handler of which is the program, and the program. */
export function application(program: readonly number[]): Uint8Array {
  const vectors = 16 + 126
  const base = 0x0800_0000
  const image = new Uint8Array(vectors * 4 + program.length * 2)
  const view = new DataView(image.buffer)
  view.setUint32(0, 0x2008_0000, true)
  for (let n = 1; n < vectors; n++) view.setUint32(n * 4, base + vectors * 4 + 1, true)
  new Uint16Array(image.buffer, vectors * 4).set(program)
  return image
}

/** Immediate of 16 bits in encoding T3: imm4, i, imm3, imm8. */
function wide(opcode: number, rd: Register, immediate: number): number[] {
  const imm4 = immediate >>> 12
  const i = (immediate >>> 11) & 1
  const imm3 = (immediate >>> 8) & 7
  return [opcode | (i << 10) | imm4, (imm3 << 12) | (rd << 8) | (immediate & 0xff)]
}
