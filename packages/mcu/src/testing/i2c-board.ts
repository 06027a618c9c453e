/**
 * I2C1 on a bus with a device, and I2C2 beside it, for tests: registers by name, flags by name, and the
 * bits of both as RM0456 names them.
 */
import { I2cBus, type I2cDevice, type I2cEvent } from '../lines/i2c-bus.ts'
import { I2c, i2cLayout } from '../peripherals/i2c.ts'
import type { Wiring } from '../wiring.ts'
import { PeripheralBench } from './peripheral-bench.ts'

export const BENCH_HZ = 160_000_000

export const PE = 1
export const CR1 = {
  ...{ TXIE: 1 << 1, RXIE: 1 << 2, ADDRIE: 1 << 3, NACKIE: 1 << 4, STOPIE: 1 << 5, TCIE: 1 << 6 },
  ...{ ERRIE: 1 << 7, TXDMAEN: 1 << 14, RXDMAEN: 1 << 15, SBC: 1 << 16, NOSTRETCH: 1 << 17 },
  ...{ GCEN: 1 << 19, SMBHEN: 1 << 20, SMBDEN: 1 << 21, PECEN: 1 << 23 },
} as const
export const READ = 1 << 10
export const ADD10 = 1 << 11
export const START = 1 << 13
export const STOP = 1 << 14
export const NACK = 1 << 15
export const RELOAD = 1 << 24
export const AUTOEND = 1 << 25
export const PECBYTE = 1 << 26
export const bytes = (count: number) => count << 16
export const ISR = {
  ...{ TXE: 1, TXIS: 2, RXNE: 4, ADDR: 8, NACKF: 0x10, STOPF: 0x20, TC: 0x40, TCR: 0x80 },
  ...{ BERR: 0x100, ARLO: 0x200, OVR: 0x400, PECERR: 0x800, TIMEOUT: 0x1000, BUSY: 0x8000 },
} as const
/** SCLL = SCLH = 799 with PRESC 0 at 160 MHz would be 100 kHz; what fits is 199 with PRESC 3. */
export const TIMING_100K = (3 << 28) | (199 << 8) | 199

export class Memory implements I2cDevice {
  readonly name = 'memory'
  readonly bytes = new Uint8Array(256)
  readonly #address: number
  readonly #isTenBit: boolean
  acknowledges = Infinity
  #at = 0
  #isFirst = true

  constructor(address: number, isTenBit = false) {
    this.#address = address
    this.#isTenBit = isTenBit
  }

  start(address: { value: number; isTenBit: boolean; isRead: boolean }): boolean {
    this.#isFirst = !address.isRead
    return address.value === this.#address && address.isTenBit === this.#isTenBit
  }

  write(byte: number): boolean {
    if (this.#isFirst) this.#at = byte
    else this.bytes[this.#at++] = byte
    this.#isFirst = false
    return this.acknowledges-- > 0
  }

  read(): number {
    return this.bytes[this.#at++]
  }

  stop(): void {}
}

/** I2C1 with I2C2 beside it. */
function makePair(wiring: Wiring) {
  const i2c = new I2c(wiring, 'I2C1')
  const other = new I2c({ ...wiring, name: 'I2C2' }, 'I2C2')
  return { registers: i2c.registers, reset: () => i2c.reset(), i2c, other }
}

export function board(device: I2cDevice = new Memory(0x50), hz = BENCH_HZ) {
  const bench = new PeripheralBench('I2C1', { cycleHz: BENCH_HZ, hz }, makePair)
  const pads = { scl: bench.pins.pad('PB8'), sda: bench.pins.pad('PB9') }
  const bus = I2cBus.onPads(bench.pins, pads)
  bus.attach(device)
  bench.pins.route(pads.scl, 'I2C1_SCL')
  bench.pins.route(pads.sda, 'I2C1_SDA')
  const seen: I2cEvent[] = []
  bus.listen((event) => seen.push(event))
  const { i2c } = bench.model
  const registers = access(i2c)
  registers.write('TIMINGR', TIMING_100K)
  const flags = (...names: (keyof typeof ISR)[]) =>
    names.filter((name) => registers.read('ISR') & ISR[name])
  return { bench, bus, i2c, seen, flags, device, ...registers }
}
export function access(i2c: I2c) {
  const at = (name: keyof typeof i2cLayout) => i2cLayout[name].offset
  return {
    read: (name: keyof typeof i2cLayout) => i2c.registers.read(at(name), 4, false),
    write: (name: keyof typeof i2cLayout, value: number) =>
      i2c.registers.write(at(name), 4, value >>> 0, false),
  }
}
type Board = ReturnType<typeof board>

/** As HAL_I2C_Master_Transmit: a byte for each TXIS, then STOPF by AUTOEND. */
export function transmit(
  { bench, read, write }: Board,
  address: number,
  data: readonly number[],
): void {
  write('CR2', (address << 1) | bytes(data.length) | AUTOEND | START)
  for (const byte of data) {
    bench.settle()
    if (read('ISR') & ISR.TXIS) write('TXDR', byte)
  }
  bench.settle()
}
