/**
 * The registers of an SD card as bits. SD Specifications Part 1, "Physical Layer Simplified
 * Specification", chapter "Card registers".
 */

const KIB = 1024

/** Fields from the highest bit down, each a width and a value; `total` bits in all. */
function packed(
  total: number,
  fields: readonly (readonly [width: number, value: number])[],
): bigint {
  let [bits, used] = [0n, 0]
  for (const [width, value] of fields) {
    bits = (bits << BigInt(width)) | BigInt(value)
    used += width
  }
  return bits << BigInt(total - used)
}

export function bytesOf(bits: bigint, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, n) =>
    Number((bits >> BigInt(8 * (count - 1 - n))) & 0xffn),
  )
}

/** Four words, the first the highest; checksum and stop bit at the end. */
function longResponse(bits: bigint): readonly number[] {
  const bytes = bytesOf(bits, 16)
  let crc = 0
  for (const byte of bytes.subarray(0, 15)) {
    for (let bit = 7; bit >= 0; bit--) {
      crc = (crc << 1) ^ ((((crc >> 6) ^ (byte >> bit)) & 1) === 1 ? 0x09 : 0)
      crc &= 0x7f
    }
  }
  bytes[15] = (crc << 1) | 1
  const view = new DataView(bytes.buffer)
  // The host shows bits 127 to 1: the stop bit reads as zero.
  return [0, 4, 8, 12].map((at) => (at === 12 ? view.getUint32(at) & ~1 : view.getUint32(at)) >>> 0)
}

const letters = (text: string) => [...text].map((letter) => [8, letter.charCodeAt(0)] as const)

/** Manufacturer 0x4D, "MV", product "VCARD", revision 1.0, serial number, January 2026. */
export function cardIdentification(): readonly number[] {
  return longResponse(
    packed(128, [
      ...[[8, 0x4d] as const, ...letters('MV'), ...letters('VCARD'), [8, 0x10] as const],
      ...([
        [32, 0x0001],
        [4, 0],
        [12, 0x1a1],
      ] as const),
    ]),
  )
}

/** Taken from a size: a card above 2 GiB counts in blocks. */
export function isHighCapacity(bytes: number): boolean {
  return bytes > 2 * 1024 * KIB * KIB
}

/** CSD version 1 for byte-addressed cards, version 2 for block-addressed ones. */
export function cardSpecificData(bytes: number): readonly number[] {
  return longResponse(isHighCapacity(bytes) ? csdVersion2(bytes) : csdVersion1(bytes))
}

function csdVersion1(bytes: number): bigint {
  const blockBits = bytes > 1024 * KIB * KIB ? 10 : 9
  const size = bytes / (2 ** blockBits * 512) - 1
  return packed(128, [
    ...([
      [2, 0],
      [6, 0],
      [8, 0x26],
      [8, 0],
      [8, 0x32],
      [12, 0x5b5],
      [4, blockBits],
      [4, 0b1000],
      [2, 0],
      [12, size],
      [12, 0b101_101_101_101],
      [3, 7],
      [1, 1],
      [7, 0x7f],
      [7, 0],
      [1, 0],
      [2, 0],
      [3, 2],
      [4, blockBits],
      [1, 0],
    ] as const),
  ])
}

function csdVersion2(bytes: number): bigint {
  return packed(128, [
    ...([
      [2, 1],
      [6, 0],
      [8, 0x0e],
      [8, 0],
      [8, 0x32],
      [12, 0x5b5],
      [4, 9],
      [4, 0],
      [2, 0],
      [4, 0],
      [22, bytes / (512 * KIB) - 1],
      [1, 0],
      [1, 1],
      [7, 0x7f],
      [7, 0],
      [1, 0],
      [2, 0],
      [3, 2],
      [4, 9],
      [1, 0],
    ] as const),
  ])
}

/** SCR: physical layer 3.0, one and four lines; erased cells are zero. */
export function cardConfiguration(): Uint8Array {
  return bytesOf(
    packed(64, [
      [4, 0],
      [4, 2],
      [1, 0],
      [3, 2],
      [4, 0b0101],
      [1, 1],
    ]),
    8,
  )
}

/** SD status: bus width, speed class 10. */
export function cardStatusBlock(isWide: boolean): Uint8Array {
  const status = new Uint8Array(64)
  status[0] = isWide ? 0x80 : 0
  status[8] = 4
  return status
}

/** CMD6: which functions there are (default and high speed), and which is selected. */
export function switchStatus(isHighSpeed: boolean): Uint8Array {
  const status = new Uint8Array(64)
  status.set([0x00, 0x64, 0x80, 0x01, 0x80, 0x01, 0x80, 0x01, 0x80, 0x01, 0x80, 0x01, 0x80, 0x03])
  status[16] = isHighSpeed ? 1 : 0
  return status
}
