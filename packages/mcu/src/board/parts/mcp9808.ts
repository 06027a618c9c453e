/**
 * MCP9808: temperature sensor on I2C. Microchip DS25095A, "Register Set".
 *
 * Registers of 16 bits, big-endian; ambient temperature with its three comparison bits, limits with
 * hysteresis as comparator or interrupt, the alert output, shutdown, resolution.
 *
 * Not modelled: conversion time (a new temperature is there at once), the lock bits' permanence
 * after reset is by power only.
 */
import {
  addressSetting,
  attach,
  i2cSetting,
  optionalDriver,
  type PartKind,
  range,
} from '../part.ts'

const REGISTER = {
  ...{ CONFIG: 1, T_UPPER: 2, T_LOWER: 3, T_CRIT: 4, TA: 5, MANUFACTURER: 6, DEVICE: 7 },
  RESOLUTION: 8,
} as const
const MANUFACTURER_ID = 0x0054
const DEVICE_ID = 0x0400
const POWER_UP_RESOLUTION = 3
/** Bits of CONFIG. */
const CONFIG = {
  ...{ MODE: 1 << 0, POLARITY: 1 << 1, SELECT: 1 << 2, CONTROL: 1 << 3, STATUS: 1 << 4 },
  ...{ CLEAR: 1 << 5, WINDOW_LOCK: 1 << 6, CRITICAL_LOCK: 1 << 7, SHUTDOWN: 1 << 8 },
} as const
/** CONFIG.HYST, in degrees. */
const HYSTERESIS = [0, 1.5, 3, 6]
const LIMIT_MASK = 0x1ffc

export const mcp9808: PartKind = {
  kind: 'mcp9808',
  title: 'MCP9808 temperature sensor',
  source: 'Microchip DS25095A',
  notModelled: 'conversion time',
  settings: {
    bus: i2cSetting,
    address: addressSetting(range(0x18, 0x1f), 0x18),
    alert: { type: 'pin', about: 'where its open-drain ALERT output leads', isDriven: true },
  },
  controls: {
    temperature: {
      ...{ type: 'number', about: 'what it measures', unit: 'C', min: -40, max: 125, initial: 25 },
    },
  },
  readings: { temperature: 'what it measures', alert: 'whether ALERT is asserted' },
  make(around) {
    const sensor = new Mcp9808(optionalDriver(around, 'alert', false))
    attach(around, sensor)
    return sensor
  },
}

class Mcp9808 {
  readonly #drive: (level: boolean | undefined) => void
  readonly #registers = new Uint16Array(4)
  #resolution = POWER_UP_RESOLUTION
  #pointer = 0
  #written: number[] = []
  #readIndex = 0
  #temperature = 25
  /** What TA shows: stands still in shutdown. */
  #measured = 25
  #flags = 0
  #isAsserted = false

  constructor(drive: (level: boolean | undefined) => void) {
    this.#drive = drive
    this.powerUp()
  }

  powerUp(): void {
    this.#registers.fill(0)
    this.#resolution = POWER_UP_RESOLUTION
    this.#isAsserted = false
    this.#measure()
  }

  set(_: string, value: number | boolean): void {
    this.#temperature = Number(value)
    this.#measure()
  }

  readings() {
    return { temperature: this.#temperature, alert: this.#isAsserted }
  }

  picture() {
    return { kind: 'values', lines: [`${this.#temperature.toFixed(2)} °C`] } as const
  }

  begin(isRead: boolean): boolean {
    if (isRead) this.#readIndex = 0
    else this.#written = []
    return true
  }

  write(byte: number): boolean {
    this.#written.push(byte)
    const [pointer, high, low] = this.#written
    if (this.#written.length === 1) this.#pointer = pointer! & 0x0f
    else if (this.#pointer === REGISTER.RESOLUTION) this.#resolution = byte & 3
    else if (this.#written.length === 3) this.#store(this.#pointer, high! * 256 + low!)
    return true
  }

  read(): number {
    const index = this.#readIndex++
    if (this.#pointer === REGISTER.RESOLUTION) return this.#resolution
    const word = this.#word(this.#pointer)
    return index % 2 === 0 ? word >> 8 : word & 0xff
  }

  end(): void {}

  #word(register: number): number {
    if (register === REGISTER.TA) return this.#flags | encode(this.#measured, this.#resolution)
    if (register === REGISTER.MANUFACTURER) return MANUFACTURER_ID
    if (register === REGISTER.DEVICE) return DEVICE_ID
    if (register === REGISTER.CONFIG) {
      return this.#config | (this.#isAsserted ? CONFIG.STATUS : 0)
    }
    return register >= REGISTER.T_UPPER && register <= REGISTER.T_CRIT
      ? this.#registers[register - 1]!
      : 0
  }

  get #config(): number {
    return this.#registers[0]!
  }

  #store(register: number, value: number): void {
    const locks = this.#config
    if (register === REGISTER.CONFIG) this.#configure(value)
    const isWindow = register === REGISTER.T_UPPER || register === REGISTER.T_LOWER
    const isFree = isWindow
      ? (locks & CONFIG.WINDOW_LOCK) === 0
      : register === REGISTER.T_CRIT && (locks & CONFIG.CRITICAL_LOCK) === 0
    if (isFree) this.#registers[register - 1] = value & LIMIT_MASK
    this.#measure()
  }

  #configure(value: number): void {
    if (value & CONFIG.CLEAR && this.#config & CONFIG.MODE) this.#isAsserted = false
    const locks = this.#config & (CONFIG.WINDOW_LOCK | CONFIG.CRITICAL_LOCK)
    const isLocked = locks !== 0
    const fixed = CONFIG.SHUTDOWN | CONFIG.MODE | CONFIG.POLARITY | CONFIG.SELECT | CONFIG.CONTROL
    const kept = isLocked ? this.#config & (fixed | 0x600) : 0
    const taken = value & (isLocked ? CONFIG.WINDOW_LOCK | CONFIG.CRITICAL_LOCK : 0x7cf)
    this.#registers[0] = kept | locks | taken
  }

  #measure(): void {
    if ((this.#config & CONFIG.SHUTDOWN) === 0) this.#measured = this.#temperature
    const before = this.#flags
    this.#flags = this.#compare()
    this.#alert(before)
  }

  /** TA[15:13]; the hysteresis counts on the way down only. */
  #compare(): number {
    const [, upper, lower, critical] = [...this.#registers].map(decode)
    const hysteresis = HYSTERESIS[(this.#config >> 9) & 3]!
    const above = (limit: number, bit: number, isInclusive: boolean) => {
      const edge = this.#flags & bit ? limit - hysteresis : limit
      return (isInclusive ? this.#measured >= edge : this.#measured > edge) ? bit : 0
    }
    const isBelow =
      this.#flags & 0x2000
        ? this.#measured < lower!
        : this.#measured < lower! - (this.#flags ? 0 : hysteresis)
    return above(critical!, 0x8000, true) | above(upper!, 0x4000, false) | (isBelow ? 0x2000 : 0)
  }

  #alert(before: number): void {
    const config = this.#config
    const watched = config & CONFIG.SELECT ? 0x8000 : 0xe000
    const isEnabled = (config & CONFIG.CONTROL) !== 0 && (config & CONFIG.SHUTDOWN) === 0
    const isInterrupt = (config & CONFIG.MODE) !== 0
    if (!isEnabled) this.#isAsserted = false
    else if (!isInterrupt || this.#flags & 0x8000) this.#isAsserted = (this.#flags & watched) !== 0
    else if ((before ^ this.#flags) & watched) this.#isAsserted = true
    const isActiveHigh = (config & CONFIG.POLARITY) !== 0
    // Open drain: the board's pull-up makes it high.
    this.#drive(this.#isAsserted === isActiveHigh)
  }
}

/** Sixteenths of a degree, 13 bits in two's complement, low bits cut off below the resolution. */
function encode(celsius: number, resolution: number): number {
  const sixteenths = Math.floor(celsius * 16)
  return sixteenths & 0x1fff & ~((1 << (3 - resolution)) - 1)
}

function decode(word: number): number {
  return (((word & 0x1fff) << 19) >> 19) / 16
}
