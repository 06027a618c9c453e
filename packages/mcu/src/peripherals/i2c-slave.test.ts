/** The chip as a target: addressed, read and written by its own second I2C. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AUTOEND,
  access,
  board,
  bytes,
  CR1,
  ISR,
  NACK,
  PE,
  READ,
  RELOAD,
  START,
} from '../testing/i2c-board.ts'

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
