/** Words and checksums as the remote protocol writes them. */

/** Words travel in the target's order, the lowest byte first. */
export function wordHex(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes.toString('hex')
}

export function hexWord(hex: string): number {
  const bytes = Buffer.from(hex, 'hex')
  return bytes.length === 4 ? bytes.readUInt32LE() : 0
}

const CRC_POLYNOMIAL = 0x04c1_1db7

/** As GDB works it out for `compare-sections`. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte << 24
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000_0000 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1
  }
  return crc >>> 0
}
