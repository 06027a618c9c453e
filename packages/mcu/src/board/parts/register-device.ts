/**
 * Generic register devices on I2C and SPI: something that answers, for parts that have no model.
 *
 * I2C: register number, then bytes, both ways, the number moving on. SPI: the first byte is the
 * number with bit 7 set for a read, as most SPI sensors have it.
 */
import { attach, i2cSetting, type PartKind, type PartSurroundings, range, text } from '../part.ts'
import { RegisterPointer } from './register-pointer.ts'

const ALL_ADDRESSES = range(0x08, 0x77)
const registersSetting = {
  type: 'registers',
  about: 'register numbers and what they hold; others hold zero',
} as const

export const i2cRegisters: PartKind = {
  kind: 'i2c-registers',
  title: 'generic I2C register device',
  source: 'UM10204',
  notModelled: 'anything beyond storing bytes',
  settings: {
    bus: i2cSetting,
    address: { type: 'address', about: 'its address on the bus', among: ALL_ADDRESSES },
    registers: registersSetting,
  },
  controls: {},
  readings: { written: 'numbers and values that were written, in order' },
  make(around) {
    const store = new Store(around)
    attach(around, new RegisterPointer(store))
    return store
  },
}

export const spiRegisters: PartKind = {
  kind: 'spi-registers',
  title: 'generic SPI register device',
  source: 'common practice of SPI sensors',
  notModelled: 'anything beyond storing bytes; word lengths other than 8',
  settings: {
    bus: { type: 'spi bus', about: 'the bus it is on' },
    select: { type: 'pin', about: 'its chip select, active low', isRequired: true },
    registers: registersSetting,
  },
  controls: {},
  readings: { written: 'numbers and values that were written, in order' },
  make(around) {
    const store = new Store(around)
    let register: number | undefined
    const part = {
      select: () => {
        register = undefined
      },
      exchange(word: number): number {
        if (register === undefined) {
          register = word
          return 0xff
        }
        const at = register & 0x7f
        const isRead = (register & 0x80) !== 0
        register = (register & 0x80) | ((at + 1) & 0x7f)
        if (isRead) return store.read(at)
        store.write(at, word)
        return 0xff
      },
    }
    around.attachSpi(text(around.settings, 'bus'), part, text(around.settings, 'select'))
    return store
  },
}

/** How many writes are remembered for `written`. */
const WRITTEN_MAX = 64

class Store {
  readonly #initial: ReadonlyMap<number, number>
  readonly #values = new Map<number, number>()
  readonly #written: string[] = []

  constructor({ settings }: PartSurroundings) {
    this.#initial = (settings.registers as ReadonlyMap<number, number> | undefined) ?? new Map()
    this.powerUp()
  }

  powerUp(): void {
    this.#values.clear()
    for (const [register, value] of this.#initial) this.#values.set(register, value)
  }

  read(register: number): number {
    return this.#values.get(register) ?? 0
  }

  write(register: number, value: number): void {
    this.#values.set(register, value)
    this.#written.push(`${hex(register)}=${hex(value)}`)
    if (this.#written.length > WRITTEN_MAX) this.#written.shift()
  }

  next(register: number): number {
    return (register + 1) & 0xff
  }

  readings() {
    return { written: this.#written.join(' ') }
  }

  picture() {
    const last = this.#written.at(-1) ?? 'nothing written'
    return { kind: 'values', lines: [last] } as const
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
