/**
 * MQTT packets out of a byte stream. The codec of `mqtt-packet` collects without a limit, so packets
 * are cut out here first, bounded (MQTT 5.0, 2.1: a type, the remaining length as a varint).
 */
import { type Packet, parser } from 'mqtt-packet'

export type PacketError = 'too-large' | 'malformed'

export class PacketReader {
  readonly #bytesMax: number
  readonly #parser: ReturnType<typeof parser>
  #buffer = Buffer.alloc(0)
  #packets: Packet[] = []
  #isBroken = false

  constructor(protocolVersion: 4 | 5, bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#parser = parser({ protocolVersion })
    this.#parser.on('packet', (packet) => this.#packets.push(packet))
    this.#parser.on('error', () => {
      this.#isBroken = true
    })
  }

  push(chunk: Buffer): { packets: Packet[]; error?: PacketError } {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    let error: PacketError | undefined
    for (;;) {
      const size = packetSize(this.#buffer)
      if (size === 'malformed') error = size
      else if (size !== undefined && size > this.#bytesMax) error = 'too-large'
      if (error !== undefined || size === undefined || Number(size) > this.#buffer.length) break
      this.#parse(this.#buffer.subarray(0, Number(size)))
      this.#buffer = this.#buffer.subarray(Number(size))
      if (this.#isBroken) error = 'malformed'
    }
    const packets = this.#packets
    this.#packets = []
    return error === undefined ? { packets } : { packets, error }
  }

  #parse(packet: Buffer): void {
    try {
      this.#parser.parse(packet)
    } catch {
      this.#isBroken = true
    }
  }
}

/** Bytes of the packet that begins here; undefined if that cannot be said yet. */
function packetSize(bytes: Buffer): number | 'malformed' | undefined {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 2 ** (7 * (i - 1))
    if (byte < 0x80) return 1 + i + length
  }
  return 'malformed'
}
