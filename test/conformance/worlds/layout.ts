/**
 * Where things stand in an image for both worlds. The RAM is there on mps2-an505 (SSRAM 2 at its
 * Non-secure address, SSRAM 3 at its Secure one: Arm AN505, chapter 3.1) and free in the address
 * space of `mcu`.
 */

export const NON_SECURE_CODE = 0x2800_0000
export const NON_SECURE_BYTES = 0x20_0000
export const SECURE_CODE = 0x3820_0000
export const SECURE_BYTES = 0x20_0000
/** QEMU's own start-up code: what AN505 needs to be told before. */
export const BOOT_CODE = 0x1000_0000
/** Its memory (SSRAM 1) at its other address, where wild accesses go; elsewhere inside `mcu`. */
export const LOW_CODE = { base: 0, size: 0x1_0000, backing: 0x2000_0000 } as const
/** Nothing is there on either machine. */
export const NOTHING = 0x2840_0000

export const ADDRESSES = {
  NON_SECURE_CODE,
  NON_SECURE_END: NON_SECURE_CODE + NON_SECURE_BYTES - 1,
  NON_SECURE_STACK: NON_SECURE_CODE + 0x1_0000,
  SECURE_CODE,
  SECURE_STACK: SECURE_CODE + 0x1_0000,
  VENEERS: SECURE_CODE + 0x4000,
  CONTROL_ADDRESS: NON_SECURE_CODE + 0x2_0000,
  SCRIPT_POINTER: NON_SECURE_CODE + 0x2_0080,
  /** Outside of what a reset loads again. */
  PROGRESS_ADDRESS: NON_SECURE_CODE + 0x2_0100,
  SCRIPTS_ADDRESS: NON_SECURE_CODE + 0x3_0000,
} as const

/** Steps of a script by number; what they do is in worlds.c. */
export const OPERATIONS = [
  ...(['RETURN', 'WRITE', 'SVC', 'CALL', 'UNDEFINED', 'LOAD', 'BRANCH', 'DIVIDE'] as const),
  ...(['UNALIGNED', 'SPECIAL', 'PROCESS', 'LIMIT', 'FLIP_RETURN', 'FLIP_FRAME'] as const),
  'STACK_AT',
] as const
export type Operation = (typeof OPERATIONS)[number]

/** Special registers by the number that SPECIAL takes; those from 4 on are for Secure code. */
export const SPECIALS = [
  ...(['primask', 'basepri', 'faultmask', 'psplim'] as const),
  ...(['primask_ns', 'basepri_ns', 'faultmask_ns', 'msplim_ns', 'psplim_ns'] as const),
  'control_ns',
] as const

export interface Step {
  readonly operation: Operation
  readonly a: number
  readonly b: number
}

export type Script = readonly Step[]

/** The scripts as they stand in memory: first to run, count, offset of each, then count and steps. */
export function packScripts(scripts: readonly Script[], first: number): Uint8Array {
  const words = [first, scripts.length]
  let offset = (2 + scripts.length) * 4
  for (const script of scripts) {
    words.push(offset)
    offset += 4 + script.length * 12
  }
  for (const script of scripts) {
    words.push(script.length)
    for (const { operation, a, b } of script) words.push(OPERATIONS.indexOf(operation), a, b)
  }
  return new Uint8Array(Uint32Array.from(words, (word) => word >>> 0).buffer)
}

/** How many scripts have begun, by what was printed. */
export function countBegun(output: string): number {
  return output.match(/^ script=/gm)?.length ?? 0
}
