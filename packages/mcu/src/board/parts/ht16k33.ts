/**
 * HT16K33: LED driver with a display of four digits on I2C. Holtek HT16K33 v1.20, "Command summary".
 *
 * Oscillator, display on and off, blinking, dimming, the display RAM; 7-segment digits as on the
 * common backpacks (digits in rows 0, 1, 3, 4, the colon in row 2) or four 14-segment ones.
 *
 * Not modelled: key scan (its RAM reads zero) and the interrupt output.
 */

import type { I2cPart } from '../part.ts'
import {
  addressSetting,
  attach,
  i2cSetting,
  type PartKind,
  type PartSurroundings,
  range,
  text,
} from '../part.ts'
import type { Picture } from '../picture.ts'
import { segmentText } from './segments.ts'

const RAM_BYTES = 16
const COMMAND = { system: 0x20, display: 0x80, dimming: 0xe0 } as const
/** Display setup, B1 and B0: blinking in hertz. */
const BLINK_HZ = [0, 2, 1, 0.5]
const COLON_ROW = 2
const DIGIT_ROWS = { '7-segment': [0, 1, 3, 4], '14-segment': [0, 1, 2, 3] } as const
type Style = keyof typeof DIGIT_ROWS

export const ht16k33: PartKind = {
  kind: 'ht16k33',
  title: 'HT16K33 segment display',
  source: 'Holtek HT16K33 v1.20',
  notModelled: 'key scan, interrupt output',
  settings: {
    bus: i2cSetting,
    address: addressSetting(range(0x70, 0x77), 0x70),
    style: {
      ...{ type: 'choice', about: 'its digits', among: ['7-segment', '14-segment'] },
      fallback: '7-segment',
    },
  },
  controls: {},
  readings: {
    text: 'what its digits show; empty while it is off',
    colon: 'whether the colon is lit',
    brightness: '0 to 1; 0 while it is off',
  },
  make(around) {
    const display = new Ht16k33(around)
    attach(around, display)
    return display
  },
}

class Ht16k33 implements I2cPart {
  readonly #around: PartSurroundings
  readonly #style: Style
  readonly #ram = new Uint8Array(RAM_BYTES)
  #isOscillating = false
  #display = 0
  #dimming = 15
  #pointer = 0
  #isFirst = true

  constructor(around: PartSurroundings) {
    this.#around = around
    this.#style = text(around.settings, 'style') as Style
  }

  powerUp(): void {
    this.#ram.fill(0)
    this.#isOscillating = false
    this.#display = 0
    this.#dimming = 15
  }

  begin(isRead: boolean): boolean {
    this.#isFirst = !isRead
    return true
  }

  write(byte: number): boolean {
    if (this.#isFirst) this.#command(byte)
    else {
      this.#ram[this.#pointer] = byte
      this.#pointer = (this.#pointer + 1) % RAM_BYTES
    }
    this.#isFirst = false
    return true
  }

  read(): number {
    const byte = this.#pointer < RAM_BYTES ? this.#ram[this.#pointer]! : 0
    this.#pointer = (this.#pointer + 1) % RAM_BYTES
    return byte
  }

  end(): void {}

  readings() {
    const { text: shown, hasColon, brightness } = this.picture()
    return { text: brightness > 0 ? shown : '', colon: hasColon && brightness > 0, brightness }
  }

  picture(): Extract<Picture, { kind: 'segments' }> {
    const style = this.#style
    const is7 = style === '7-segment'
    const row = (index: number) => this.#ram[2 * index]! | (this.#ram[2 * index + 1]! << 8)
    const digits = DIGIT_ROWS[style].map((index) => row(index) & (is7 ? 0xff : 0x7fff))
    const hasColon = is7 && (row(COLON_ROW) & 2) !== 0
    return {
      ...{ kind: 'segments', digits, style, hasColon, text: segmentText(digits, style) },
      brightness: this.#isLit ? (this.#dimming + 1) / 16 : 0,
    }
  }

  /** Blinking begins lit. */
  get #isLit(): boolean {
    const hertz = BLINK_HZ[(this.#display >> 1) & 3]!
    const isOn = this.#isOscillating && (this.#display & 1) === 1
    return isOn && (hertz === 0 || (this.#around.seconds() * hertz) % 1 < 0.5)
  }

  #command(byte: number): void {
    const group = byte & 0xf0
    if (group === 0) this.#pointer = byte
    else if (group === COMMAND.system) this.#isOscillating = (byte & 1) === 1
    else if (group === COMMAND.display) this.#display = byte & 7
    else if (group === COMMAND.dimming) this.#dimming = byte & 15
  }
}
