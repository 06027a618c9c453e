/**
 * CRC-32 as GDB's `qCRC` wants it and the chip's CRC unit makes it after reset (RM0456, "Cyclic
 * redundancy check calculation unit"): polynomial 0x04C11DB7, from the highest bit on, beginning with
 * all ones, nothing inverted.
 */
const POLYNOMIAL = 0x04c1_1db7

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1
  return crc
})

export function crc32() {
  let crc = 0xffff_ffff
  return {
    update(bytes: Uint8Array): void {
      for (const byte of bytes) crc = (crc << 8) ^ table[(crc >>> 24) ^ byte]!
    },
    /** Big-endian. */
    finish(into: Uint8Array): void {
      new DataView(into.buffer, into.byteOffset).setUint32(0, crc >>> 0)
    },
  }
}
