/**
 * LIS3DH: accelerometer on I2C. ST DocID17530 (datasheet), AN3308 (application note).
 *
 * Output data rates, ranges and resolutions; data-ready with overrun; both inertial interrupt
 * generators with duration and latch; single and double click; FIFO in bypass, FIFO and stream
 * mode with watermark; both interrupt lines and their polarity.
 *
 * Not modelled: 6D orientation, sleep-to-wake, self-test, the auxiliary ADC and temperature, SPI,
 * stream-to-FIFO mode; the high-pass filter is a mean of the last samples.
 */
import {
  addressSetting,
  attach,
  i2cSetting,
  optionalDriver,
  type PartKind,
  type PartSurroundings,
} from '../part.ts'
import { ClickDetector } from './lis3dh-click.ts'
import { RegisterBytes, RegisterPointer } from './register-pointer.ts'

const registers = {
  STATUS_REG_AUX: [0x07, 0, 0],
  WHO_AM_I: [0x0f, 0x33, 0],
  CTRL_REG0: [0x1e, 0x10, 0x80],
  TEMP_CFG_REG: [0x1f, 0, 0xc0],
  CTRL_REG1: [0x20, 0x07, 0xff],
  CTRL_REG2: [0x21, 0, 0xff],
  CTRL_REG3: [0x22, 0, 0xfe],
  CTRL_REG4: [0x23, 0, 0xff],
  CTRL_REG5: [0x24, 0, 0xcf],
  CTRL_REG6: [0x25, 0, 0xfa],
  REFERENCE: [0x26, 0, 0xff],
  STATUS_REG: [0x27, 0, 0],
  OUT_X_L: [0x28, 0, 0],
  OUT_X_H: [0x29, 0, 0],
  OUT_Y_L: [0x2a, 0, 0],
  OUT_Y_H: [0x2b, 0, 0],
  OUT_Z_L: [0x2c, 0, 0],
  OUT_Z_H: [0x2d, 0, 0],
  FIFO_CTRL_REG: [0x2e, 0, 0xff],
  FIFO_SRC_REG: [0x2f, 0x20, 0],
  INT1_CFG: [0x30, 0, 0xff],
  INT1_SRC: [0x31, 0, 0],
  INT1_THS: [0x32, 0, 0x7f],
  INT1_DURATION: [0x33, 0, 0x7f],
  INT2_CFG: [0x34, 0, 0xff],
  INT2_SRC: [0x35, 0, 0],
  INT2_THS: [0x36, 0, 0x7f],
  INT2_DURATION: [0x37, 0, 0x7f],
  CLICK_CFG: [0x38, 0, 0x3f],
  CLICK_SRC: [0x39, 0, 0],
  CLICK_THS: [0x3a, 0, 0xff],
  TIME_LIMIT: [0x3b, 0, 0x7f],
  TIME_LATENCY: [0x3c, 0, 0xff],
  TIME_WINDOW: [0x3d, 0, 0xff],
  ACT_THS: [0x3e, 0, 0x7f],
  ACT_DUR: [0x3f, 0, 0xff],
} as const

/** CTRL_REG1.ODR, in hertz; the last with LPen is 5376. */
const RATES = [0, 1, 10, 25, 50, 100, 200, 400, 1600, 1344]
/** CTRL_REG4.FS: milli-g a digit at 12 bits. */
const SENSITIVITY = [1, 2, 4, 12]
const FULL_SCALE_G = [2, 4, 8, 16]
/** STATUS_REG with fresh data on all axes, and with all overrun. */
const DATA_READY = 0x0f
const OVERRUN = 0xf0
const FIFO_SIZE = 32
const FIFO_MODE = { bypass: 0, fifo: 1 } as const
const ACTIVE = 0x40
/** How long a tap shakes the board, how hard, and the pause between two. */
const TAP = { seconds: 0.012, g: 3, pauseSeconds: 0.15 } as const
const MEAN_SAMPLES = 16

type Sample = readonly [number, number, number]
const AXES = ['x', 'y', 'z'] as const

const axis = (about: string, initial: number) =>
  ({ type: 'number', about, unit: 'g', min: -16, max: 16, initial }) as const

export const lis3dh: PartKind = {
  kind: 'lis3dh',
  title: 'LIS3DH accelerometer',
  source: 'ST DocID17530, AN3308',
  notModelled: '6D, sleep-to-wake, self-test, auxiliary ADC, SPI, stream-to-FIFO',
  settings: {
    bus: i2cSetting,
    address: addressSetting([0x18, 0x19], 0x19),
    int1: { type: 'pin', about: 'where its INT1 output leads', isDriven: true },
    int2: { type: 'pin', about: 'where its INT2 output leads', isDriven: true },
  },
  controls: {
    x: axis('acceleration along x', 0),
    y: axis('acceleration along y', 0),
    z: axis('acceleration along z', 1),
    taps: { type: 'number', about: 'taps it: 1 or 2', unit: '', min: 0, max: 2, initial: 0 },
  },
  readings: { int1: 'level of INT1', int2: 'level of INT2', samples: 'how many it has taken' },
  make(around) {
    const sensor = new Lis3dh(around)
    attach(around, sensor.i2c)
    return sensor
  },
}

class Lis3dh {
  readonly #around: PartSurroundings
  readonly #r = new RegisterBytes(registers)
  readonly #acceleration = { x: 0, y: 0, z: 1 }
  readonly #drives: readonly ((level: boolean | undefined) => void)[]
  readonly #levels = [false, false]
  readonly #fifo: Sample[] = []
  readonly #recent: Sample[] = []
  readonly #lasting = [0, 0]
  readonly #click = new ClickDetector()
  #shake = 0
  #isOverrun = false
  #samples = 0
  #cancel: () => void = () => {}
  readonly i2c = new RegisterPointer({
    read: (pointer) => this.#read(pointer & 0x7f),
    write: (pointer, value) => this.#write(pointer & 0x7f, value),
    next: (pointer) => this.#next(pointer),
  })

  constructor(around: PartSurroundings) {
    this.#around = around
    this.#drives = [optionalDriver(around, 'int1'), optionalDriver(around, 'int2')]
    this.#lines()
  }

  powerUp(): void {
    this.#cancel()
    this.#r.reset()
    this.#fifo.length = 0
    this.#recent.length = 0
    this.#lasting.fill(0)
    this.#click.reset()
    this.#lines()
  }

  set(control: string, value: number | boolean): void {
    if (control === 'taps') this.#tap(Number(value))
    else this.#acceleration[control as 'x' | 'y' | 'z'] = Number(value)
  }

  readings() {
    return { int1: this.#levels[0]!, int2: this.#levels[1]!, samples: this.#samples }
  }

  picture() {
    const lines = AXES.map((name) => `${name} ${this.#acceleration[name].toFixed(2)} g`)
    return { kind: 'values', lines } as const
  }

  #tap(times: number): void {
    if (times <= 0) return
    this.#shake = TAP.g
    this.#around.after(TAP.seconds, () => {
      this.#shake = 0
    })
    if (times > 1) this.#around.after(TAP.pauseSeconds, () => this.#tap(times - 1))
  }

  /** Bit 7 of the number moves the pointer on; the output registers go round for the FIFO. */
  #next(pointer: number): number {
    if ((pointer & 0x80) === 0) return pointer
    const isLastOutput = (pointer & 0x7f) === registers.OUT_Z_H[0]
    return isLastOutput && this.#isFifoOn ? 0x80 | registers.OUT_X_L[0] : 0x80 | (pointer + 1)
  }

  #read(register: number): number {
    const isOutput = register >= registers.OUT_X_L[0] && register <= registers.OUT_Z_H[0]
    if (isOutput) return this.#readOutput(register - registers.OUT_X_L[0])
    const value = this.#r.at(register)
    if (register === registers.INT1_SRC[0]) this.#clearSource('INT1_SRC', 3)
    if (register === registers.INT2_SRC[0]) this.#clearSource('INT2_SRC', 1)
    if (register === registers.CLICK_SRC[0]) {
      this.#r.set('CLICK_SRC', 0)
      this.#lines()
    }
    return value
  }

  /** A latched source lasts until it is read; the bit of CTRL_REG5 says whether it is. */
  #clearSource(source: 'INT1_SRC' | 'INT2_SRC', latchBit: number): void {
    if (this.#r.is('CTRL_REG5', latchBit)) this.#r.set(source, 0)
    this.#lines()
  }

  #readOutput(index: number): number {
    if (this.#isFifoOn) this.#show(this.#fifo[0])
    const byte = this.#r.at(registers.OUT_X_L[0] + index)
    if (index === 5 && this.#isFifoOn) {
      this.#fifo.shift()
      this.#isOverrun = false
      this.#fifoStatus()
    }
    const axisBit = 1 << (index >> 1)
    if (index % 2 === 1) this.#taken(axisBit)
    return byte
  }

  /** Reading an axis's high byte takes its data-ready bit away. */
  #taken(axisBit: number): void {
    const left = this.#r.get('STATUS_REG') & ~(axisBit | (axisBit << 4))
    const ready = left & 7 ? left : left & ~0x08
    this.#r.set('STATUS_REG', ready & 0x70 ? ready : ready & ~0x80)
    this.#lines()
  }

  #write(register: number, value: number): void {
    this.#r.store(register, value)
    if (register === registers.CTRL_REG1[0]) this.#restart()
    if (register === registers.FIFO_CTRL_REG[0] && !this.#isFifoOn) this.#fifo.length = 0
    if (register === registers.CTRL_REG5[0] && value & 0x80) this.#reboot()
    this.#fifoStatus()
    this.#lines()
  }

  /** BOOT: trimming is loaded again, user registers stay; the bit clears itself. */
  #reboot(): void {
    this.#r.set('CTRL_REG5', this.#r.get('CTRL_REG5') & 0x7f)
  }

  get #isFifoOn(): boolean {
    const mode = this.#r.get('FIFO_CTRL_REG') >> 6
    return this.#r.is('CTRL_REG5', 6) && mode !== FIFO_MODE.bypass
  }

  get #rate(): number {
    const rate = RATES[this.#r.get('CTRL_REG1') >> 4] ?? 0
    return rate === 1344 && this.#r.is('CTRL_REG1', 3) ? 5376 : rate
  }

  #restart(): void {
    this.#cancel()
    if (this.#rate > 0) this.#cancel = this.#around.after(1 / this.#rate, () => this.#sample())
  }

  #sample(): void {
    this.#samples++
    this.#cancel = this.#around.after(1 / this.#rate, () => this.#sample())
    const { x, y, z } = this.#acceleration
    const sample: Sample = [x, y, z + this.#shake]
    this.#recent.push(sample)
    if (this.#recent.length > MEAN_SAMPLES) this.#recent.shift()
    this.#store(sample)
    this.#interrupt(0, sample)
    this.#interrupt(1, sample)
    this.#clicks(sample)
    this.#lines()
  }

  #store(sample: Sample): void {
    const status = this.#r.get('STATUS_REG')
    this.#r.set('STATUS_REG', DATA_READY | (status & 0x08 ? OVERRUN : status & OVERRUN))
    if (!this.#isFifoOn) {
      this.#show(sample)
      return
    }
    const isFifoMode = this.#r.get('FIFO_CTRL_REG') >> 6 === FIFO_MODE.fifo
    if (this.#fifo.length < FIFO_SIZE) this.#fifo.push(sample)
    else {
      this.#isOverrun = true
      if (!isFifoMode) this.#fifo.push(sample)
      if (!isFifoMode) this.#fifo.shift()
    }
    this.#fifoStatus()
  }

  #fifoStatus(): void {
    const watermark = this.#r.get('FIFO_CTRL_REG') & 0x1f
    const count = this.#fifo.length
    const isAtMark = this.#isFifoOn && count > watermark
    const bits = (isAtMark ? 0x80 : 0) | (this.#isOverrun ? 0x40 : 0) | (count === 0 ? 0x20 : 0)
    this.#r.set('FIFO_SRC_REG', bits | Math.min(count, 31))
  }

  /** Into the output registers: 12, 10 or 8 bits, left-justified. */
  #show(sample: Sample | undefined): void {
    const isLowPower = this.#r.is('CTRL_REG1', 3)
    const isHighResolution = this.#r.is('CTRL_REG4', 3)
    const bits = isLowPower ? 8 : isHighResolution ? 12 : 10
    const sensitivity = SENSITIVITY[(this.#r.get('CTRL_REG4') >> 4) & 3]! * 2 ** (12 - bits)
    const limit = 2 ** (bits - 1)
    for (const [i, name] of (['X', 'Y', 'Z'] as const).entries()) {
      const isEnabled = this.#r.is('CTRL_REG1', i)
      const digits = isEnabled ? Math.round(((sample?.[i] ?? 0) * 1000) / sensitivity) : 0
      const word = Math.max(-limit, Math.min(limit - 1, digits)) << (16 - bits)
      this.#r.set(`OUT_${name}_L`, word & 0xff)
      this.#r.set(`OUT_${name}_H`, (word >> 8) & 0xff)
    }
  }

  /** Without its mean, if the high-pass filter is on for this use. */
  #filtered(sample: Sample, filterBit: number): Sample {
    if (!this.#r.is('CTRL_REG2', filterBit)) return sample
    const mean = (i: number) =>
      this.#recent.reduce((sum, one) => sum + one[i]!, 0) / this.#recent.length
    return [sample[0] - mean(0), sample[1] - mean(1), sample[2] - mean(2)]
  }

  get #thresholdStep(): number {
    return FULL_SCALE_G[(this.#r.get('CTRL_REG4') >> 4) & 3]! / 128
  }

  /** The inertial interrupt generators: AOI, then a low and a high bit for each axis. */
  #interrupt(generator: 0 | 1, sample: Sample): void {
    const name = generator === 0 ? 'INT1' : 'INT2'
    const config = this.#r.get(`${name}_CFG`)
    const values = this.#filtered(sample, generator)
    const threshold = this.#r.get(`${name}_THS`) * this.#thresholdStep
    let events = 0
    values.forEach((value, i) => {
      events |= (Math.abs(value) > threshold ? 2 : 1) << (2 * i)
    })
    const wanted = config & 0x3f
    const met = events & wanted
    const isMet = wanted !== 0 && (config & 0x80 ? met === wanted : met !== 0)
    this.#lasting[generator] = isMet ? this.#lasting[generator]! + 1 : 0
    const isActive = this.#lasting[generator]! > this.#r.get(`${name}_DURATION`)
    const isLatched = this.#r.is('CTRL_REG5', generator === 0 ? 3 : 1)
    const source = (isActive ? ACTIVE : 0) | met
    if (isActive || !isLatched || !(this.#r.get(`${name}_SRC`) & ACTIVE)) {
      this.#r.set(`${name}_SRC`, source)
    }
  }

  #clicks(sample: Sample): void {
    const source = this.#click.sample(this.#filtered(sample, 2), {
      config: this.#r.get('CLICK_CFG'),
      thresholdG: (this.#r.get('CLICK_THS') & 0x7f) * this.#thresholdStep,
      limit: this.#r.get('TIME_LIMIT'),
      latency: this.#r.get('TIME_LATENCY'),
      window: this.#r.get('TIME_WINDOW'),
    })
    const isLatched = this.#r.is('CLICK_THS', 7)
    if (source !== 0) this.#r.set('CLICK_SRC', source)
    else if (!isLatched) this.#r.set('CLICK_SRC', 0)
  }

  #lines(): void {
    const isClick = (this.#r.get('CLICK_SRC') & ACTIVE) !== 0
    const isOne = (this.#r.get('INT1_SRC') & ACTIVE) !== 0
    const isTwo = (this.#r.get('INT2_SRC') & ACTIVE) !== 0
    const isReady = (this.#r.get('STATUS_REG') & 0x08) !== 0
    const fifo = this.#r.get('FIFO_SRC_REG')
    const first = this.#r.get('CTRL_REG3')
    const second = this.#r.get('CTRL_REG6')
    const active1 =
      (first & 0x80 && isClick) ||
      (first & 0x40 && isOne) ||
      (first & 0x20 && isTwo) ||
      (first & 0x10 && isReady) ||
      (first & 0x04 && fifo & 0x80) ||
      (first & 0x02 && fifo & 0x40)
    const active2 =
      (second & 0x80 && isClick) || (second & 0x40 && isOne) || (second & 0x20 && isTwo)
    const isActiveLow = (second & 0x02) !== 0
    for (const [i, isActive] of [active1, active2].entries()) {
      this.#levels[i] = Boolean(isActive) !== isActiveLow
      this.#drives[i]!(this.#levels[i])
    }
  }
}
