/**
 * The other end of a serial port: it keeps what the chip sends, and sends what it is told to. A
 * host connects it to a TCP socket or a pseudo-terminal where `link` asks for that.
 */
import { type PartKind, type PartSurroundings, text } from '../part.ts'

/** Of what the chip sends, this much is kept. */
const KEPT_CHARACTERS = 65_536

export const serialLine: PartKind = {
  kind: 'serial',
  title: 'serial line',
  source: 'a cable',
  notModelled: 'its own baud rate: it follows the chip',
  settings: {
    port: { type: 'serial port', about: 'the port of the chip' },
    link: {
      ...{ type: 'text', about: '`tcp:PORT`, `tcp:HOST:PORT` or `pty`; nothing unless given' },
      fallback: '',
    },
  },
  controls: {},
  readings: { text: 'what the chip has sent' },
  make: (around) => new SerialLine(around),
}

export class SerialLine {
  readonly link: string
  readonly send: (bytes: readonly number[]) => void
  #text = ''
  /** Hears every byte that the chip sends. */
  onByte: (byte: number) => void = () => {}

  constructor(around: PartSurroundings) {
    this.link = text(around.settings, 'link')
    this.send = around.attachSerial(text(around.settings, 'port'), (byte) => {
      this.#text = (this.#text + String.fromCharCode(byte)).slice(-KEPT_CHARACTERS)
      this.onByte(byte)
    })
  }

  readings() {
    return { text: this.#text }
  }

  picture() {
    const lines = this.#text.trimEnd().split(/\r?\n/).slice(-4)
    return { kind: 'values', lines } as const
  }
}
