/** A test image: the harness, its cases and their inputs; and what came out of running it. */
import type { Harness } from './assemble.ts'
import {
  CODE,
  CODE_BYTES,
  HEADER,
  HEADER_WORDS,
  IN,
  IN_BYTES,
  IN_SINGLES,
  MAX_CASES,
  OUT_BYTES,
  OUT_WORDS,
  RAM,
  RAM_BYTES,
  RECORDS,
  REGISTERS,
  RESULTS,
  SCRATCH,
  SCRATCH_BYTES,
  SPARES,
  TEMPLATE_BYTES,
  TEMPLATES,
  UNUSED,
} from './layout.ts'

/** `udf #0`: fills whatever is not the code of a case, so that a branch shows where it went. */
export const FILLER = 0xde00

export interface Poke {
  readonly address: number
  readonly value: number
}

export interface Case {
  /** Where its halfwords stand and where it begins. */
  readonly start: number
  readonly entry: number
  readonly halfwords: readonly number[]
  /** Values in the order of REGISTERS. */
  readonly registers: readonly number[]
  readonly apsr: number
  /** s0 to s31 and FPSCR. */
  readonly singles: readonly number[]
  readonly fpscr: number
  /** Who may use them. */
  readonly cpacr: number
  readonly spare: string
  /** Bits of CCR that are set. */
  readonly ccr: number
  /** Runs without privilege. */
  readonly isUnprivileged: boolean
  /** PSPLIM. */
  readonly limit: number
  /** Address that the exclusive monitor is opened for, or 0. */
  readonly monitor: number
  /** Offset of the scratch memory's first contents among the templates. */
  readonly template: number
  /** At most two words written into the scratch memory before. */
  readonly pokes: readonly Poke[]
}

export type Outcome = Readonly<Record<(typeof OUT_WORDS)[number], number>>

export interface Image {
  readonly code: Uint8Array
  readonly ram: Uint8Array
  /** Bytes from RESULTS on that hold the outcomes. */
  readonly resultBytes: number
  readonly count: number
}

export interface Results {
  readonly outcomes: readonly Outcome[]
  /** The scratch memory after the last case. */
  readonly scratch: Uint8Array
}

/** Where the cases run. */
export interface Setting {
  readonly isSecure: boolean
  /** The MPU of that state is on, and allows what cases need. */
  readonly hasMpu: boolean
}

export const PLAIN: Setting = { isSecure: false, hasMpu: false }

/** `templates`: words that the scratch memory is filled from. */
export function buildImage(
  harness: Harness,
  templates: Uint32Array,
  cases: readonly Case[],
  { setting = PLAIN, only }: { readonly setting?: Setting; readonly only?: number } = {},
): Image {
  if (cases.length > MAX_CASES) throw new Error(`${cases.length} cases do not fit an image`)
  const code = new Uint8Array(CODE_BYTES)
  const words = new DataView(code.buffer)
  new Uint16Array(code.buffer).fill(FILLER)
  code.set(harness.code)
  const resultBytes = RECORDS - RESULTS + cases.length * OUT_BYTES
  const inputs = RESULTS + resultBytes
  const first = inputs + (only ?? 0) * IN_BYTES
  const end = inputs + (only === undefined ? cases.length : only + 1) * IN_BYTES
  words.setUint32(HEADER - CODE + HEADER_WORDS.FIRST, first, true)
  words.setUint32(HEADER - CODE + HEADER_WORDS.END, end, true)
  words.setUint32(HEADER - CODE + HEADER_WORDS.RESULT_BYTES, resultBytes, true)
  words.setUint32(HEADER - CODE + HEADER_WORDS.IS_SECURE, setting.isSecure ? 1 : 0, true)
  words.setUint32(HEADER - CODE + HEADER_WORDS.HAS_MPU, setting.hasMpu ? 1 : 0, true)
  code.set(new Uint8Array(templates.buffer, 0, TEMPLATE_BYTES), TEMPLATES - CODE)
  const ram = new Uint8Array(RAM_BYTES)
  for (const [at, { start, halfwords, ...input }] of cases.entries()) {
    new Uint16Array(code.buffer, start - CODE, halfwords.length).set(halfwords)
    const record = new DataView(ram.buffer, inputs - RAM + at * IN_BYTES, IN_BYTES)
    writeInput(record, input, RECORDS + at * OUT_BYTES)
  }
  return { code, ram, resultBytes, count: cases.length }
}

type Input = Omit<Case, 'start' | 'halfwords'>

function writeInput(record: DataView, input: Input, output: number): void {
  const set = (offset: number, value: number) => record.setUint32(offset, value, true)
  for (const [at, name] of REGISTERS.entries()) set(IN[name], input.registers[at])
  set(IN.CODE, input.entry | 1)
  set(IN.APSR, input.apsr)
  set(IN.TEMPLATE, TEMPLATES + input.template)
  set(IN.SPARE, SPARES.indexOf(input.spare as (typeof SPARES)[number]))
  set(IN.CCR, input.ccr)
  set(IN.MONITOR, input.monitor)
  set(IN.OUTPUT, output)
  set(IN.CONTROL, input.isUnprivileged ? 3 : 2)
  set(IN.LIMIT, input.limit)
  set(IN.FPSCR, input.fpscr)
  set(IN.CPACR, input.cpacr)
  for (const [number, value] of input.singles.entries()) set(IN_SINGLES + number * 4, value)
  for (const at of [0, 1]) {
    set(IN.POKES + at * 8, input.pokes[at]?.address ?? UNUSED)
    set(IN.POKES + at * 8 + 4, input.pokes[at]?.value ?? 0)
  }
}

/** A case disturbed the harness itself: an exception that is not the case's own, or no end. */
export class HarnessFailure extends Error {
  readonly at: number

  constructor(at: number, why = 'the harness took an exception of its own') {
    super(`case ${at}: ${why}`)
    this.at = at
  }
}

/** `bytes`: the memory from RESULTS on. */
export function readResults(bytes: Uint8Array, image: Image): Results {
  const view = new DataView(bytes.buffer, bytes.byteOffset, image.resultBytes)
  const failing = view.getUint32(0, true)
  if (failing !== 0) {
    throw new HarnessFailure((failing - RESULTS - image.resultBytes) / IN_BYTES)
  }
  const outcomes = Array.from({ length: image.count }, (_, at) => {
    const record = RECORDS - RESULTS + at * OUT_BYTES
    const word = (index: number) => view.getUint32(record + index * 4, true)
    return Object.fromEntries(OUT_WORDS.map((name, index) => [name, word(index)])) as Outcome
  })
  const scratch = bytes.slice(SCRATCH - RESULTS, SCRATCH - RESULTS + SCRATCH_BYTES)
  return { outcomes, scratch }
}
