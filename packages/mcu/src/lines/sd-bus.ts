/**
 * An SD bus: a host and one card, commands and blocks of data between them. How long they take is
 * the host's business; the card says how long it thinks. SD Specifications Part 1, "Physical Layer
 * Simplified Specification".
 */
import { alwaysRouted, type Routing, type Signals } from './routing.ts'

export interface SdResponse {
  /** Index that the response carries: the command's, or ones where there is none. */
  readonly index: number
  /** One word, or four of which the first is the highest. */
  readonly words: readonly number[]
  /** False: R3, which has ones in place of a checksum. */
  readonly hasCrc: boolean
  /** The card holds D0 low for so long afterwards. */
  readonly busySeconds: number
}

export interface SdReadBlock {
  readonly bytes: Uint8Array
  /** Until its start bit. */
  readonly afterSeconds: number
  /** Its checksum arrives right. */
  readonly isIntact: boolean
}

export interface SdWriteAnswer {
  /** The card found the checksum right. */
  readonly isAccepted: boolean
  readonly busySeconds: number
}

export interface SdDevice {
  readonly name: string
  /** Undefined: no response. */
  command(index: number, argument: number): SdResponse | undefined
  /** The next block of the read under way, on so many lines; undefined: none comes. */
  readBlock(lines: number): SdReadBlock | undefined
  /** A block arrives; undefined: the card does not answer. */
  writeBlock(bytes: Uint8Array, lines: number): SdWriteAnswer | undefined
}

export class SdBus {
  readonly kind = 'sd' as const
  routing: Routing = alwaysRouted
  #card: SdDevice | undefined

  carries(signals: Signals): boolean {
    return this.routing.carries(signals)
  }

  /** Undefined: the socket is empty. */
  insert(card: SdDevice | undefined): void {
    this.#card = card
  }

  get card(): SdDevice | undefined {
    return this.#card
  }
}
