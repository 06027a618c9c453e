/**
 * SSD1306: OLED of 128 by 64 or 32 pixels on I2C. Solomon Systech SSD1306 rev 1.1, "Command table".
 *
 * Control byte with Co and D/C; page, horizontal and vertical addressing with their windows;
 * on, off, all on, inverse, contrast, start line, offset, segment and COM direction; reading status.
 *
 * Not modelled: scrolling, the charge pump's need (the panel lights without it), SPI.
 */

import type { I2cPart } from '../part.ts'
import { addressSetting, attach, i2cSetting, type PartKind, text } from '../part.ts'
import type { Picture } from '../picture.ts'

const WIDTH = 128
const PAGES = 8
const ROWS = 64
/** Commands that take arguments, and how many. */
const ARGUMENTS: Readonly<Record<number, number>> = {
  ...{ 32: 1, 33: 2, 34: 2, 38: 6, 39: 6, 41: 5, 42: 5, 129: 1, 141: 1, 163: 2 },
  ...{ 168: 1, 211: 1, 213: 1, 217: 1, 218: 1, 219: 1 },
}
const MODE = { horizontal: 0, vertical: 1, page: 2 } as const

export const ssd1306: PartKind = {
  kind: 'ssd1306',
  title: 'SSD1306 OLED',
  source: 'Solomon Systech SSD1306 rev 1.1',
  notModelled: 'scrolling, charge pump, SPI',
  settings: {
    bus: i2cSetting,
    address: addressSetting([0x3c, 0x3d], 0x3c),
    size: { type: 'choice', about: 'pixels', among: ['128x64', '128x32'], fallback: '128x64' },
  },
  controls: {},
  readings: { pixels: 'how many are lit', on: 'whether it is on' },
  make(around) {
    const display = new Ssd1306(text(around.settings, 'size') === '128x32' ? 32 : 64)
    attach(around, display)
    return display
  },
}

const POWER_UP = {
  ...{ mode: MODE.page as number, column: 0, page: 0, columnStart: 0, columnEnd: WIDTH - 1 },
  ...{ pageStart: 0, pageEnd: PAGES - 1, contrast: 0x7f, isOn: false, isAllOn: false },
  ...{ isInverse: false, startLine: 0, offset: 0, isRemapped: false, isFlipped: false },
}

class Ssd1306 implements I2cPart {
  readonly #height: number
  readonly #ram = new Uint8Array(WIDTH * PAGES)
  #s = { ...POWER_UP }
  #control: number | undefined
  #command: number[] = []

  constructor(height: number) {
    this.#height = height
  }

  powerUp(): void {
    this.#s = { ...POWER_UP }
    this.#ram.fill(0)
    this.#command = []
  }

  begin(): boolean {
    this.#control = undefined
    return true
  }

  write(byte: number): boolean {
    if (this.#control === undefined) {
      this.#control = byte
      return true
    }
    if (this.#control & 0x40) this.#data(byte)
    else this.#takeCommand(byte)
    if (this.#control & 0x80) this.#control = undefined
    return true
  }

  read(): number {
    return this.#s.isOn ? 0 : 0x40
  }

  end(): void {}

  readings() {
    const { pixels } = this.picture()
    return { pixels: pixels.reduce((sum, lit) => sum + lit, 0), on: this.#s.isOn }
  }

  picture(): Extract<Picture, { kind: 'pixels' }> {
    const pixels = new Uint8Array(WIDTH * this.#height)
    for (let y = 0; y < this.#height; y++) {
      for (let x = 0; x < WIDTH; x++) pixels[y * WIDTH + x] = this.#pixel(x, y)
    }
    const brightness = this.#s.isOn ? 0.25 + (0.75 * this.#s.contrast) / 255 : 0
    return { kind: 'pixels', width: WIDTH, height: this.#height, pixels, brightness }
  }

  /**
   * Modules are mounted so that the usual set-up (segments remapped, COM scanned from the end)
   * shows RAM column 0 on the left and row 0 on top.
   */
  #pixel(x: number, y: number): number {
    const s = this.#s
    if (!s.isOn) return 0
    if (s.isAllOn) return 1
    const column = s.isRemapped ? x : WIDTH - 1 - x
    const line = s.isFlipped ? y : this.#height - 1 - y
    const row = (line + s.startLine + s.offset) % ROWS
    const lit = (this.#ram[(row >> 3) * WIDTH + column]! >> (row & 7)) & 1
    return s.isInverse ? 1 - lit : lit
  }

  #data(byte: number): void {
    const s = this.#s
    this.#ram[s.page * WIDTH + s.column] = byte
    if (s.mode === MODE.page) s.column = (s.column + 1) % WIDTH
    else if (s.mode === MODE.vertical) {
      const isLast = s.page >= s.pageEnd
      s.page = isLast ? s.pageStart : s.page + 1
      if (isLast) s.column = s.column >= s.columnEnd ? s.columnStart : s.column + 1
    } else {
      const isLast = s.column >= s.columnEnd
      s.column = isLast ? s.columnStart : s.column + 1
      if (isLast) s.page = s.page >= s.pageEnd ? s.pageStart : s.page + 1
    }
  }

  #takeCommand(byte: number): void {
    this.#command.push(byte)
    const [code] = this.#command as [number]
    if (this.#command.length <= (ARGUMENTS[code] ?? 0)) return
    const [, first = 0, second = 0] = this.#command
    this.#command = []
    if ((ARGUMENTS[code] ?? 0) > 0) this.#withArguments(code, first, second)
    else this.#plain(code)
  }

  #withArguments(code: number, first: number, second: number): void {
    const s = this.#s
    if (code === 0x20) s.mode = Math.min(first & 3, MODE.page)
    if (code === 0x21) {
      s.column = s.columnStart = first & 0x7f
      s.columnEnd = second & 0x7f
    }
    if (code === 0x22) {
      s.page = s.pageStart = first & 7
      s.pageEnd = second & 7
    }
    if (code === 0x81) s.contrast = first
    if (code === 0xd3) s.offset = first & 0x3f
  }

  #plain(code: number): void {
    const s = this.#s
    if (code <= 0x0f) s.column = (s.column & 0x70) | code
    else if (code <= 0x1f) s.column = (s.column & 0x0f) | ((code & 7) << 4)
    else if (code >= 0x40 && code <= 0x7f) s.startLine = code & 0x3f
    else if (code === 0xa0 || code === 0xa1) s.isRemapped = code === 0xa1
    else if (code === 0xa4 || code === 0xa5) s.isAllOn = code === 0xa5
    else if (code === 0xa6 || code === 0xa7) s.isInverse = code === 0xa7
    else if (code === 0xae || code === 0xaf) s.isOn = code === 0xaf
    else if (code >= 0xb0 && code <= 0xb7) s.page = code & 7
    else if (code === 0xc0 || code === 0xc8) s.isFlipped = code === 0xc8
  }
}
