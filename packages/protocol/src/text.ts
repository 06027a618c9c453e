/**
 * UTF-8 (RFC 3629) for runtimes that have nothing but ECMAScript, as the kernel's context does.
 *
 * Importing this module tells the protobuf library to use it where the runtime has no TextEncoder
 * of its own. It must be imported before any generated message: those decode their own descriptors
 * while they load.
 */
import { configureTextEncoding } from '@bufbuild/protobuf/wire'

const REPLACEMENT = 0xfffd

/** UTF-8 of a text. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length * 3)
  let length = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? REPLACEMENT
    length = writePoint(bytes, length, isSurrogate(point) ? REPLACEMENT : point)
  }
  return bytes.slice(0, length)
}

/** Text of UTF-8 bytes. What is not UTF-8 becomes U+FFFD, or throws a TypeError when `strict`. */
export function decodeUtf8(bytes: Uint8Array, strict = false): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const { point, length } = readPoint(bytes, at)
    if (point === undefined && strict) throw new TypeError(`byte ${at} is not UTF-8`)
    text += String.fromCodePoint(point ?? REPLACEMENT)
    at += length
  }
  return text
}

if (!('TextEncoder' in globalThis && 'TextDecoder' in globalThis)) {
  configureTextEncoding({
    encodeUtf8,
    decodeUtf8,
    checkUtf8: (text) => text.isWellFormed(),
  })
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff
}

function writePoint(bytes: Uint8Array, at: number, point: number): number {
  const extra = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x1_0000 ? 2 : 3
  const lead = [0x00, 0xc0, 0xe0, 0xf0][extra]!
  bytes[at] = lead | (point >>> (6 * extra))
  for (let i = 1; i <= extra; i++) bytes[at + i] = 0x80 | ((point >>> (6 * (extra - i))) & 0x3f)
  return at + extra + 1
}

/**
 * One code point, or none with the length of the maximal ill-formed part, which is replaced as a
 * whole (Unicode, chapter 3, "U+FFFD Substitution of Maximal Subparts"), as TextDecoder does.
 */
function readPoint(bytes: Uint8Array, at: number): { point?: number; length: number } {
  const lead = bytes[at]!
  if (lead < 0x80) return { point: lead, length: 1 }
  if (lead < 0xc2 || lead > 0xf4) return { length: 1 }
  const extra = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3
  let point = lead & (0x3f >>> extra)
  for (let i = 1; i <= extra; i++) {
    const byte = bytes[at + i] ?? 0
    const [low, high] = i === 1 ? secondByteRange(lead) : [0x80, 0xbf]
    if (byte < low || byte > high) return { length: i }
    point = (point << 6) | (byte & 0x3f)
  }
  return { point, length: extra + 1 }
}

/** RFC 3629, section 4: the second byte keeps out overlong forms, surrogates and what is above U+10FFFF. */
function secondByteRange(lead: number): readonly [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf]
  if (lead === 0xed) return [0x80, 0x9f]
  if (lead === 0xf0) return [0x90, 0xbf]
  if (lead === 0xf4) return [0x80, 0x8f]
  return [0x80, 0xbf]
}
