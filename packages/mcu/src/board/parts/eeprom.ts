/**
 * 24Cxx: serial EEPROM on I2C. Microchip DS20001203 (24C02) to DS21191 (24C512), Atmel 0336.
 *
 * Byte and page write (a page's address wraps round), current-address and sequential read,
 * acknowledge polling: nothing is acknowledged for the write time after a STOP. Sizes up to
 * 2 KiB have one address byte and take address bits from the device address.
 *
 * Not modelled: wear, and a write that a power cut tears.
 */
import { type I2cPart, number, type PartKind, type PartSurroundings, range, text } from '../part.ts'

/** Bytes and bytes of a page. */
const TYPES = {
  '24C01': [128, 8],
  '24C02': [256, 8],
  '24C04': [512, 16],
  '24C08': [1024, 16],
  '24C16': [2048, 16],
  '24C32': [4096, 32],
  '24C64': [8192, 32],
  '24C128': [16_384, 64],
  '24C256': [32_768, 64],
  '24C512': [65_536, 128],
} as const
const SMALL_BYTES = 2048

export const eeprom: PartKind = {
  kind: 'eeprom',
  title: '24Cxx serial EEPROM',
  source: 'Microchip DS20001203, DS21191',
  notModelled: 'wear; writes torn by a power cut',
  settings: {
    bus: { type: 'i2c bus', about: 'the bus it is on' },
    address: {
      type: 'address',
      about: 'its first address',
      among: range(0x50, 0x57),
      fallback: 0x50,
    },
    type: {
      ...{ type: 'choice', about: 'its size', among: Object.keys(TYPES), fallback: '24C256' },
    },
    write_time: {
      ...{ type: 'number', about: 'how long it is busy after a write', unit: 's' },
      ...{ min: 0, max: 0.1, fallback: 0.005 },
    },
    protect: { type: 'pin', about: 'the pin that protects it from writes while high' },
  },
  controls: {},
  readings: { writes: 'pages or bytes that were written' },
  addresses,
  make(around) {
    const { settings } = around
    const [bytes, pageBytes] = TYPES[text(settings, 'type') as keyof typeof TYPES]
    const pin = settings.protect
    const memory = new Eeprom({
      ...{ bytes, pageBytes, writeSeconds: number(settings, 'write_time') },
      seconds: () => around.seconds(),
      isProtected: () => typeof pin === 'string' && around.level(pin),
    })
    for (const [block, address] of addresses(settings).entries()) {
      around.attachI2c(text(settings, 'bus'), address, memory.block(block))
    }
    return memory
  },
}

/** Small ones take address bits from the device address: one address for each 256 bytes. */
function addresses(settings: PartSurroundings['settings']): number[] {
  const [bytes] = TYPES[text(settings, 'type') as keyof typeof TYPES]
  const first = number(settings, 'address')
  return range(first, first + (bytes <= SMALL_BYTES ? Math.max(1, bytes / 256) : 1) - 1)
}

interface EepromOptions {
  readonly bytes: number
  readonly pageBytes: number
  readonly writeSeconds: number
  seconds(): number
  isProtected(): boolean
}

class Eeprom {
  readonly #options: EepromOptions
  readonly #cells: Uint8Array
  #pointer = 0
  #addressBytesLeft = 0
  #page: { start: number; offset: number; bytes: Map<number, number> } | undefined
  #busyUntil = 0
  #writes = 0

  constructor(options: EepromOptions) {
    this.#options = options
    this.#cells = new Uint8Array(options.bytes).fill(0xff)
  }

  powerUp(): void {
    this.#page = undefined
    this.#busyUntil = 0
  }

  readings() {
    return { writes: this.#writes }
  }

  picture() {
    return {
      kind: 'values',
      lines: [`${this.#cells.length} bytes`, `writes: ${this.#writes}`],
    } as const
  }

  /** The part as it answers at one of its device addresses. */
  block(block: number): I2cPart {
    return {
      begin: (isRead) => this.#begin(isRead, block),
      write: (byte) => this.#write(byte),
      read: () => this.#read(),
      end: () => this.#end(),
    }
  }

  #begin(isRead: boolean, block: number): boolean {
    if (this.#options.seconds() < this.#busyUntil) return false
    if (isRead) return true
    const isSmall = this.#cells.length <= SMALL_BYTES
    this.#addressBytesLeft = isSmall ? 1 : 2
    this.#pointer = isSmall ? block : 0
    return true
  }

  #write(byte: number): boolean {
    if (this.#addressBytesLeft > 0) {
      this.#pointer = (this.#pointer * 256 + byte) % this.#cells.length
      this.#addressBytesLeft--
      return true
    }
    if (this.#options.isProtected()) return false
    const { pageBytes } = this.#options
    const start = this.#pointer - (this.#pointer % pageBytes)
    this.#page ??= { start, offset: this.#pointer - start, bytes: new Map() }
    this.#page.bytes.set(this.#page.start + this.#page.offset, byte)
    this.#page.offset = (this.#page.offset + 1) % pageBytes
    return true
  }

  #read(): number {
    const byte = this.#cells[this.#pointer]!
    this.#pointer = (this.#pointer + 1) % this.#cells.length
    return byte
  }

  #end(): void {
    const page = this.#page
    this.#page = undefined
    if (page === undefined) return
    for (const [address, byte] of page.bytes) this.#cells[address] = byte
    this.#pointer = page.start + page.offset
    this.#busyUntil = this.#options.seconds() + this.#options.writeSeconds
    this.#writes++
  }
}
