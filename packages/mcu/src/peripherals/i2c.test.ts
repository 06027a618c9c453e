import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ADD10,
  AUTOEND,
  BENCH_HZ,
  board,
  bytes,
  CR1,
  ISR,
  Memory,
  PE,
  PECBYTE,
  READ,
  RELOAD,
  START,
  STOP,
  TIMING_100K,
  transmit,
} from '../testing/i2c-board.ts'
import { i2cLayout } from './i2c.ts'

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
