/**
 * CAN frames: their parts, how many bits they have on the wire, and how people write them. ISO
 * 11898-1, classical and FD format; text as in can-utils: `123#DEADBEEF`, `00000123#` with an
 * extended identifier, `123#R4` remote, `123##1AABB` FD with bit rate switching (1) and error state
 * (2) in its flags.
 */
export interface CanFrame {
  readonly id: number
  /** 29 bits instead of 11. */
  readonly isExtended: boolean
  readonly isRemote: boolean
  readonly isFd: boolean
  /** The data phase is at the data bit rate. */
  readonly hasSwitch: boolean
  /** The sender is error passive. */
  readonly isPassive: boolean
  readonly data: Uint8Array
  /** Of a remote frame: bytes that it asks for. */
  readonly requested: number
}

/** Bytes by data length code. */
export const lengthOf = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64] as const
const CLASSICAL_BYTES_MAX = 8

/** The smallest code that has room for so many bytes. */
export function codeOf(bytes: number): number {
  return lengthOf.findIndex((length) => length >= bytes)
}

/** What arbitration compares: the lower wins. A standard identifier wins over the same extended one. */
export function priorityOf({ id, isExtended, isRemote }: CanFrame): number {
  const base = isExtended ? id >>> 18 : id
  const rest = isExtended ? 0x8_0000 + (id & 0x3_ffff) * 2 : 0
  return (base * 0x10_0000 + rest) * 2 + Number(isRemote)
}

/** Bits at the nominal and at the data rate, with stuff bits, end of frame and intermission. */
export function bitsOf(frame: CanFrame): { readonly nominal: number; readonly data: number } {
  return frame.isFd ? fdBits(frame) : classicalBits(frame)
}

/** Delimiter of the checksum, acknowledgement and its delimiter, end of frame, intermission. */
const TAIL_BITS = 13
const ACKNOWLEDGE_AT = 1
const CRC15 = 0x4599

class BitString {
  readonly bits: number[] = []

  put(width: number, value: number): this {
    for (let bit = width - 1; bit >= 0; bit--) this.bits.push((value >>> bit) & 1)
    return this
  }

  /** With a bit of the other level behind every five of one. */
  get onTheWire(): readonly number[] {
    const wire: number[] = []
    let [run, last] = [0, -1]
    for (const bit of this.bits) {
      run = bit === last ? run + 1 : 1
      wire.push(bit)
      last = bit
      if (run < 5) continue
      last = 1 - bit
      wire.push(last)
      run = 1
    }
    return wire
  }

  /** Stuff bits of what was put from `from` on, given all before. */
  stuffed(from = 0): number {
    let [run, last, count] = [0, -1, 0]
    for (const [at, bit] of this.bits.entries()) {
      run = bit === last ? run + 1 : 1
      last = bit
      if (run < 5) continue
      if (at >= from) count++
      last = 1 - bit
      run = 1
    }
    return count
  }
}

function identifier(bits: BitString, { id, isExtended, isRemote, isFd }: CanFrame): void {
  bits.put(1, 0)
  if (isExtended)
    bits
      .put(11, id >>> 18)
      .put(2, 3)
      .put(18, id & 0x3_ffff)
  else bits.put(11, id)
  bits.put(1, Number(isRemote && !isFd))
  if (!isExtended) bits.put(1, 0)
}

/** Levels of a classical frame that somebody acknowledges, from its start to the end of intermission. */
export function classicalLevels(frame: CanFrame): readonly number[] {
  const tail = new Array<number>(TAIL_BITS).fill(1)
  tail[ACKNOWLEDGE_AT] = 0
  return [...classical(frame).onTheWire, ...tail]
}

function classicalBits(frame: CanFrame): { nominal: number; data: number } {
  const bits = classical(frame)
  return { nominal: bits.bits.length + bits.stuffed() + TAIL_BITS, data: 0 }
}

/** From its start to its checksum. */
function classical(frame: CanFrame): BitString {
  const bits = new BitString()
  identifier(bits, frame)
  if (frame.isExtended) bits.put(2, 0)
  else bits.put(1, 0)
  bits.put(4, frame.isRemote ? frame.requested : frame.data.length)
  for (const byte of frame.isRemote ? [] : frame.data) bits.put(8, byte)
  let crc = 0
  for (const bit of bits.bits) {
    crc = (crc << 1) ^ (((crc >>> 14) ^ bit) & 1 ? CRC15 : 0)
    crc &= 0x7fff
  }
  return bits.put(15, crc)
}

/** Checksum with the count of stuff bits and its fixed stuff bits. */
const FD_CRC_BITS = { short: 27, long: 32 } as const
const FD_LONG_FROM = 20

function fdBits(frame: CanFrame): { nominal: number; data: number } {
  const bits = new BitString()
  identifier(bits, frame)
  bits.put(1, 1).put(1, 0).put(1, Number(frame.hasSwitch))
  const head = bits.bits.length
  const headStuffed = bits.stuffed()
  bits.put(1, Number(frame.isPassive)).put(4, codeOf(frame.data.length))
  for (const byte of frame.data) bits.put(8, byte)
  const body = bits.bits.length - head + bits.stuffed(head)
  const crc = frame.data.length >= FD_LONG_FROM ? FD_CRC_BITS.long : FD_CRC_BITS.short
  const first = head + headStuffed + TAIL_BITS
  return frame.hasSwitch
    ? { nominal: first, data: body + crc }
    : { nominal: first + body + crc, data: 0 }
}

/** As people write it. */
export function formatFrame(frame: CanFrame): string {
  const id = frame.id
    .toString(16)
    .toUpperCase()
    .padStart(frame.isExtended ? 8 : 3, '0')
  const data = [...frame.data].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  if (frame.isRemote) return `${id}#R${frame.requested === 0 ? '' : frame.requested}`
  if (!frame.isFd) return `${id}#${data.join('')}`
  const flags = Number(frame.hasSwitch) + Number(frame.isPassive) * 2
  return `${id}##${flags}${data.join('')}`
}

/** Undefined where it is no frame. */
export function parseFrame(text: string): CanFrame | undefined {
  const found =
    /^([0-9a-f]{3}|[0-9a-f]{8})#(?:(r)([0-8])?|#([0-3])((?:[0-9a-f]{2}[ .]?)*)|((?:[0-9a-f]{2}[ .]?)*))$/i.exec(
      text.trim(),
    )
  if (found === null) return undefined
  const [, id = '', remote, requested = '0', flags, fdData, data = ''] = found
  const isFd = flags !== undefined
  const bytes = (isFd ? fdData! : data).match(/[0-9a-f]{2}/gi) ?? []
  const frame: CanFrame = {
    ...{ id: Number.parseInt(id, 16), isExtended: id.length === 8, isRemote: remote !== undefined },
    ...{ isFd, hasSwitch: (Number(flags ?? 0) & 1) === 1, isPassive: Number(flags ?? 0) >= 2 },
    ...{ data: Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)) },
    requested: Number(requested),
  }
  const isIdRight = frame.id < (frame.isExtended ? 0x2000_0000 : 0x800)
  const isLengthRight = isFd
    ? (lengthOf as readonly number[]).includes(bytes.length)
    : bytes.length <= CLASSICAL_BYTES_MAX
  return isIdRight && isLengthRight ? frame : undefined
}
