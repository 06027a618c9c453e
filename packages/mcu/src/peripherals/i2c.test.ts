import assert from 'node:assert/strict'
import { test } from 'node:test'
import { I2cBus, type I2cDevice, type I2cEvent } from '../lines/i2c-bus.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import type { Wiring } from '../wiring.ts'
import { I2c, i2cLayout } from './i2c.ts'

const BENCH_HZ = 160_000_000

const PE = 1
const CR1 = {
  ...{ TXIE: 1 << 1, RXIE: 1 << 2, ADDRIE: 1 << 3, NACKIE: 1 << 4, STOPIE: 1 << 5, TCIE: 1 << 6 },
  ...{ ERRIE: 1 << 7, TXDMAEN: 1 << 14, RXDMAEN: 1 << 15, SBC: 1 << 16, NOSTRETCH: 1 << 17 },
  ...{ GCEN: 1 << 19, SMBHEN: 1 << 20, SMBDEN: 1 << 21, PECEN: 1 << 23 },
} as const
const READ = 1 << 10
const ADD10 = 1 << 11
const START = 1 << 13
const STOP = 1 << 14
const NACK = 1 << 15
const RELOAD = 1 << 24
const AUTOEND = 1 << 25
const PECBYTE = 1 << 26
const bytes = (count: number) => count << 16
const ISR = {
  ...{ TXE: 1, TXIS: 2, RXNE: 4, ADDR: 8, NACKF: 0x10, STOPF: 0x20, TC: 0x40, TCR: 0x80 },
  ...{ BERR: 0x100, ARLO: 0x200, OVR: 0x400, PECERR: 0x800, TIMEOUT: 0x1000, BUSY: 0x8000 },
} as const
/** SCLL = SCLH = 799 with PRESC 0 at 160 MHz would be 100 kHz; what fits is 199 with PRESC 3. */
const TIMING_100K = (3 << 28) | (199 << 8) | 199

class Memory implements I2cDevice {
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

function board(device: I2cDevice = new Memory(0x50), hz = BENCH_HZ) {
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
function access(i2c: I2c) {
  const at = (name: keyof typeof i2cLayout) => i2cLayout[name].offset
  return {
    read: (name: keyof typeof i2cLayout) => i2c.registers.read(at(name), 4, false),
    write: (name: keyof typeof i2cLayout, value: number) =>
      i2c.registers.write(at(name), 4, value >>> 0, false),
  }
}
type Board = ReturnType<typeof board>

/** As HAL_I2C_Master_Transmit: a byte for each TXIS, then STOPF by AUTOEND. */
function transmit({ bench, read, write }: Board, address: number, data: readonly number[]): void {
  write('CR2', (address << 1) | bytes(data.length) | AUTOEND | START)
  for (const byte of data) {
    bench.settle()
    if (read('ISR') & ISR.TXIS) write('TXDR', byte)
  }
  bench.settle()
}

test('every register starts at its reset value', () => {
  const { i2c, read } = board()
  i2c.reset()
  for (const name of Object.keys(i2cLayout) as (keyof typeof i2cLayout)[]) {
    assert.equal(read(name), name === 'ISR' ? 1 : 0, name)
  }
})

test('a write reaches the part byte by byte and ends with a STOP', () => {
  const b = board()
  b.write('CR1', PE)
  transmit(b, 0x50, [0x10, 1, 2, 3])
  assert.deepEqual([...(b.device as Memory).bytes.subarray(0x10, 0x13)], [1, 2, 3])
  assert.deepEqual(b.flags('STOPF', 'NACKF', 'BUSY'), ['STOPF'])
  assert.deepEqual(
    b.seen.map(({ what }) => what),
    ['start', 'write', 'write', 'write', 'write', 'stop'],
  )
  b.write('ICR', ISR.STOPF)
  assert.equal(b.read('ISR'), ISR.TXE)
})

test('a register read: write without STOP, TC, repeated START, the last byte not acknowledged', () => {
  const b = board()
  ;(b.device as Memory).bytes.set([7, 8, 9], 0x20)
  b.write('CR1', PE)
  b.write('CR2', (0x50 << 1) | bytes(1) | START)
  b.bench.settle()
  b.write('TXDR', 0x20)
  b.bench.settle()
  assert.deepEqual(b.flags('TC', 'STOPF', 'BUSY'), ['TC', 'BUSY'])
  b.write('CR2', (0x50 << 1) | READ | bytes(3) | AUTOEND | START)
  const got: number[] = []
  while (got.length < 3) {
    b.bench.settle()
    assert.deepEqual(b.flags('RXNE', 'TC'), ['RXNE'])
    got.push(b.read('RXDR'))
  }
  b.bench.settle()
  assert.deepEqual(got, [7, 8, 9])
  assert.deepEqual(b.flags('STOPF', 'BUSY'), ['STOPF'])
  const reads = b.seen.filter(({ what }) => what === 'read')
  assert.deepEqual(
    reads.map((event) => 'isAcknowledged' in event && event.isAcknowledged),
    [true, true, false],
  )
})

test('SCL takes the time that TIMINGR and the kernel clock say', () => {
  const cases = [
    [TIMING_100K, BENCH_HZ, 1600],
    [(1 << 28) | (9 << 8) | 29, 16_000_000, 800],
    [(0 << 28) | (30 << 8) | 50, 16_000_000, 820],
  ] as const
  for (const [timing, hz, ideal] of cases) {
    const b = board(new Memory(0x50), hz)
    b.write('TIMINGR', timing)
    b.write('CR1', PE)
    const filters = 2 * 50e-9 * BENCH_HZ + (4 * BENCH_HZ) / hz
    assert.ok(Math.abs(b.i2c.bitCycles - ideal - filters) < 1e-6)
    transmit(b, 0x50, [0, 1])
    const bits = 1 + 3 * 9 + 1
    assert.ok(Math.abs(b.bench.cycle - bits * (ideal + filters)) < bits)
  }
})

test('an address that nobody has: NACKF, a STOP by itself, bus free', () => {
  const b = board()
  b.write('CR1', PE | CR1.NACKIE)
  b.write('CR2', (0x51 << 1) | bytes(1) | AUTOEND | START)
  b.bench.settle()
  assert.deepEqual(b.flags('NACKF', 'STOPF', 'BUSY', 'TXIS', 'TC'), ['NACKF', 'STOPF'])
  assert.equal(b.read('CR2') & START, 0)
  assert.equal(b.bench.isPending('I2C1_EV'), true)
  b.write('ICR', ISR.NACKF)
  assert.equal(b.bench.isPending('I2C1_EV'), false)
})

test('a byte that is refused ends the transfer with NACKF and STOP', () => {
  const memory = new Memory(0x50)
  memory.acknowledges = 1
  const b = board(memory)
  b.write('CR1', PE)
  transmit(b, 0x50, [1, 2, 3, 4])
  assert.deepEqual(b.flags('NACKF', 'STOPF', 'TXIS'), ['NACKF', 'STOPF'])
  assert.equal(b.seen.filter(({ what }) => what === 'write').length, 2)
})

test('without wires nobody acknowledges', () => {
  const b = board()
  b.bench.pins.route(b.bench.pins.pad('PB8'), undefined)
  b.write('CR1', PE)
  transmit(b, 0x50, [1])
  assert.deepEqual(b.flags('NACKF', 'STOPF'), ['NACKF', 'STOPF'])
})

test('more than 255 bytes go in pieces with RELOAD and TCR', () => {
  const b = board()
  b.write('CR1', PE)
  b.write('CR2', (0x50 << 1) | bytes(2) | RELOAD | START)
  const send = (byte: number) => {
    b.bench.settle()
    b.write('TXDR', byte)
  }
  send(0)
  send(11)
  b.bench.settle()
  assert.deepEqual(b.flags('TCR', 'TC', 'STOPF'), ['TCR'])
  b.write('CR2', (0x50 << 1) | bytes(1) | AUTOEND)
  assert.deepEqual(b.flags('TCR'), [])
  send(22)
  b.bench.settle()
  assert.deepEqual(b.flags('STOPF'), ['STOPF'])
  assert.deepEqual([...(b.device as Memory).bytes.subarray(0, 2)], [11, 22])
})

test('STOP ends a transfer that waits in TC or for data', () => {
  const b = board()
  b.write('CR1', PE)
  b.write('CR2', (0x50 << 1) | bytes(4) | START)
  b.bench.settle()
  b.write('CR2', b.read('CR2') | STOP)
  b.bench.settle()
  assert.deepEqual(b.flags('STOPF', 'BUSY', 'TXIS'), ['STOPF'])
  assert.equal(b.read('CR2') & STOP, 0)
})

test('a 10-bit part is written and read', () => {
  const memory = new Memory(0x2a5, true)
  memory.bytes.set([5, 6])
  const b = board(memory)
  b.write('CR1', PE)
  b.write('CR2', 0x2a5 | ADD10 | bytes(1) | START)
  b.bench.settle()
  b.write('TXDR', 0)
  b.bench.settle()
  b.write('CR2', 0x2a5 | ADD10 | READ | bytes(2) | AUTOEND | START)
  b.bench.settle()
  const got = [b.read('RXDR')]
  b.bench.settle()
  got.push(b.read('RXDR'))
  b.bench.settle()
  assert.deepEqual(got, [5, 6])
  const starts = b.seen.filter(({ what }) => what === 'start')
  assert.deepEqual(
    starts.map((event) => 'isRead' in event && event.isRead),
    [false, false, true],
  )
})

test('DMA requests follow TXIS and RXNE', () => {
  const b = board()
  b.write('CR1', PE | CR1.TXDMAEN | CR1.RXDMAEN)
  b.write('CR2', (0x50 << 1) | bytes(1) | START)
  b.bench.settle()
  assert.deepEqual(
    [b.bench.isRequesting('I2C1_TX'), b.bench.isRequesting('I2C1_RX')],
    [true, false],
  )
  b.write('TXDR', 0)
  assert.equal(b.bench.isRequesting('I2C1_TX'), false)
  b.bench.settle()
  b.write('CR2', (0x50 << 1) | READ | bytes(1) | AUTOEND | START)
  b.bench.settle()
  assert.equal(b.bench.isRequesting('I2C1_RX'), true)
  b.read('RXDR')
  assert.equal(b.bench.isRequesting('I2C1_RX'), false)
})

test('each interrupt enable answers to its own flag', () => {
  const cases = [
    [CR1.TXIE, bytes(1), ISR.TXIS],
    [CR1.TCIE, 0, ISR.TC],
    [CR1.STOPIE, AUTOEND, ISR.STOPF],
    [CR1.RXIE, bytes(1) | READ, ISR.RXNE],
    [CR1.TCIE, bytes(1) | READ | RELOAD, ISR.TCR],
  ] as const
  for (const [enable, command, flag] of cases) {
    for (const enabled of [enable, 0]) {
      const b = board()
      b.write('CR1', PE | enabled)
      b.write('CR2', (0x50 << 1) | command | START)
      b.bench.settle()
      assert.ok(b.read('ISR') & flag)
      assert.equal(b.bench.isPending('I2C1_EV'), enabled !== 0)
    }
  }
})

test('arbitration lost and a bus error raise the error interrupt', () => {
  const b = board()
  b.write('CR1', PE | CR1.ERRIE)
  b.write('CR2', (0x50 << 1) | bytes(3) | AUTOEND | START)
  b.bench.settle()
  b.bus.seize()
  assert.deepEqual(b.flags('ARLO', 'TXIS', 'BUSY'), ['ARLO'])
  assert.equal(b.bench.isPending('I2C1_ER'), true)
  b.write('ICR', ISR.ARLO)
  assert.equal(b.bench.isPending('I2C1_ER'), false)
  b.i2c.busError()
  assert.deepEqual(b.flags('BERR'), ['BERR'])
})

test('START waits while another master has the bus', () => {
  const b = board()
  b.write('CR1', PE)
  b.bus.start({ value: 0x50, isTenBit: false, isRead: false })
  b.write('CR2', (0x50 << 1) | bytes(1) | AUTOEND | START)
  b.bench.settle()
  assert.deepEqual(b.flags('TXIS'), [])
  b.bus.stop()
  b.bench.settle()
  assert.deepEqual(b.flags('TXIS'), ['TXIS'])
})

test('PE off in the middle lets go of the bus and clears the flags', () => {
  const b = board()
  b.write('CR1', PE)
  b.write('CR2', (0x50 << 1) | bytes(3) | AUTOEND | START)
  b.bench.settle()
  b.write('CR1', 0)
  b.bench.settle()
  assert.equal(b.read('ISR'), ISR.TXE)
  assert.equal(b.bus.isBusy, false)
  b.write('CR1', PE)
  transmit(b, 0x50, [3, 4])
  assert.equal((b.device as Memory).bytes[3], 4)
})

test('the packet error code is sent, received and compared', () => {
  const memory = new Memory(0x50)
  const b = board(memory)
  b.write('CR1', PE | CR1.PECEN)
  b.write('CR2', (0x50 << 1) | bytes(3) | AUTOEND | PECBYTE | START)
  for (const byte of [0x00, 0x42]) {
    b.bench.settle()
    b.write('TXDR', byte)
  }
  b.bench.settle()
  assert.deepEqual(b.flags('STOPF', 'TXIS'), ['STOPF'])
  const pec = crc8([0xa0, 0x00, 0x42])
  assert.equal(memory.bytes[1], pec)
  for (const wrong of [0, 1]) {
    memory.bytes.set([9, crc8([0xa1, 9]) ^ wrong], 0x30)
    b.write('CR1', PE)
    transmit(b, 0x50, [0x30])
    b.write('ICR', ISR.STOPF)
    b.write('CR1', PE | CR1.PECEN)
    b.write('CR2', (0x50 << 1) | READ | bytes(2) | AUTOEND | PECBYTE | START)
    b.bench.settle()
    b.read('RXDR')
    b.bench.settle()
    b.read('RXDR')
    assert.equal(b.flags('PECERR').length, wrong)
  }
})

function crc8(data: readonly number[]): number {
  let crc = 0
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 7 : 0)) & 0xff
  }
  return crc
}

test('SMBus: a clock held too long is a timeout', () => {
  const b = board()
  b.write('TIMEOUTR', (1 << 15) | 0x187)
  b.write('CR1', PE | CR1.ERRIE)
  b.write('CR2', (0x50 << 1) | bytes(1) | AUTOEND | START)
  b.bench.run(200_000)
  assert.deepEqual(b.flags('TXIS', 'TIMEOUT'), ['TXIS'])
  b.bench.run(2048 * 0x188)
  assert.deepEqual(b.flags('TXIS', 'TIMEOUT'), ['TIMEOUT'])
  assert.equal(b.bench.isPending('I2C1_ER'), true)
})

/** I2C1 and I2C2 of one chip on one bus. */
function pair() {
  const master = board()
  const { bench, bus } = master
  const slave = bench.model.other
  const busesOn = bench.pins.busesOn.bind(bench.pins)
  bench.pins.busesOn = (kind, signals) =>
    busesOn(kind, { scl: signals.scl.replace('2_', '1_'), sda: signals.sda.replace('2_', '1_') })
  const registers = access(slave)
  const flags = (...names: (keyof typeof ISR)[]) =>
    names.filter((name) => registers.read('ISR') & ISR[name])
  return { master, slave: { ...registers, flags, i2c: slave }, bench, bus }
}

test('a slave is addressed, stretches until ADDR is cleared, receives, and sees the STOP', () => {
  const { master, slave, bench } = pair()
  slave.write('OAR1', (1 << 15) | (0x33 << 1))
  slave.write('CR1', PE | CR1.ADDRIE)
  master.write('CR1', PE)
  master.write('CR2', (0x33 << 1) | bytes(2) | AUTOEND | START)
  bench.settle()
  assert.deepEqual(master.flags('TXIS', 'NACKF'), [], 'the clock is held')
  assert.deepEqual(slave.flags('ADDR', 'BUSY'), ['ADDR', 'BUSY'])
  assert.equal(slave.read('ISR') >>> 17, 0x33)
  assert.equal(bench.isPending('I2C2_EV'), true)
  slave.write('ICR', ISR.ADDR)
  const got: number[] = []
  for (const byte of [0x61, 0x62]) {
    bench.settle()
    master.write('TXDR', byte)
    bench.settle()
    got.push(slave.read('RXDR'))
  }
  bench.settle()
  assert.deepEqual(got, [0x61, 0x62])
  assert.deepEqual(slave.flags('STOPF', 'BUSY'), ['STOPF'])
  assert.deepEqual(master.flags('STOPF', 'NACKF'), ['STOPF'])
})

test('a slave sends: TXIS for each byte, NACKF after the last', () => {
  const { master, slave, bench } = pair()
  slave.write('OAR1', (1 << 15) | (0x33 << 1))
  slave.write('CR1', PE)
  master.write('CR1', PE)
  master.write('CR2', (0x33 << 1) | READ | bytes(2) | AUTOEND | START)
  bench.settle()
  assert.equal((slave.read('ISR') >>> 16) & 1, 1, 'DIR')
  slave.write('ICR', ISR.ADDR)
  assert.deepEqual(slave.flags('TXIS'), ['TXIS'])
  const got: number[] = []
  for (const byte of [0x71, 0x72]) {
    slave.write('TXDR', byte)
    bench.settle()
    got.push(master.read('RXDR'))
  }
  bench.settle()
  assert.deepEqual(got, [0x71, 0x72])
  assert.deepEqual(slave.flags('NACKF', 'STOPF', 'TXIS'), ['NACKF', 'STOPF'])
})

test('a slave that does not read stretches; without stretching it overruns and refuses', () => {
  for (const mode of [0, CR1.NOSTRETCH]) {
    const { master, slave, bench } = pair()
    slave.write('OAR1', (1 << 15) | (0x33 << 1))
    slave.write('CR1', PE | mode)
    master.write('CR1', PE)
    master.write('CR2', (0x33 << 1) | bytes(2) | AUTOEND | START)
    bench.settle()
    slave.write('ICR', ISR.ADDR)
    for (const byte of [1, 2]) {
      bench.settle()
      if (master.flags('TXIS').length > 0) master.write('TXDR', byte)
    }
    bench.settle()
    assert.deepEqual(slave.flags('OVR'), mode === 0 ? [] : ['OVR'])
    assert.deepEqual(master.flags('NACKF'), mode === 0 ? [] : ['NACKF'])
  }
})

test('slave addresses: own 1 and 2 with mask, 10-bit, general call, SMBus host and device', () => {
  const OA2EN = 1 << 15
  const cases: [Partial<Record<'CR1' | 'OAR1' | 'OAR2', number>>, boolean, number[]][] = [
    [{ OAR1: (1 << 15) | (0x33 << 1) }, false, [0x33]],
    [{ OAR1: 0x33 << 1 }, false, []],
    [{ OAR2: OA2EN | (0x44 << 1) }, false, [0x44]],
    [{ OAR2: OA2EN | (2 << 8) | (0x44 << 1) }, false, [0x44, 0x45, 0x46, 0x47]],
    [{ CR1: CR1.GCEN }, false, [0]],
    [{ CR1: CR1.SMBHEN }, false, [0x08]],
    [{ CR1: CR1.SMBDEN }, false, [0x61]],
    [{ OAR1: (1 << 15) | (1 << 10) | 0x155 }, true, [0x155]],
    [{ OAR1: (1 << 15) | (1 << 10) | 0x055 }, false, []],
  ]
  for (const [settings, isTenBit, expected] of cases) {
    const b = board()
    for (const name of ['OAR1', 'OAR2'] as const) b.write(name, settings[name] ?? 0)
    b.write('CR1', PE | (settings.CR1 ?? 0))
    const answers: number[] = []
    for (let value = 0; value < (isTenBit ? 1024 : 128); value++) {
      if (value === 0x50) continue
      if (b.bus.start({ value, isTenBit, isRead: false })) answers.push(value)
      b.write('ICR', 0x3f38)
      b.bus.stop()
    }
    assert.deepEqual(answers, expected)
  }
})

test('slave byte control: TCR after NBYTES bytes, NACK refuses the next', () => {
  const { master, slave, bench } = pair()
  slave.write('OAR1', (1 << 15) | (0x33 << 1))
  slave.write('CR1', PE | CR1.SBC)
  slave.write('CR2', bytes(1) | RELOAD)
  master.write('CR1', PE)
  master.write('CR2', (0x33 << 1) | bytes(2) | AUTOEND | START)
  bench.settle()
  slave.write('ICR', ISR.ADDR)
  bench.settle()
  master.write('TXDR', 1)
  bench.settle()
  assert.deepEqual(slave.flags('TCR', 'RXNE'), ['RXNE', 'TCR'].reverse())
  slave.read('RXDR')
  assert.deepEqual(master.flags('TXIS'), [], 'the clock is held')
  slave.write('CR2', bytes(1) | NACK)
  bench.settle()
  master.write('TXDR', 2)
  bench.settle()
  assert.deepEqual(master.flags('NACKF', 'STOPF'), ['NACKF', 'STOPF'])
})
