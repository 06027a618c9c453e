import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Lanes, XspiBus } from '../lines/xspi-bus.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Octospi } from './octospi.ts'
import { Octospim, portWire } from './octospim.ts'

const CR = { EN: 1, ABORT: 2, DMAEN: 4, TCEN: 8, TEIE: 1 << 16, TCIE: 1 << 17, SMIE: 1 << 19 }
const FMODE = { write: 0, read: 1 << 28, poll: 2 << 28, mapped: 3 << 28 }
const [TEF, TCF, FTF, SMF, TOF, BUSY] = [1, 2, 4, 8, 16, 32]
const CCR = { instruction: 1, address: (1 << 8) | (2 << 12), data: 1 << 24, quad: 3 << 24 }

/** OCTOSPI2 at 80 MHz on port 2 with a device of 1 MiB that counts up and notes what it gets. */
function unit() {
  const b = new PeripheralBench(
    'OCTOSPI2',
    { cycleHz: 160e6, hz: 80e6 },
    (wiring) => new Octospi(wiring, 2),
  )
  const log: string[] = []
  const bus = new XspiBus()
  let next = 0x10
  const note = ({ lines, isDtr }: Lanes) => `${lines}${isDtr ? 'd' : ''}`
  bus.attach({
    name: 'counter',
    select: (isSelected) => void log.push(isSelected ? 'select' : 'release'),
    write: (byte, lanes) => void log.push(`${note(lanes)}>${byte.toString(16)}`),
    read: (lanes) => {
      log.push(`${note(lanes)}<`)
      return next++
    },
    dummy: (clocks) => void log.push(`wait ${clocks}`),
  })
  b.pins.attachBus(bus)
  for (const half of ['L', 'H'] as const)
    b.wires
      .get(portWire(2, 2, half))
      .connect()
      .set(true)
  b.write('DCR1', 19 << 16)
  b.write('CR', CR.EN)
  const answer = (byte: number) => {
    next = byte
  }
  return { b, log, answer }
}

test('a command without data goes out when the instruction is written, and TCF tells its end', () => {
  const { b, log } = unit()
  b.write('CR', CR.EN | CR.TCIE)
  b.write('CCR', CCR.instruction)
  b.write('IR', 0x06)
  assert.equal(b.read('SR') & BUSY, BUSY)
  b.run(15)
  assert.equal(b.read('SR') & TCF, 0, 'eight clocks at 80 MHz are sixteen cycles')
  b.run(1)
  assert.equal(b.read('SR') & (TCF | BUSY), TCF)
  assert.equal(b.isPending('OCTOSPI2'), true)
  assert.deepEqual(log, ['select', '1>6', 'release'])
  b.write('FCR', TCF)
  assert.equal(b.isPending('OCTOSPI2'), false)
})

test('all phases travel in their order, on their lines and edges', () => {
  const { b, log } = unit()
  b.write('CR', CR.EN | FMODE.read)
  b.write('DLR', 1)
  b.write('TCR', 6)
  b.write('ABR', 0xa5)
  b.write(
    'CCR',
    4 | (1 << 4) | (4 << 8) | (1 << 11) | (3 << 12) | (4 << 16) | (4 << 24) | (1 << 27),
  )
  b.write('IR', 0xec13)
  b.write('AR', 0x1234)
  b.settle()
  assert.deepEqual(log, [
    ...['select', '8>ec', '8>13', '8d>0', '8d>0', '8d>12', '8d>34', '8>a5', 'wait 6'],
    ...['8d<', '8d<', 'release'],
  ])
  assert.equal(b.read('DR', 2), 0x1110)
})

test('indirect read: FIFO, its level, and BUSY until the last byte is taken', () => {
  const { b } = unit()
  b.write('CR', CR.EN | FMODE.read | (3 << 8))
  b.write('DLR', 39)
  b.write('CCR', CCR.instruction | CCR.address | CCR.data)
  b.write('IR', 0x03)
  b.write('AR', 0)
  b.settle()
  assert.equal(b.read('SR') >>> 8, 32, 'the FIFO is full and the clock waits')
  assert.equal(b.read('SR') & (FTF | TCF | BUSY), FTF | BUSY)
  const words = Array.from({ length: 10 }, () => {
    const word = b.read('DR')
    b.settle()
    return word
  })
  assert.equal(words[0], 0x1312_1110)
  assert.equal(words[9], 0x3736_3534)
  assert.equal(b.read('SR') & (TCF | BUSY | FTF), TCF)
})

test('a read of DR before its bytes are there waits for them', () => {
  const { b } = unit()
  b.write('CR', CR.EN | FMODE.read)
  b.write('CCR', CCR.instruction | CCR.data)
  b.write('DLR', 0)
  b.write('IR', 0x05)
  b.run(16)
  assert.equal(b.read('DR', 1), 0x10)
  assert.equal(b.read('SR') & (TCF | BUSY), TCF)
})

test('indirect write begins with the first byte of data, and takes real time', () => {
  const { b, log } = unit()
  b.write('DLR', 2)
  b.write('CCR', CCR.instruction | CCR.address | CCR.quad)
  b.write('IR', 0x32)
  b.write('AR', 0x100)
  assert.deepEqual([log, b.read('SR') & BUSY], [[], 0])
  for (const byte of [1, 2, 3]) b.write('DR', byte, 1)
  // Four bytes on one line, three on four: 38 clocks, 76 cycles.
  b.run(75)
  assert.equal(b.read('SR') & TCF, 0)
  b.run(1)
  assert.equal(b.read('SR') & (TCF | BUSY), TCF)
  assert.deepEqual(log.slice(-4), ['4>1', '4>2', '4>3', 'release'])
})

test('status polling asks until the masked byte matches, then stops', () => {
  const { b, answer } = unit()
  answer(0x03)
  b.write('CR', CR.EN | CR.SMIE | FMODE.poll | (1 << 22))
  b.write('PSMKR', 0x02)
  b.write('PSMAR', 0x00)
  b.write('PIR', 0x10)
  b.write('DLR', 0)
  b.write('CCR', CCR.instruction | CCR.data)
  b.write('IR', 0x05)
  b.run(40)
  assert.deepEqual([b.read('DR'), b.read('SR') & (SMF | BUSY)], [3, BUSY])
  b.run(10_000)
  assert.deepEqual([b.read('DR'), b.read('SR') & (SMF | BUSY)], [4, SMF])
  assert.equal(b.isPending('OCTOSPI2'), true)
})

test('polling with PMM set ends at any bit that matches', () => {
  const { b, answer } = unit()
  answer(0x81)
  b.write('CR', CR.EN | FMODE.poll | (1 << 22) | (1 << 23))
  b.write('PSMKR', 0x81)
  b.write('PSMAR', 0x80)
  b.write('CCR', CCR.instruction | CCR.data)
  b.write('IR', 0x05)
  b.run(1000)
  assert.equal(b.read('SR') & SMF, SMF)
})

test('an address beyond DEVSIZE, or data that reaches beyond it, is a transfer error', () => {
  const { b, log } = unit()
  b.write('CR', CR.EN | CR.TEIE | FMODE.read)
  b.write('CCR', CCR.instruction | CCR.address | CCR.data)
  b.write('IR', 0x03)
  b.write('AR', 0x10_0000)
  assert.equal(b.read('SR') & (TEF | BUSY), TEF)
  assert.equal(b.isPending('OCTOSPI2'), true)
  b.write('FCR', TEF)
  b.write('DLR', 1)
  b.write('AR', 0xf_ffff)
  assert.equal(b.read('SR') & (TEF | BUSY), TEF)
  assert.deepEqual(log, [])
})

test('ABORT stops what goes on, empties the FIFO and sets TCF', () => {
  const { b, log } = unit()
  b.write('CR', CR.EN | FMODE.read)
  b.write('DLR', 1000)
  b.write('CCR', CCR.instruction | CCR.data)
  b.write('IR', 0x03)
  b.run(200)
  b.write('CR', CR.EN | CR.ABORT | FMODE.read)
  assert.equal(b.read('SR') & (TCF | BUSY | (0x3f << 8)), TCF)
  assert.equal(b.read('CR') & CR.ABORT, 0)
  assert.equal(log.at(-1), 'release')
})

test('DMA asks while the threshold is reached', () => {
  const { b } = unit()
  b.write('CR', CR.EN | CR.DMAEN | FMODE.read | (3 << 8))
  b.write('DLR', 7)
  b.write('CCR', CCR.instruction | CCR.data)
  b.write('IR', 0x03)
  assert.equal(b.isRequesting('OCTOSPI2'), false)
  b.settle()
  assert.equal(b.isRequesting('OCTOSPI2'), true)
  b.read('DR')
  b.read('DR')
  assert.equal(b.isRequesting('OCTOSPI2'), false)
})

test('memory-mapped: sequential reads go on, the time-out releases the chip select', () => {
  const { b, log } = unit()
  const { window } = b.model
  assert.equal(window.read(0, 4), undefined, 'not in this mode')
  b.write('CCR', CCR.instruction | CCR.address | CCR.data)
  b.write('IR', 0x03)
  b.write('LPTR', 100)
  b.write('CR', CR.EN | CR.TCEN | FMODE.mapped)
  assert.equal(window.read(0x20, 2), 0x1110)
  assert.equal(window.read(0x22, 1), 0x12)
  assert.equal(log.filter((entry) => entry === 'select').length, 1)
  assert.equal(b.read('SR') & BUSY, BUSY)
  b.run(200)
  assert.equal(b.read('SR') & (TOF | BUSY), TOF)
  assert.equal(log.at(-1), 'release')
  assert.equal(window.read(0x10_0000, 1), undefined, 'beyond DEVSIZE')
})

test('memory-mapped writes use the write registers', () => {
  const { b, log } = unit()
  b.write('WCCR', CCR.instruction | CCR.address | CCR.data)
  b.write('WIR', 0x02)
  b.write('CR', CR.EN | FMODE.mapped)
  assert.equal(b.model.window.write(0x10, 2, 0xbbaa), true)
  assert.deepEqual(log, ['select', '1>2', '1>0', '1>0', '1>10', '1>aa', '1>bb', 'release'])
})

test('SIOO sends the instruction once', () => {
  const { b, log } = unit()
  b.write('CR', CR.EN | FMODE.mapped)
  b.write('CCR', (CCR.instruction | CCR.address | CCR.data | (1 << 31)) >>> 0)
  b.write('IR', 0x0b)
  b.model.window.read(0, 1)
  b.model.window.read(0x100, 1)
  assert.equal(log.filter((entry) => entry === '1>b').length, 1)
})

test('OCTOSPIM leads each OCTOSPI to its port after reset, and swaps them', () => {
  const b = new PeripheralBench('OCTOSPIM', { cycleHz: 1, hz: 1 }, (wiring) => new Octospim(wiring))
  const led = () =>
    [1, 2].flatMap((n) =>
      [1, 2].filter((p) => b.wires.get(portWire(n, p, 'L')).isHigh).map((p) => `${n}>${p}`),
    )
  assert.deepEqual([b.read('P1CR'), b.read('P2CR')], [0x0301_0111, 0x0705_0333])
  assert.deepEqual(led(), ['1>1', '2>2'])
  b.write('P1CR', 0x0705_0333)
  b.write('P2CR', 0x0301_0111)
  assert.deepEqual(led(), ['1>2', '2>1'])
  b.write('P1CR', 0)
  assert.deepEqual(led(), ['1>2'])
})
