/**
 * The text of a `dprintf`: a C format with 64-bit values. Integers, characters, pointers and strings
 * in memory; the format comes as written in C source, its escapes still in it.
 */
import { decodeUtf8 } from '@microvisor/protocol'

interface Memory {
  read(address: number, into: Uint8Array): boolean
}

/** Of one string argument. */
const STRING_BYTES_MAX = 256
/** Fields of a format may be this wide. */
const WIDTH_MAX = 256

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v', e: '\u001b' },
}
const FIELD = /%([-+ 0#]*)(\d*)(?:\.(\d+))?(hh|h|ll|l|z|t|j|)([diuoxXcsp%])/g

export function formatText(format: Uint8Array, values: readonly bigint[], memory: Memory): string {
  const end = format.indexOf(0)
  const text = unescaped(decodeUtf8(end < 0 ? format : format.subarray(0, end)))
  let next = 0
  return text.replace(FIELD, (_, flags, width, precision, size, kind) => {
    if (kind === '%') return '%'
    const bits = size === 'll' || size === 'j' ? 64 : size === 'h' ? 16 : size === 'hh' ? 8 : 32
    const shown = show({ kind, bits, flags, precision }, values[next++] ?? 0n, memory)
    return padded(shown, Math.min(Number(width), WIDTH_MAX), flags)
  })
}

interface Field {
  readonly kind: string
  readonly bits: number
  readonly flags: string
  readonly precision: string | undefined
}

function show({ kind, bits, flags, precision }: Field, value: bigint, memory: Memory): string {
  const whole = BigInt.asUintN(bits, value)
  const prefix = (text: string) => (flags.includes('#') ? text : '')
  switch (kind) {
    case 'd':
    case 'i': {
      const number = BigInt.asIntN(bits, value)
      return (number >= 0n && flags.includes('+') ? '+' : '') + number.toString()
    }
    case 'o':
      return prefix('0') + whole.toString(8)
    case 'x':
      return prefix('0x') + whole.toString(16)
    case 'X':
      return prefix('0X') + whole.toString(16).toUpperCase()
    case 'c':
      return String.fromCharCode(Number(value & 0xffn))
    case 'p':
      return `0x${BigInt.asUintN(32, value).toString(16)}`
    case 's':
      return stringAt(Number(BigInt.asUintN(32, value)), memory).slice(0, limit(precision))
    default:
      return whole.toString()
  }
}

function limit(precision: string | undefined): number {
  return precision === undefined ? STRING_BYTES_MAX : Number(precision)
}

function stringAt(address: number, memory: Memory): string {
  const bytes: number[] = []
  const one = new Uint8Array(1)
  while (bytes.length < STRING_BYTES_MAX) {
    if (!memory.read(address + bytes.length, one)) {
      if (bytes.length === 0) return `<no memory at 0x${address.toString(16)}>`
      break
    }
    if (one[0] === 0) break
    bytes.push(one[0]!)
  }
  return decodeUtf8(Uint8Array.from(bytes))
}

function padded(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const [, sign = '', digits = ''] = /^([-+]?(?:0[xX])?)(.*)$/s.exec(text) ?? []
  return sign + digits.padStart(width - sign.length, '0')
}

function unescaped(text: string): string {
  return text.replace(/\\(?:([0-7]{1,3})|x([\da-fA-F]{1,2})|(.))/gs, (_, octal, hex, character) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return ESCAPES[character] ?? character
  })
}
