/** Words as the remote protocol writes them. */

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
