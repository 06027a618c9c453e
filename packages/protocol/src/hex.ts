/** Bytes and words as people and file names see them. */

/** Two lower-case hexadecimal digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Bytes of pairs of hexadecimal digits of either case; undefined for anything else. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** A 32-bit word as addresses are written here: 0x0800_0000. */
export function formatWord(word: number): string {
  const digits = (word >>> 0).toString(16).toUpperCase().padStart(8, '0')
  return `0x${digits.slice(0, 4)}_${digits.slice(4)}`
}
