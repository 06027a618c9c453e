import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CanBus, type CanNode, type CanVerdict } from '../lines/can-bus.ts'
import { type CanFrame, formatFrame, parseFrame } from '../lines/can-frame.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Fdcan } from './fdcan.ts'

const IR = {
  ...{ RF0N: 1, RF0F: 2, RF0L: 4, RF1N: 8, HPM: 1 << 6, TC: 1 << 7, TCF: 1 << 8, TFE: 1 << 9 },
  ...{ TEFN: 1 << 10, TSW: 1 << 13, TOO: 1 << 15, EP: 1 << 17, EW: 1 << 18, BO: 1 << 19 },
  PEA: 1 << 21,
}
const CCCR = { INIT: 1, CCE: 2, ASM: 4, MON: 32, DAR: 64, TEST: 128, FDOE: 256, BRSE: 512 }
const [FIFO0, TRANSMIT, EVENTS] = [0xb0, 0x278, 0x260]
/** 8 MHz: nominal 1 + 11 + 4 quanta are 500 kHz; data 1 + 2 + 1 quanta are 2 MHz. */
const NBTP = (10 << 8) | 3
const DBTP = (1 << 8) | 0

interface Setup {
  readonly cccr?: number
  readonly test?: number
  readonly rxgfc?: number
  readonly queue?: boolean
  readonly verdict?: CanVerdict
}

/** FDCAN1 with another node on its bus that notes what it hears. */
function unit({ cccr = 0, test: loop = 0, rxgfc = 0, queue = false, verdict }: Setup = {}) {
  const b = new PeripheralBench('FDCAN1', { cycleHz: 8e6, hz: 8e6 }, (w) => new Fdcan(w))
  const bus = new CanBus()
  const heard: string[] = []
  let toSend: CanFrame | undefined
  const node: CanNode & { verdict: CanVerdict } = {
    name: 'node',
    verdict: verdict ?? 'acknowledge',
    next: () => toSend,
    begin() {},
    hear({ frame }) {
      heard.push(formatFrame(frame))
      return node.verdict
    },
  }
  bus.attach(node)
  b.pins.attachBus(bus)
  b.write('CCCR', CCCR.INIT)
  b.write('CCCR', CCCR.INIT | CCCR.CCE)
  b.write('CCCR', CCCR.INIT | CCCR.CCE | cccr)
  b.write('NBTP', NBTP)
  b.write('DBTP', DBTP)
  b.write('TEST', loop)
  b.write('RXGFC', rxgfc)
  b.write('TXBC', queue ? 1 << 24 : 0)
  const ram = (at: number) => b.model.window.read(at, 4)!
  const setRam = (at: number, value: number) => b.model.window.write(at, 4, value >>> 0)
  const start = () => {
    b.write('CCCR', cccr)
    b.run(11 * 16)
  }
  /** Writes a transmit buffer and asks for it. */
  const send = (buffer: number, id: number, control: number, ...words: number[]) => {
    setRam(TRANSMIT + buffer * 72, id)
    setRam(TRANSMIT + buffer * 72 + 4, control)
    for (const [n, word] of words.entries()) setRam(TRANSMIT + buffer * 72 + 8 + n * 4, word)
    b.write('TXBAR', 1 << buffer)
  }
  /** The other node sends a frame. */
  const receive = (text: string, nominalHz = 500_000, dataHz = 2_000_000) => {
    toSend = parseFrame(text)!
    bus.contend()
    const outcome = bus.complete({ frame: toSend, nominalHz, dataHz })
    toSend = undefined
    bus.release()
    return outcome
  }
  return { b, bus, node, heard, ram, setRam, start, send, receive }
}
const standard = (id: number) => id << 18
const dlc = (code: number) => code << 16

test('reset values, and a configuration that only CCE opens', () => {
  const b = new PeripheralBench('FDCAN1', { cycleHz: 8e6, hz: 8e6 }, (w) => new Fdcan(w))
  assert.equal(b.read('CREL'), 0x3214_1218)
  assert.equal(b.read('ENDN'), 0x8765_4321)
  assert.deepEqual([b.read('CCCR'), b.read('NBTP'), b.read('DBTP')], [1, 0x0600_0a03, 0xa33])
  assert.deepEqual([b.read('PSR'), b.read('TXFQS')], [0x707, 3])
  b.write('NBTP', 0)
  assert.equal(b.read('NBTP'), 0x0600_0a03)
  b.write('CCCR', 3)
  b.write('NBTP', 0x0001_0203)
  assert.equal(b.read('NBTP'), 0x0001_0203)
  b.write('CCCR', 0)
  assert.equal(b.read('CCCR'), 0, 'CCE goes with INIT')
})

test('sleep is acknowledged, and left', () => {
  const { b } = unit()
  b.write('CCCR', 1 << 4)
  assert.equal(b.read('CCCR') & 0x19, 0x19)
  b.write('CCCR', 1)
  assert.equal(b.read('CCCR') & 0x18, 0)
})

test('a frame is sent in the time of its bits', () => {
  const { b, heard, send, start } = unit()
  b.write('TXBTIE', 7)
  start()
  send(0, standard(0), dlc(0))
  // 47 bits and 6 stuff bits, 16 cycles each.
  b.run(53 * 16 - 1)
  assert.deepEqual([heard, b.read('PSR') & 0x18, b.read('TXBRP')], [[], 0x18, 1])
  b.run(1)
  assert.deepEqual(heard, ['000#'])
  assert.deepEqual([b.read('TXBRP'), b.read('TXBTO')], [0, 1])
  assert.equal(b.read('IR') & (IR.TC | IR.TFE), IR.TC | IR.TFE)
})

test('FD frames: up to 64 bytes, the data phase at its own rate', () => {
  const slow = unit({ cccr: CCCR.FDOE })
  const fast = unit({ cccr: CCCR.FDOE | CCCR.BRSE })
  const took = [slow, fast].map(({ b, heard, start, send }) => {
    start()
    const from = b.cycle
    send(0, standard(0x123), dlc(15) | (3 << 20), 0x4433_2211)
    b.settle()
    assert.match(heard[0]!, /^123##[01]11223344(00){60}$/)
    return b.cycle - from
  })
  assert.equal(took[0]! / took[1]! > 3, true, 'four times the rate for most of it')
})

test('without FDOE the format bits of an element do nothing', () => {
  const { b, heard, send, start } = unit()
  start()
  send(0, standard(0x123), dlc(9) | (3 << 20), 0x4433_2211, 0x8877_6655)
  b.settle()
  assert.deepEqual(heard, ['123#1122334455667788'])
})

test('the transmit FIFO goes in order, the queue by identifier', () => {
  for (const queue of [false, true]) {
    const { b, heard, send, start } = unit({ queue })
    if (queue) assert.equal(b.read('TXFQS'), 0)
    for (const [buffer, id] of [0x300, 0x200, 0x100].entries()) send(buffer, standard(id), dlc(0))
    assert.deepEqual(heard, [])
    start()
    b.run(0)
    for (const [buffer, id] of [0x300, 0x200, 0x100].entries()) send(buffer, standard(id), dlc(0))
    assert.equal((b.read('TXFQS') >>> 21) & 1, 1)
    b.settle()
    assert.deepEqual(heard, queue ? ['300#', '100#', '200#'] : ['300#', '200#', '100#'])
    assert.equal(b.read('TXFQS') & 0x20_0007, queue ? 0 : 3)
  }
})

test('what has not begun can be cancelled; transmit events tell what was sent', () => {
  const { b, heard, ram, send, start } = unit()
  b.write('TXBCIE', 7)
  start()
  send(0, standard(0x10), dlc(0) | (0xab << 24) | (1 << 23))
  send(1, standard(0x11), dlc(0))
  b.write('TXBCR', 2)
  b.settle()
  assert.deepEqual(heard, ['010#'])
  assert.deepEqual([b.read('TXBCF'), b.read('TXBTO')], [2, 1])
  assert.equal(b.read('IR') & (IR.TCF | IR.TEFN), IR.TCF | IR.TEFN)
  assert.equal(b.read('TXEFS') & 7, 1)
  assert.deepEqual([ram(EVENTS) >>> 18, ram(EVENTS + 4) >>> 22], [0x10, 0xab * 4 + 1])
  b.write('TXEFA', 0)
  assert.equal(b.read('TXEFS') & 7, 0)
})

test('standard filters: range, two identifiers, mask, reject; the rest as RXGFC says', () => {
  const { b, ram, setRam, start, receive } = unit({ rxgfc: (4 << 16) | (2 << 4) | (2 << 2) })
  const filter = (n: number, type: number, action: number, one: number, two: number) =>
    setRam(n * 4, (type << 30) | (action << 27) | (one << 16) | two)
  start()
  filter(0, 0, 3, 0x105, 0x105)
  filter(1, 0, 1, 0x100, 0x10f)
  filter(2, 1, 2, 0x200, 0x300)
  filter(3, 2, 1, 0x400, 0x7f0)
  for (const id of ['100', '105', '300', '40F', '500']) receive(`${id}#AA`)
  assert.equal(b.read('RXF0S') & 15, 2)
  assert.equal(b.read('RXF1S') & 15, 1)
  assert.deepEqual([ram(FIFO0) >>> 18, ram(FIFO0 + 72) >>> 18], [0x100, 0x40f])
  assert.deepEqual([ram(FIFO0 + 4) >>> 24, ram(FIFO0 + 8) & 0xff], [1, 0xaa])
})

test('extended filters look through the mask; unmatched frames carry ANMF', () => {
  const { b, ram, setRam, start, receive } = unit({ rxgfc: (1 << 24) | (1 << 2) })
  start()
  setRam(0x70, (1 << 29) | 0x0123_4567)
  setRam(0x74, (2 << 30) | 0x1fff_ff00)
  receive('01234567#01')
  receive('01235500#02')
  assert.deepEqual([b.read('RXF0S') & 15, b.read('RXF1S') & 15], [1, 1])
  assert.equal(ram(FIFO0) >>> 0, 0x4123_4567)
  assert.equal(ram(0x188 + 4) >>> 31, 1)
})

test('a full FIFO loses what comes, or the oldest; acknowledging makes room', () => {
  for (const overwrite of [0, 1 << 9]) {
    const { b, ram, start, receive } = unit({ rxgfc: overwrite })
    start()
    for (const id of ['001', '002', '003', '004']) receive(`${id}#`)
    const status = b.read('RXF0S')
    assert.equal(status & 15, 3)
    assert.equal(b.read('IR') & IR.RF0L, overwrite ? 0 : IR.RF0L)
    const oldest = (status >>> 8) & 3
    assert.equal(ram(FIFO0 + oldest * 72) >>> 18, overwrite ? 2 : 1)
    b.write('RXF0A', oldest)
    assert.equal(b.read('RXF0S') & 15, 2)
  }
})

test('high priority messages leave their status', () => {
  const { b, setRam, start, receive } = unit({ rxgfc: 1 << 16 })
  start()
  setRam(0, (5 << 27) | (0x111 << 16) | 0x111)
  receive('111#')
  assert.equal(b.read('IR') & IR.HPM, IR.HPM)
  assert.equal(b.read('HPMS'), 2 << 6)
})

test('remote frames are kept or rejected', () => {
  const keep = unit()
  keep.start()
  keep.receive('123#R4')
  assert.equal(keep.ram(FIFO0), (0x123 << 18) | (1 << 29))
  assert.equal((keep.ram(FIFO0 + 4) >>> 16) & 15, 4)
  const reject = unit({ rxgfc: 2 })
  reject.start()
  reject.receive('123#R4')
  assert.equal(reject.b.read('RXF0S') & 15, 0)
})

test('nobody acknowledges: error passive, never bus off, and tried again', () => {
  const { b, send, start, heard, node } = unit({ verdict: 'ignore' })
  start()
  send(0, standard(1), dlc(0))
  b.run(200_000)
  assert.equal(b.read('ECR') & 0xff, 128)
  assert.equal(b.read('PSR') & 0xff & ~0x18, (1 << 5) | (1 << 6) | 3)
  assert.equal(b.read('IR') & (IR.EP | IR.EW | IR.BO | IR.PEA), IR.EP | IR.EW | IR.PEA)
  assert.equal(b.read('PSR') & 7, 7, 'a read leaves "no change"')
  node.verdict = 'acknowledge'
  heard.length = 0
  b.run(2000)
  assert.deepEqual(heard, ['001#'])
  assert.equal(b.read('ECR') & 0xff, 127)
})

test('DAR gives up after the first attempt', () => {
  const { b, send, start, heard } = unit({ verdict: 'ignore', cccr: CCCR.DAR })
  start()
  send(0, standard(1), dlc(0))
  b.settle()
  assert.equal(heard.length, 1)
  assert.deepEqual([b.read('TXBRP'), b.read('TXBCF'), b.read('TXBTO')], [0, 1, 0])
})

test('errors lead to bus off, which INIT and 129 sequences of recessive bits end', () => {
  const { b, send, start, node, heard } = unit({ verdict: 'error' })
  start()
  send(0, standard(1), dlc(0))
  b.run(200_000)
  assert.equal(b.read('PSR') & 0x80, 0x80)
  assert.equal(b.read('CCCR') & 1, 1)
  assert.equal(b.read('IR') & IR.BO, IR.BO)
  b.write('IR', 0xff_ffff)
  node.verdict = 'acknowledge'
  heard.length = 0
  b.write('CCCR', 0)
  b.run(129 * 11 * 16 - 1)
  assert.equal(b.read('PSR') & 0x80, 0x80)
  b.run(1)
  assert.deepEqual([b.read('PSR') & 0x80, b.read('ECR')], [0, 0])
  b.run(60 * 16)
  assert.deepEqual(heard, ['001#'])
})

test('another bit rate and unknown formats are errors that count', () => {
  const { b, start, receive } = unit()
  start()
  assert.equal(receive('123#', 250_000), 'error')
  assert.deepEqual([(b.read('ECR') >>> 8) & 0x7f, b.read('PSR') & 7], [1, 1])
  assert.equal(receive('123##0'), 'error')
  assert.equal(b.read('PSR') & 7, 2)
  assert.equal(receive('123#'), 'sent')
  assert.equal((b.read('ECR') >>> 8) & 0x7f, 1)
  assert.equal(b.read('ECR') >>> 16, 0, 'reading ECR cleared its log')
})

test('loop-backs receive what they send: outside with the others, inside alone', () => {
  const outside = unit({ cccr: CCCR.TEST, test: 1 << 4, verdict: 'ignore' })
  const inside = unit({ cccr: CCCR.TEST | CCCR.MON, test: 1 << 4 })
  for (const { b, send, start, ram } of [outside, inside]) {
    start()
    send(0, standard(0x55), dlc(2), 0x2211)
    b.settle()
    assert.deepEqual([b.read('RXF0S') & 15, b.read('TXBTO')], [1, 1])
    assert.deepEqual([ram(FIFO0) >>> 18, ram(FIFO0 + 8)], [0x55, 0x2211])
  }
  assert.deepEqual([outside.heard, inside.heard], [['055#1122'], []])
})

test('a bus monitor hears and never speaks; restricted operation acknowledges', () => {
  const monitor = unit({ cccr: CCCR.MON })
  monitor.start()
  assert.equal(monitor.receive('123#'), 'not acknowledged')
  assert.equal(monitor.b.read('RXF0S') & 15, 1)
  const restricted = unit({ cccr: CCCR.ASM })
  restricted.start()
  assert.equal(restricted.receive('123#'), 'sent')
  restricted.send(0, standard(1), dlc(0))
  restricted.b.settle()
  assert.deepEqual(restricted.heard, [])
})

test('time stamps count bits, wrap, and stand in the elements', () => {
  const { b, ram, start, receive } = unit()
  b.write('TSCC', 1 | (1 << 16))
  start()
  const before = b.read('TSCV')
  b.run(16 * 20)
  assert.equal(b.read('TSCV') - before, 10)
  receive('001#')
  assert.equal(ram(FIFO0 + 4) & 0xffff, b.read('TSCV'))
  b.run(16 * 2 * 65_536)
  assert.equal(b.read('IR') & IR.TSW, IR.TSW)
})

test('the time-out of a FIFO runs from its first element until it is read', () => {
  const { b, start, receive } = unit()
  b.write('TOCC', (99 << 16) | (2 << 1) | 1)
  start()
  b.run(16 * 200)
  assert.equal(b.read('IR') & IR.TOO, 0)
  receive('001#')
  b.run(16 * 50)
  assert.equal(b.read('TOCV'), 49)
  b.run(16 * 50)
  assert.equal(b.read('IR') & IR.TOO, IR.TOO)
})

test('groups of interrupts go to the line that ILS says', () => {
  const { b, start, receive } = unit()
  b.write('IE', IR.RF0N)
  b.write('ILE', 3)
  start()
  receive('001#')
  assert.deepEqual([b.isPending('FDCAN1_IT0'), b.isPending('FDCAN1_IT1')], [true, false])
  b.write('ILS', 1)
  assert.deepEqual([b.isPending('FDCAN1_IT0'), b.isPending('FDCAN1_IT1')], [false, true])
  b.write('IR', IR.RF0N)
  assert.equal(b.isPending('FDCAN1_IT1'), false)
})

test('two chips on one bus hear each other', () => {
  const one = unit()
  const two = new PeripheralBench('FDCAN1', { cycleHz: 8e6, hz: 8e6 }, (w) => new Fdcan(w))
  two.pins.attachBus(one.bus)
  two.write('CCCR', 3)
  two.write('NBTP', NBTP)
  two.write('CCCR', 0)
  two.run(11 * 16)
  one.node.verdict = 'ignore'
  one.start()
  one.send(0, standard(0x77), dlc(1), 0x5a)
  one.b.settle(10_000)
  assert.equal(two.read('RXF0S') & 15, 1)
  assert.equal(two.model.window.read(FIFO0 + 8, 1), 0x5a)
  assert.equal(one.b.read('TXBTO'), 1)
})
