/**
 * Snapshots of the CPU: everything that decides what happens next, as bytes that survive the
 * process, and a digest of the same.
 *
 *   "MVCPU" 0x1a, version, length of the state as text, the state as JSON, then each range of memory
 *   that is not an alias: 512-byte pages, each a tag and, unless it is all zeros or all ones, itself
 *
 * The state is architectural: where predecoded code stands, and what the interpreter has looked up,
 * is made anew. So equal states give equal bytes, whatever way they were reached.
 */
import type { MemoryRange } from './cpu.ts'

const MAGIC = [0x4d, 0x56, 0x43, 0x50, 0x55, 0x1a] as const
const VERSION = 1
const HEADER_BYTES = MAGIC.length + 1 + 4
const PAGE = 512
const TAG = { zeros: 0, ones: 1, bytes: 2 } as const

export function encodeSnapshot(
  state: object,
  memory: Uint8Array,
  ranges: readonly MemoryRange[],
): Uint8Array {
  const text = JSON.stringify(state)
  const parts = [header(text)]
  for (const range of owned(ranges)) parts.push(packRange(memory, range))
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Ranges whose bytes are not another's. */
function owned(ranges: readonly MemoryRange[]): MemoryRange[] {
  return ranges.filter(({ base, backing }) => {
    const isAlias = ranges.some((other) => other.base === backing && other.base !== base)
    return backing === undefined || !isAlias
  })
}

function header(text: string): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + text.length)
  bytes.set(MAGIC)
  bytes[MAGIC.length] = VERSION
  new DataView(bytes.buffer).setUint32(MAGIC.length + 1, text.length, true)
  for (let at = 0; at < text.length; at++) bytes[HEADER_BYTES + at] = text.charCodeAt(at)
  return bytes
}

function packRange(memory: Uint8Array, { base, size, backing }: MemoryRange): Uint8Array {
  const start = backing ?? base
  const words = new Int32Array(memory.buffer)
  const packed = new Uint8Array((size / PAGE) * (PAGE + 1))
  let to = 0
  for (let from = start; from < start + size; from += PAGE) {
    const tag = tagOf(words, from)
    packed[to++] = tag
    if (tag !== TAG.bytes) continue
    packed.set(memory.subarray(from, from + PAGE), to)
    to += PAGE
  }
  return packed.subarray(0, to)
}

function tagOf(words: Int32Array, page: number): number {
  const first = words[page >> 2]!
  if (first !== 0 && first !== -1) return TAG.bytes
  const end = (page + PAGE) >> 2
  for (let at = page >> 2; at < end; at++) if (words[at] !== first) return TAG.bytes
  return first === 0 ? TAG.zeros : TAG.ones
}

/**
 * The state of a snapshot, its memory written to `memory`. Throws, and changes nothing, if the bytes
 * are no snapshot of a CPU with these ranges and a state of this shape.
 */
export function decodeSnapshot(
  bytes: Uint8Array,
  shape: object,
  memory: Uint8Array,
  ranges: readonly MemoryRange[],
): unknown {
  const { state, end } = decodeState(bytes)
  checkShape(state, shape, 'state')
  const pages = findPages(bytes, end, ranges)
  for (const { to, from } of pages) {
    if (typeof from === 'number') memory.set(bytes.subarray(from, from + PAGE), to)
    else memory.fill(from === 'zeros' ? 0 : 0xff, to, to + PAGE)
  }
  return state
}

function decodeState(bytes: Uint8Array): { state: unknown; end: number } {
  const isOurs = bytes.length >= HEADER_BYTES && MAGIC.every((byte, at) => bytes[at] === byte)
  if (!isOurs) throw new Error('This is no snapshot of a CPU: its first bytes are not MVCPU.')
  const version = bytes[MAGIC.length]
  if (version !== VERSION) {
    throw new Error(`The snapshot has version ${version}; this CPU reads version ${VERSION}.`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = HEADER_BYTES + view.getUint32(MAGIC.length + 1, true)
  if (end > bytes.length) throw new Error(`The snapshot ends at byte ${bytes.length} of ${end}.`)
  let text = ''
  for (let at = HEADER_BYTES; at < end; at++) text += String.fromCharCode(bytes[at]!)
  try {
    return { state: JSON.parse(text), end }
  } catch (cause) {
    throw new Error('The state in the snapshot is damaged: it is no JSON.', { cause })
  }
}

type Page = { readonly to: number; readonly from: number | 'zeros' | 'ones' }

/** Where each page comes from; throws unless the pages end with the bytes. */
function findPages(bytes: Uint8Array, start: number, ranges: readonly MemoryRange[]): Page[] {
  const pages: Page[] = []
  let at = start
  for (const { base, size, backing } of owned(ranges)) {
    for (let offset = 0; offset < size; offset += PAGE) {
      const to = (backing ?? base) + offset
      const tag = bytes[at++]
      if (tag === TAG.zeros || tag === TAG.ones) {
        pages.push({ to, from: tag === TAG.zeros ? 'zeros' : 'ones' })
      } else if (tag === TAG.bytes && at + PAGE <= bytes.length) {
        pages.push({ to, from: at })
        at += PAGE
      } else throw new Error(`The snapshot's memory is damaged at byte ${at - 1}.`)
    }
  }
  if (at !== bytes.length) {
    throw new Error(`The snapshot has ${bytes.length - at} bytes more than this CPU has memory.`)
  }
  return pages
}

/** The same keys, lengths and types; where the shape has null, anything may stand. */
function checkShape(value: unknown, shape: unknown, where: string): void {
  if (shape === null) {
    if (value === undefined) throw new Error(`The snapshot lacks ${where}.`)
    return
  }
  if (kind(value) !== kind(shape)) {
    throw new Error(`${where} of the snapshot is ${kind(value)}, not ${kind(shape)}.`)
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new Error(`${where} of the snapshot is ${value}.`)
  } else if (typeof value === 'object' && value !== null) {
    const [own, expected] = [Object.keys(value), Object.keys(shape as object)]
    if (own.length !== expected.length) {
      throw new Error(`${where} of the snapshot has ${own.length} parts, not ${expected.length}.`)
    }
    for (const key of expected) {
      checkShape(partOf(value, key), partOf(shape as object, key), `${where}.${key}`)
    }
  }
}

function kind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}

function partOf(whole: object, key: string): unknown {
  return Object.hasOwn(whole, key) ? (whole as Record<string, unknown>)[key] : undefined
}

/** 64 bits, FNV-1a over words with a second lane: for telling states apart, not for secrets. */
export function digestOf(bytes: Uint8Array): string {
  const padded = new Uint8Array((bytes.length + 7) & ~3)
  padded.set(bytes)
  let [a, b] = [0x811c_9dc5, bytes.length]
  for (const word of new Int32Array(padded.buffer)) {
    a = Math.imul(a ^ word, 0x0100_0193)
    a ^= a >>> 15
    b = Math.imul(b ^ word ^ a, 0x85eb_ca6b)
    b ^= b >>> 13
  }
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0')
  return hex(a) + hex(b)
}
