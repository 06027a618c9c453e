/**
 * Where things stand in a test image, for the harness (as symbols of the assembler) and for
 * whoever makes or reads an image.
 *
 * The RAM at 0x2800_0000 is there on mps2-an505 at a Non-secure address, and free in the address
 * space of `mcu`: SSRAM 2 holds what is not written to, SSRAM 3 what is (Arm AN505, chapter 3.1).
 */

export const REGISTERS = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'],
  ...['lr', 'sp'],
] as const

const SINGLES = Array.from({ length: 32 }, (_, number) => `S${number}`)

/** r0 to r12 and LR may be the spare register of a case. */
export const SPARES = REGISTERS.slice(0, 14)

export const CODE = 0x2800_0000
export const CODE_BYTES = 0x20_0000
export const RAM = 0x2820_0000
/** Not all of SSRAM 3: `mcu` keeps predecoded code for just under 4 MiB. */
export const RAM_BYTES = 0x18_0000
/** There is nothing here on either machine. */
export const NOTHING = 0x2840_0000

export const HEADER = CODE + 0x2000
export const HEADER_WORDS = {
  FIRST: 0,
  END: 4,
  RESULT_BYTES: 8,
  IS_SECURE: 12,
  HAS_MPU: 16,
} as const
export const TEMPLATES = CODE + 0x3000
export const TEMPLATE_BYTES = 0x1000
/** Undefined instructions on both sides of the cases: targets of far branches. */
export const LOW_SEA = { start: CODE + 0x4000, end: CODE + 0x8000 }
export const HIGH_SEA = { start: CODE + 0x1f_0000, end: CODE + CODE_BYTES }
/** Code of the cases. */
export const CASES = { start: LOW_SEA.end, end: HIGH_SEA.start }

export const SCRATCH = RAM + 0x4000
export const SCRATCH_BYTES = 256
/** Room on both sides of the scratch memory for what misses it. */
const SCRATCH_GUARD_BYTES = 0x1f00
/** What the harness hands over begins here, with the flag at FATAL. */
export const RESULTS = RAM + 0x2000
/** Output records, then input records. */
export const RECORDS = RAM + 0x6000
/** A poke of a case that needs none goes here. */
export const UNUSED = RAM + 0x1080

/** Address of the input record of the case under way. */
export const CURRENT = RAM + 0x1000

const globals = {
  SECURE_STACK: 0x3000_8000,
  MAIN_STACK: RAM + 0x1000,
  CURRENT,
  /** Above any stack limit of a case. */
  SAFE_FRAME: RAM + 0x5f80,
  WRITE_ARGUMENTS: RAM + 0x1040,
  FATAL: RESULTS,
}

function wordsAt<const Names extends readonly string[]>(names: Names) {
  const offsets = Object.fromEntries(names.map((name, at) => [name, at * 4]))
  return offsets as Record<Names[number], number>
}

/** Offsets in an input record. SPARE is an index into SPARES; POKES are two addresses with values. */
export const IN = wordsAt([
  ...REGISTERS,
  ...([
    'CODE',
    'APSR',
    'TEMPLATE',
    'SPARE',
    'CCR',
    'MONITOR',
    'OUTPUT',
    'CONTROL',
    'LIMIT',
    'FPSCR',
    'CPACR',
    'POKES',
  ] as const),
])
/** Offset of s0 to s31 in an input record, behind everything else. */
export const IN_SINGLES = IN.POKES + 16
export const IN_BYTES = IN_SINGLES + SINGLES.length * 4

/** Names of an output record's words. Those from EXCEPTION on are 0 if no exception was taken. */
export const OUT_WORDS = [
  ...REGISTERS,
  ...SINGLES,
  ...(['FPSCR', 'XPSR', 'MASKS', 'DIGEST', 'DIGEST2', 'EXCEPTION', 'EXC_RETURN', 'CFSR'] as const),
  ...(['HFSR', 'ADDRESS', 'FRAME', 'PC'] as const),
] as const
const OUT = wordsAt(OUT_WORDS)
export const OUT_BYTES = OUT_WORDS.length * 4

/** Records that fit an image. */
export const MAX_CASES = Math.floor((RAM + RAM_BYTES - RECORDS) / (OUT_BYTES + IN_BYTES))

export const ASSEMBLER_SYMBOLS: Readonly<Record<string, number>> = {
  CODE,
  HEADER,
  SCRATCH,
  SCRATCH_BYTES,
  SCRATCH_GUARD_BYTES,
  RESULTS,
  ...globals,
  ...prefixed('HEADER', HEADER_WORDS),
  ...prefixed('IN', IN),
  IN_BYTES,
  IN_SINGLES,
  ...prefixed('OUT', OUT),
}

function prefixed(prefix: string, offsets: Readonly<Record<string, number>>) {
  return Object.fromEntries(
    Object.entries(offsets).map(([name, offset]) => [`${prefix}_${name}`, offset]),
  )
}
