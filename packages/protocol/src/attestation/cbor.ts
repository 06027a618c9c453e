/**
 * CBOR, RFC 8949, in its deterministic form (section 4.2.1): shortest heads, definite lengths, map
 * keys in the bytewise order of their encodings, nothing twice. The decoder takes that form only, so
 * that one value has one encoding, and is bounded in depth and by the bytes that are there.
 *
 * Not here: floating point, null and undefined, bignums. Integers go as far as a number is exact.
 */
import { joinBytes } from '../join-bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../text.ts'

type CborKey = number | string
export type CborMap = ReadonlyMap<CborKey, CborValue>
export type CborValue =
  | number
  | string
  | boolean
  | Uint8Array
  | readonly CborValue[]
  | CborMap
  | CborTag

export class CborTag {
  readonly tag: number
  readonly content: CborValue

  constructor(tag: number, content: CborValue) {
    this.tag = tag
    this.content = content
  }
}

/** Containers within containers. */
const DEPTH_MAX = 12

const MAJOR = {
  uint: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const
const FALSE = 0xf4
const TRUE = 0xf5

export function encodeCbor(value: CborValue): Uint8Array {
  if (typeof value === 'number') return encodeInteger(value)
  if (typeof value === 'boolean') return Uint8Array.of(value ? TRUE : FALSE)
  if (typeof value === 'string') return withHead(MAJOR.text, encodeUtf8(value))
  // What the bootrom hands to the kernel comes from another context, with a Uint8Array of its own.
  if (ArrayBuffer.isView(value)) return withHead(MAJOR.bytes, value as Uint8Array)
  if (value instanceof CborTag)
    return joinBytes([encodeHead(MAJOR.tag, value.tag), encodeCbor(value.content)])
  if (value instanceof Map) return encodeMap(value)
  const items = value as readonly CborValue[]
  return joinBytes([encodeHead(MAJOR.array, items.length), ...items.map(encodeCbor)])
}

/** Undefined for anything that is not one value in deterministic form, and nothing after it. */
export function decodeCbor(bytes: Uint8Array): CborValue | undefined {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  return reader.isAtEnd ? value : undefined
}

function encodeInteger(value: number): Uint8Array {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${value} is no integer that CBOR takes here`)
  return value < 0 ? encodeHead(MAJOR.negative, -1 - value) : encodeHead(MAJOR.uint, value)
}

function encodeMap(map: CborMap): Uint8Array {
  const entries = [...map].map(([key, value]) => ({ key: encodeCbor(key), value }))
  entries.sort((a, b) => compareBytes(a.key, b.key))
  const parts = entries.flatMap(({ key, value }) => [key, encodeCbor(value)])
  return joinBytes([encodeHead(MAJOR.map, map.size), ...parts])
}

function withHead(major: number, content: Uint8Array): Uint8Array {
  return joinBytes([encodeHead(major, content.length), content])
}

function encodeHead(major: number, argument: number): Uint8Array {
  const size = argumentBytes(argument)
  const head = new Uint8Array(1 + size)
  head[0] = (major << 5) | (size === 0 ? argument : 24 + Math.log2(size))
  let rest = argument
  for (let at = size; at > 0; at--) {
    head[at] = rest % 0x100
    rest = Math.floor(rest / 0x100)
  }
  return head
}

/** Bytes after the first one in the shortest head. */
function argumentBytes(argument: number): 0 | 1 | 2 | 4 | 8 {
  if (argument < 24) return 0
  if (argument < 0x100) return 1
  if (argument < 0x1_0000) return 2
  return argument < 0x1_0000_0000 ? 4 : 8
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** Answers undefined from the first thing that is wrong on. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  value(depth: number): CborValue | undefined {
    if (depth > DEPTH_MAX) return undefined
    const first = this.#bytes[this.#at]
    if (first === FALSE || first === TRUE) {
      this.#at++
      return first === TRUE
    }
    const head = this.#head()
    if (head === undefined) return undefined
    const { major, argument } = head
    if (major === MAJOR.uint) return argument
    if (major === MAJOR.negative) return -1 - argument
    if (major === MAJOR.bytes) return this.#bytesOf(argument)
    if (major === MAJOR.text) return this.#text(argument)
    if (major === MAJOR.array) return this.#array(argument, depth)
    if (major === MAJOR.map) return this.#map(argument, depth)
    if (major === MAJOR.simple) return undefined
    const content = this.value(depth + 1)
    return content === undefined ? undefined : new CborTag(argument, content)
  }

  #head(): { major: number; argument: number } | undefined {
    const first = this.#bytes[this.#at++]
    if (first === undefined) return undefined
    const major = first >> 5
    const short = first & 31
    if (short < 24) return { major, argument: short }
    if (short > 27) return undefined
    const size = 2 ** (short - 24)
    let argument = 0
    for (const byte of this.#take(size) ?? []) argument = argument * 0x100 + byte
    const isShortest = argumentBytes(argument) === size && Number.isSafeInteger(argument)
    return isShortest ? { major, argument } : undefined
  }

  #take(length: number): Uint8Array | undefined {
    if (length > this.#bytes.length - this.#at) return undefined
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #bytesOf(length: number): Uint8Array | undefined {
    const bytes = this.#take(length)
    return bytes && Uint8Array.from(bytes)
  }

  #text(length: number): string | undefined {
    const bytes = this.#take(length)
    try {
      return bytes && decodeUtf8(bytes, true)
    } catch {
      return undefined
    }
  }

  #array(length: number, depth: number): CborValue[] | undefined {
    const items: CborValue[] = []
    for (let i = 0; i < length; i++) {
      const item = this.value(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }

  #map(length: number, depth: number): CborMap | undefined {
    const map = new Map<CborKey, CborValue>()
    let last: Uint8Array | undefined
    for (let i = 0; i < length; i++) {
      const from = this.#at
      const key = this.value(DEPTH_MAX)
      const encoded = this.#bytes.subarray(from, this.#at)
      if (typeof key !== 'number' && typeof key !== 'string') return undefined
      if (last !== undefined && compareBytes(last, encoded) >= 0) return undefined
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      map.set(key, value)
      last = encoded
    }
    return map
  }
}
