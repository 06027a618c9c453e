/**
 * WebAssembly's binary format, as far as the CPU emits it: function bodies byte by byte and the
 * sections around them. WebAssembly Core Specification, chapter "Binary Format".
 */

export const I32 = 0x7f
export const I64 = 0x7e
export const F32 = 0x7d
export const F64 = 0x7c
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64

/** Instructions without immediates, by the specification's names. */
const OPCODES = {
  unreachable: 0x00,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  'i32.eqz': 0x45,
  'i32.eq': 0x46,
  'i32.ne': 0x47,
  'i32.lt_s': 0x48,
  'i32.lt_u': 0x49,
  'i32.gt_s': 0x4a,
  'i32.gt_u': 0x4b,
  'i32.le_s': 0x4c,
  'i32.le_u': 0x4d,
  'i32.ge_s': 0x4e,
  'i32.ge_u': 0x4f,
  'i64.eqz': 0x50,
  'f32.eq': 0x5b,
  'f32.ne': 0x5c,
  'f32.lt': 0x5d,
  'f64.ne': 0x62,
  'f64.lt': 0x63,
  'f64.le': 0x65,
  'i32.clz': 0x67,
  'i32.ctz': 0x68,
  'i32.popcnt': 0x69,
  'i32.add': 0x6a,
  'i32.sub': 0x6b,
  'i32.mul': 0x6c,
  'i32.div_s': 0x6d,
  'i32.div_u': 0x6e,
  'i32.and': 0x71,
  'i32.or': 0x72,
  'i32.xor': 0x73,
  'i32.shl': 0x74,
  'i32.shr_s': 0x75,
  'i32.shr_u': 0x76,
  'i32.rotl': 0x77,
  'i32.rotr': 0x78,
  'i64.add': 0x7c,
  'i64.sub': 0x7d,
  'i64.mul': 0x7e,
  'i64.and': 0x83,
  'i64.or': 0x84,
  'i64.shl': 0x86,
  'i64.shr_s': 0x87,
  'i64.shr_u': 0x88,
  'f32.ceil': 0x8d,
  'f32.floor': 0x8e,
  'f32.trunc': 0x8f,
  'f32.nearest': 0x90,
  'f32.sqrt': 0x91,
  'f32.neg': 0x8c,
  'f32.add': 0x92,
  'f32.sub': 0x93,
  'f32.mul': 0x94,
  'f32.div': 0x95,
  'f32.min': 0x96,
  'f32.max': 0x97,
  'f64.ceil': 0x9b,
  'f64.floor': 0x9c,
  'f64.trunc': 0x9d,
  'f64.nearest': 0x9e,
  'f64.add': 0xa0,
  'f64.sub': 0xa1,
  'f64.mul': 0xa2,
  'f64.copysign': 0xa6,
  'i32.wrap_i64': 0xa7,
  'i64.extend_i32_s': 0xac,
  'i64.extend_i32_u': 0xad,
  'f32.demote_f64': 0xb6,
  'f64.convert_i32_s': 0xb7,
  'f64.convert_i32_u': 0xb8,
  'f64.promote_f32': 0xbb,
  'i32.reinterpret_f32': 0xbc,
  'i64.reinterpret_f64': 0xbd,
  'f32.reinterpret_i32': 0xbe,
  'f64.reinterpret_i64': 0xbf,
  'i32.extend8_s': 0xc0,
  'i32.extend16_s': 0xc1,
  /** Those with a prefix byte: the byte above is 0xFC. */
  'i32.trunc_sat_f64_s': 0xfc02,
  'i32.trunc_sat_f64_u': 0xfc03,
} as const
export type Opcode = keyof typeof OPCODES

/** Loads and stores, with the alignment that may be promised (as log2). */
const MEMORY = {
  'i32.load': [0x28, 2],
  'i32.load8_s': [0x2c, 0],
  'i32.load8_u': [0x2d, 0],
  'i32.load16_s': [0x2e, 1],
  'i32.load16_u': [0x2f, 1],
  'f32.load': [0x2a, 2],
  'i32.store': [0x36, 2],
  'i32.store8': [0x3a, 0],
  'i32.store16': [0x3b, 1],
  'f32.store': [0x38, 2],
} as const
export type MemoryOpcode = keyof typeof MEMORY

/** Bytes of one function body, with labels counted so that a branch can name its block. */
export class Code {
  readonly bytes: number[] = []
  depth = 0

  op(...names: Opcode[]): this {
    for (const name of names) {
      const opcode = OPCODES[name]
      if (opcode > 0xff) this.bytes.push(opcode >> 8)
      this.bytes.push(opcode & 0xff)
    }
    return this
  }

  const(value: number): this {
    this.bytes.push(0x41)
    signed(this.bytes, value | 0)
    return this
  }

  const64(value: number): this {
    this.bytes.push(0x42)
    signed(this.bytes, value | 0)
    return this
  }

  constReal(value: number): this {
    this.bytes.push(0x44, ...new Uint8Array(Float64Array.of(value).buffer))
    return this
  }

  get(local: number): this {
    return this.#index(0x20, local)
  }

  set(local: number): this {
    return this.#index(0x21, local)
  }

  tee(local: number): this {
    return this.#index(0x22, local)
  }

  call(fn: number): this {
    return this.#index(0x10, fn)
  }

  callIndirect(type: number): this {
    this.#index(0x11, type)
    this.bytes.push(0)
    return this
  }

  memory(name: MemoryOpcode, offset: number): this {
    const [code, align] = MEMORY[name]
    this.bytes.push(code, align)
    unsigned(this.bytes, offset)
    return this
  }

  /** Loads the word at a constant address. */
  loadWord(address: number): this {
    return this.const(0).memory('i32.load', address)
  }

  /** Opens a block and returns its label. */
  block(): number {
    this.bytes.push(0x02, 0x40)
    return ++this.depth
  }

  loop(): number {
    this.bytes.push(0x03, 0x40)
    return ++this.depth
  }

  if(): number {
    this.bytes.push(0x04, 0x40)
    return ++this.depth
  }

  else(): this {
    this.bytes.push(0x05)
    return this
  }

  end(): this {
    this.bytes.push(0x0b)
    this.depth--
    return this
  }

  branch(label: number): this {
    return this.#index(0x0c, this.depth - label)
  }

  branchIf(label: number): this {
    return this.#index(0x0d, this.depth - label)
  }

  branchTable(labels: readonly number[], otherwise: number): this {
    this.bytes.push(0x0e)
    unsigned(this.bytes, labels.length)
    for (const label of labels) unsigned(this.bytes, this.depth - label)
    unsigned(this.bytes, this.depth - otherwise)
    return this
  }

  #index(opcode: number, index: number): this {
    this.bytes.push(opcode)
    unsigned(this.bytes, index)
    return this
  }
}

interface FunctionType {
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

export interface ModuleFunction {
  readonly type: number
  readonly locals: readonly ValueType[]
  readonly code: Code
}

export interface ModuleParts {
  readonly types: readonly FunctionType[]
  /** Functions of module `host`; their indices come first. */
  readonly imports: readonly { readonly name: string; readonly type: number }[]
  readonly functions: readonly ModuleFunction[]
  readonly exports: readonly { readonly name: string; readonly index: number }[]
  /** Function indices of the one table. */
  readonly table: readonly number[]
  readonly memoryPages: number
}

export function encodeModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const out = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  section(out, 1, parts.types.map(encodeType))
  section(out, 2, [
    ...parts.imports.map(({ name, type }) => [...text('host'), ...text(name), 0, ...leb(type)]),
    [
      ...text('host'),
      ...text('memory'),
      2,
      1,
      ...leb(parts.memoryPages),
      ...leb(parts.memoryPages),
    ],
  ])
  section(
    out,
    3,
    parts.functions.map(({ type }) => leb(type)),
  )
  section(out, 4, [[0x70, 0, ...leb(parts.table.length)]])
  section(
    out,
    7,
    parts.exports.map(({ name, index }) => [...text(name), 0, ...leb(index)]),
  )
  section(out, 9, [[0, 0x41, 0, 0x0b, ...vector(parts.table.map(leb))]])
  section(out, 10, parts.functions.map(encodeBody))
  return Uint8Array.from(out)
}

function encodeType({ parameters, results }: FunctionType): number[] {
  return [0x60, parameters.length, ...parameters, results.length, ...results]
}

function encodeBody({ locals, code }: ModuleFunction): number[] {
  const body: number[] = []
  const runs: [number, ValueType][] = []
  for (const type of locals) {
    const last = runs.at(-1)
    if (last?.[1] === type) last[0]++
    else runs.push([1, type])
  }
  unsigned(body, runs.length)
  for (const [count, type] of runs) {
    unsigned(body, count)
    body.push(type)
  }
  append(body, code.bytes)
  body.push(0x0b)
  const out: number[] = []
  unsigned(out, body.length)
  append(out, body)
  return out
}

function section(out: number[], id: number, items: readonly number[][]): void {
  const content = vector(items)
  out.push(id)
  unsigned(out, content.length)
  append(out, content)
}

function vector(items: readonly number[][]): number[] {
  const out = leb(items.length)
  for (const item of items) append(out, item)
  return out
}

/** `push(...bytes)` overflows the stack when there are many. */
function append(out: number[], bytes: readonly number[]): void {
  for (const byte of bytes) out.push(byte)
}

function text(value: string): number[] {
  return [value.length, ...[...value].map((letter) => letter.charCodeAt(0))]
}

function leb(value: number): number[] {
  const out: number[] = []
  unsigned(out, value)
  return out
}

function unsigned(out: number[], value: number): void {
  let rest = value >>> 0
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  out.push(rest)
}

function signed(out: number[], value: number): void {
  let rest = value
  while (rest < -0x40 || rest > 0x3f) {
    out.push((rest & 0x7f) | 0x80)
    rest >>= 7
  }
  out.push(rest & 0x7f)
}
