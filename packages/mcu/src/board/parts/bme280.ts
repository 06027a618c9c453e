/**
 * BME280: humidity, pressure and temperature sensor on I2C. Bosch BST-BME280-DS002.
 *
 * Forced and normal mode, oversampling as "skipped or not" and as duration, measuring status,
 * soft reset, the compensation words. The raw values are found by inverting the datasheet's
 * compensation formulas, so that a driver computes what was set, within the sensor's resolution.
 *
 * Not modelled: the IIR filter, noise, SPI.
 */
import {
  addressSetting,
  attach,
  i2cSetting,
  type PartKind,
  type PartSurroundings,
} from '../part.ts'
import {
  calibration,
  calibrationBytes,
  rawHumidity,
  rawPressure,
  rawTemperature,
} from './bme280-compensation.ts'
import { RegisterBytes, RegisterPointer } from './register-pointer.ts'

const CHIP_ID = 0x60
const RESET_WORD = 0xb6
const registers = {
  id: [0xd0, CHIP_ID, 0],
  reset: [0xe0, 0, 0],
  ctrl_hum: [0xf2, 0, 0x07],
  status: [0xf3, 0, 0],
  ctrl_meas: [0xf4, 0, 0xff],
  config: [0xf5, 0, 0xfd],
  press_msb: [0xf7, 0x80, 0],
  press_lsb: [0xf8, 0, 0],
  press_xlsb: [0xf9, 0, 0],
  temp_msb: [0xfa, 0x80, 0],
  temp_lsb: [0xfb, 0, 0],
  temp_xlsb: [0xfc, 0, 0],
  hum_msb: [0xfd, 0x80, 0],
  hum_lsb: [0xfe, 0, 0],
} as const
const MODE = { sleep: 0, normal: 3 } as const
const MEASURING = 1 << 3
/** config.t_sb, in milliseconds. */
const STANDBY_MS = [0.5, 62.5, 125, 250, 500, 1000, 10, 20]
/** Oversampling settings: 0 is skipped. */
const SAMPLES = [0, 1, 2, 4, 8, 16, 16, 16]
const SKIPPED = { wide: 0x8_0000, humidity: 0x8000 } as const

export const bme280: PartKind = {
  kind: 'bme280',
  title: 'BME280 humidity, pressure and temperature sensor',
  source: 'Bosch BST-BME280-DS002',
  notModelled: 'filter, noise, SPI',
  settings: { bus: i2cSetting, address: addressSetting([0x76, 0x77], 0x76) },
  controls: {
    temperature: { type: 'number', about: 'of the air', unit: 'C', min: -40, max: 85, initial: 21 },
    humidity: { type: 'number', about: 'relative', unit: '%', min: 0, max: 100, initial: 45 },
    pressure: {
      ...{ type: 'number', about: 'of the air', unit: 'hPa', min: 300, max: 1100 },
      initial: 1013.25,
    },
  },
  readings: { measurements: 'how many it has made' },
  make(around) {
    const sensor = new Bme280(around)
    attach(around, sensor.i2c)
    return sensor
  },
}

interface Controls {
  temperature: number
  humidity: number
  pressure: number
}

class Bme280 {
  readonly #around: PartSurroundings
  readonly #registers = new RegisterBytes(registers)
  readonly #controls: Controls = { temperature: 21, humidity: 45, pressure: 1013.25 }
  #cancel: () => void = () => {}
  #measurements = 0
  readonly i2c = new RegisterPointer({
    read: (register) => calibrationBytes.get(register) ?? this.#registers.at(register),
    write: (register, value) => this.#write(register, value),
    next: (register) => (register + 1) & 0xff,
  })

  constructor(around: PartSurroundings) {
    this.#around = around
  }

  powerUp(): void {
    this.#cancel()
    this.#registers.reset()
  }

  set(control: string, value: number | boolean): void {
    this.#controls[control as keyof Controls] = Number(value)
  }

  readings() {
    return { measurements: this.#measurements }
  }

  picture() {
    const { temperature, humidity, pressure } = this.#controls
    const lines = [
      `${temperature.toFixed(1)} °C`,
      `${humidity.toFixed(1)} %`,
      `${pressure.toFixed(1)} hPa`,
    ]
    return { kind: 'values', lines } as const
  }

  /** Registers are written in pairs of number and value: the pointer does not move on by itself. */
  #write(register: number, value: number): void {
    if (register === registers.reset[0] && value === RESET_WORD) this.powerUp()
    this.#registers.store(register, value)
    if (register === registers.ctrl_meas[0]) this.#control()
  }

  get #mode(): number {
    return this.#registers.get('ctrl_meas') & 3
  }

  #control(): void {
    this.#cancel()
    this.#registers.set('status', 0)
    if (this.#mode !== MODE.sleep) this.#start()
  }

  #samples(): { temperature: number; pressure: number; humidity: number } {
    const measure = this.#registers.get('ctrl_meas')
    return {
      temperature: SAMPLES[measure >> 5]!,
      pressure: SAMPLES[(measure >> 2) & 7]!,
      humidity: SAMPLES[this.#registers.get('ctrl_hum') & 7]!,
    }
  }

  #start(): void {
    const { temperature: t, pressure: p, humidity: h } = this.#samples()
    // Typical time of a measurement: DS002, "Measurement time".
    const ms = 1 + 2 * t + (p > 0 ? 2 * p + 0.5 : 0) + (h > 0 ? 2 * h + 0.5 : 0)
    this.#registers.set('status', MEASURING)
    this.#cancel = this.#around.after(ms / 1000, () => this.#finish())
  }

  #finish(): void {
    this.#measurements++
    this.#registers.set('status', 0)
    this.#latch()
    if (this.#mode === MODE.normal) {
      const standby = STANDBY_MS[this.#registers.get('config') >> 5]!
      this.#cancel = this.#around.after(standby / 1000, () => this.#start())
    } else {
      this.#registers.set('ctrl_meas', this.#registers.get('ctrl_meas') & ~3)
    }
  }

  #latch(): void {
    const samples = this.#samples()
    const { temperature, pressure, humidity } = this.#controls
    const { raw: t, fine } = rawTemperature(calibration, temperature)
    const p = samples.pressure > 0 ? rawPressure(calibration, fine, pressure * 100) : SKIPPED.wide
    const h = samples.humidity > 0 ? rawHumidity(calibration, fine, humidity) : SKIPPED.humidity
    this.#wide('press', p)
    this.#wide('temp', samples.temperature > 0 ? t : SKIPPED.wide)
    this.#registers.set('hum_msb', h >> 8)
    this.#registers.set('hum_lsb', h & 0xff)
  }

  #wide(name: 'press' | 'temp', value: number): void {
    this.#registers.set(`${name}_msb`, value >> 12)
    this.#registers.set(`${name}_lsb`, (value >> 4) & 0xff)
    this.#registers.set(`${name}_xlsb`, (value & 0x0f) << 4)
  }
}
