/**
 * Packets of the GDB remote protocol: `$data#checksum`, escapes, acknowledgements, the interrupt
 * byte. GDB manual, appendix "GDB Remote Serial Protocol", "Overview".
 */
const DOLLAR = 0x24
const HASH = 0x23
const ESCAPE = 0x7d
const STAR = 0x2a
const PLUS = 0x2b
const MINUS = 0x2d
const INTERRUPT = 0x03
const FLIP = 0x20

/** Data of one packet from GDB; a longer one is thrown away. Announced to GDB as PacketSize. */
export const PACKET_BYTES_MAX = 0x8000

export type Received =
  | { readonly kind: 'packet'; readonly data: Uint8Array }
  | { readonly kind: 'interrupt' | 'again' }
  /** A packet whose checksum is wrong, or that is too long. */
  | { readonly kind: 'damaged' }

type State = 'idle' | 'data' | 'escaped' | 'checksum'

export class PacketReader {
  #state: State = 'idle'
  #data: number[] = []
  #sum = 0
  #checksum = ''

  push(bytes: Uint8Array): Received[] {
    const received: Received[] = []
    for (const byte of bytes) {
      const one = this.#take(byte)
      if (one !== undefined) received.push(one)
    }
    return received
  }

  #take(byte: number): Received | undefined {
    if (this.#state === 'idle') return this.#begin(byte)
    if (this.#state === 'checksum') return this.#end(byte)
    if (byte === HASH) this.#state = 'checksum'
    else if (byte === DOLLAR) this.#start()
    else this.#add(byte)
    return undefined
  }

  #begin(byte: number): Received | undefined {
    if (byte === DOLLAR) this.#start()
    if (byte === INTERRUPT) return { kind: 'interrupt' }
    return byte === MINUS ? { kind: 'again' } : undefined
  }

  #start(): void {
    this.#state = 'data'
    this.#data = []
    this.#sum = 0
    this.#checksum = ''
  }

  #add(byte: number): void {
    this.#sum = (this.#sum + byte) & 0xff
    if (this.#state === 'escaped') {
      this.#state = 'data'
      this.#keep(byte ^ FLIP)
    } else if (byte === ESCAPE) this.#state = 'escaped'
    else this.#keep(byte)
  }

  /** One byte too many is kept, so that a packet that is too long can be told. */
  #keep(byte: number): void {
    if (this.#data.length <= PACKET_BYTES_MAX) this.#data.push(byte)
  }

  #end(byte: number): Received | undefined {
    this.#checksum += String.fromCharCode(byte)
    if (this.#checksum.length < 2) return undefined
    this.#state = 'idle'
    const isRight =
      /^[\da-f]{2}$/i.test(this.#checksum) && Number.parseInt(this.#checksum, 16) === this.#sum
    if (!isRight || this.#data.length > PACKET_BYTES_MAX) return { kind: 'damaged' }
    return { kind: 'packet', data: Uint8Array.from(this.#data) }
  }
}

export const ACKNOWLEDGED = Uint8Array.of(PLUS)
export const NOT_UNDERSTOOD = Uint8Array.of(MINUS)

/** A packet with its checksum, special bytes escaped. */
export function encodePacket(data: Uint8Array): Uint8Array {
  const bytes = [DOLLAR]
  let sum = 0
  const add = (byte: number) => {
    bytes.push(byte)
    sum = (sum + byte) & 0xff
  }
  for (const byte of data) {
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR) {
      add(ESCAPE)
      add(byte ^ FLIP)
    } else add(byte)
  }
  const checksum = sum.toString(16).padStart(2, '0')
  bytes.push(HASH, checksum.charCodeAt(0), checksum.charCodeAt(1))
  return Uint8Array.from(bytes)
}
