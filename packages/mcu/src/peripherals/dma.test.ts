import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { dmas } from './dma.ts'

const CR = { EN: 1, RESET: 2, SUSP: 4, TCIE: 1 << 8, HTIE: 1 << 9, DTEIE: 1 << 10 }
const SR = { IDLE: 1, TC: 1 << 8, HT: 1 << 9, DTE: 1 << 10, ULE: 1 << 11, USE: 1 << 12 }
const SUSPF = 1 << 13
const TR1 = { SINC: 1 << 3, DINC: 1 << 19, PACK: 2 << 11, SIGN: 1 << 11 }
const TR2 = { SWREQ: 1 << 9, DREQ: 1 << 10, RISING: 1 << 24 }
const width = (source: number, destination: number) => source | (destination << 16)
const SOURCE = 0x1000
const DESTINATION = 0x2000

function dma() {
  const bench = new PeripheralBench('GPDMA1', { cycleHz: 160e6, hz: 160e6 }, dmas.GPDMA1)
  const channel = (n: number) => ({
    set(values: Readonly<Record<string, number>>) {
      for (const [name, value] of Object.entries(values)) bench.write(`C${n}${name}`, value)
    },
    get: (name: string) => bench.read(`C${n}${name}`),
  })
  for (let at = 0; at < 0x800; at++) bench.memory[SOURCE + at] = (at * 7 + 1) & 0xff
  const copied = (bytes: number) => bench.memory.slice(DESTINATION, DESTINATION + bytes)
  const original = (bytes: number) => bench.memory.slice(SOURCE, SOURCE + bytes)
  return { bench, channel, copied, original }
}

const memoryToMemory = {
  TR1: width(2, 2) | TR1.SINC | TR1.DINC,
  TR2: TR2.SWREQ,
  SAR: SOURCE,
  DAR: DESTINATION,
}

test('memory to memory in every width, with flags, interrupt and an idle end', () => {
  for (const size of [0, 1, 2]) {
    for (let n = 0; n < 16; n++) {
      const { bench, channel, copied, original } = dma()
      const unit = channel(n)
      unit.set({ ...memoryToMemory, TR1: width(size, size) | TR1.SINC | TR1.DINC, BR1: 64 })
      assert.equal(unit.get('SR'), SR.IDLE)
      unit.set({ CR: CR.EN | CR.TCIE })
      assert.equal(unit.get('SR') & SR.IDLE, 0)
      unit.set({ BR1: 8 })
      bench.run(10_000)
      assert.deepEqual(copied(64), original(64), 'a running channel takes no new length')
      assert.equal(unit.get('SR'), SR.IDLE | SR.TC | SR.HT)
      assert.equal(unit.get('BR1') & 0xffff, 0)
      assert.equal(unit.get('SAR'), SOURCE + 64)
      assert.equal(unit.get('CR') & CR.EN, 0)
      assert.equal(bench.isPending(`GPDMA1_CH${n}`), true)
      assert.equal(bench.read('MISR'), 1 << n)
      unit.set({ FCR: SR.TC | SR.HT })
      assert.equal(bench.isPending(`GPDMA1_CH${n}`), false)
    }
  }
})

test('a peripheral is served once per request, half and end interrupt on the way', () => {
  const { bench, channel } = dma()
  const unit = channel(3)
  const request = bench.requests.get('USART1_RX').connect()
  unit.set({ TR1: width(0, 0) | TR1.DINC, TR2: 24, SAR: SOURCE, DAR: DESTINATION, BR1: 8 })
  unit.set({ CR: CR.EN | CR.HTIE | CR.TCIE })
  const interruptAt: number[] = []
  for (let n = 1; n <= 8; n++) {
    bench.run(1000)
    assert.equal(unit.get('BR1'), 9 - n, 'nothing without a request')
    bench.memory[SOURCE] = n
    request.set(true)
    bench.run(4)
    request.set(false)
    bench.run(100)
    if (bench.isPending('GPDMA1_CH3')) interruptAt.push(n)
    unit.set({ FCR: 0x7f00 })
  }
  assert.deepEqual([...bench.memory.slice(DESTINATION, DESTINATION + 8)], [1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual(interruptAt, [4, 8])
  assert.equal(unit.get('CR') & CR.EN, 0)
})

test('a request of the destination takes one burst, however wide the source is read', () => {
  const { bench, channel, copied, original } = dma()
  const unit = channel(0)
  const request = bench.requests.get('USART1_TX').connect()
  unit.set({ ...memoryToMemory, TR1: width(0, 0) | TR1.SINC | TR1.DINC })
  unit.set({ TR2: 25 | TR2.DREQ, BR1: 3, CR: CR.EN })
  request.set(true)
  bench.run(1000)
  assert.deepEqual(copied(3), original(3))
})

test('widths that differ: truncated, padded with zeros, with the sign, packed', () => {
  const cases = [
    [2, 0, 0, [0x01, 0x1d]],
    [2, 0, TR1.SIGN, [0x16, 0x32]],
    [0, 1, 0, [0x01, 0, 0x08, 0, 0x8f, 0]],
    [0, 1, TR1.SIGN, [0x01, 0, 0x08, 0, 0x8f, 0xff]],
    [0, 2, TR1.PACK, [0x01, 0x08, 0x8f, 0x16]],
    [2, 0, TR1.PACK, [0x01, 0x08, 0x8f, 0x16]],
  ] as const
  for (const [source, destination, mode, expected] of cases) {
    const { bench, channel, copied } = dma()
    bench.memory[SOURCE + 2] = 0x8f
    const bytes = source === 2 ? (mode === TR1.PACK ? 4 : 8) : mode === TR1.PACK ? 4 : 3
    const tr1 = width(source, destination) | TR1.SINC | TR1.DINC | mode
    channel(1).set({ ...memoryToMemory, TR1: tr1, BR1: bytes, CR: CR.EN })
    bench.run(1000)
    assert.deepEqual([...copied(expected.length)], expected, `${source} to ${destination}, ${mode}`)
  }
})

test('bytes and halfwords change places on the way', () => {
  for (const [bits, expected] of [
    [1 << 13, [1, 3, 2, 4]],
    [1 << 26, [2, 1, 4, 3]],
    [1 << 27, [3, 4, 1, 2]],
  ] as const) {
    const { bench, channel, copied } = dma()
    bench.memory.set([1, 2, 3, 4], SOURCE)
    channel(0).set({ ...memoryToMemory, TR1: memoryToMemory.TR1 | bits, BR1: 4, CR: CR.EN })
    bench.run(100)
    assert.deepEqual([...copied(4)], expected)
  }
})

/** Words of a linear node: TR1, TR2, BR1, SAR, DAR, LLR. */
function node(memory: Uint8Array, address: number, words: readonly number[]): void {
  const view = new DataView(memory.buffer)
  for (const [at, word] of words.entries()) view.setUint32(address + at * 4, word, true)
}
const ALL = 0xf801_0000 >>> 0

test('a list runs from its first node, as HAL starts it, and ends where the link is zero', () => {
  const { bench, channel } = dma()
  const unit = channel(2)
  const words = (from: number, to: number, next: number) => [
    ...[memoryToMemory.TR1, TR2.SWREQ, 8, from, to, next],
  ]
  node(bench.memory, 0x100, words(SOURCE, DESTINATION, ALL | 0x200))
  node(bench.memory, 0x200, words(SOURCE + 0x40, DESTINATION + 8, 0))
  unit.set({ LBAR: 0, LLR: ALL | 0x100, BR1: 0, CR: CR.EN | CR.TCIE })
  bench.run(1000)
  assert.deepEqual(
    bench.memory.slice(DESTINATION, DESTINATION + 8),
    bench.memory.slice(SOURCE, SOURCE + 8),
  )
  assert.deepEqual(
    bench.memory.slice(DESTINATION + 8, DESTINATION + 16),
    bench.memory.slice(SOURCE + 0x40, SOURCE + 0x48),
  )
  assert.equal(unit.get('SR'), SR.IDLE | SR.TC | SR.HT)
})

test('a circular list goes on for ever, and completes once a round', () => {
  const { bench, channel } = dma()
  const unit = channel(2)
  const request = bench.requests.get('ADC1').connect()
  node(bench.memory, 0x100, [width(0, 0) | TR1.DINC, 0, 4, SOURCE, DESTINATION, ALL | 0x100])
  unit.set({ LLR: ALL | 0x100, CR: CR.EN })
  let rounds = 0
  bench.run(100)
  for (let n = 0; n < 40; n++) {
    bench.memory[SOURCE] = n
    request.set(true)
    bench.run(4)
    request.set(false)
    bench.run(60)
    if (unit.get('SR') & SR.TC) rounds++
    unit.set({ FCR: 0x7f00 })
  }
  assert.equal(rounds, 10)
  assert.deepEqual([...bench.memory.slice(DESTINATION, DESTINATION + 4)], [36, 37, 38, 39])
})

test('rows of blocks with jumps: every second word, transposed', () => {
  const { bench, channel } = dma()
  const unit = channel(12)
  unit.set({ ...memoryToMemory, TR3: 4, BR2: (0x20 << 16) | 0 })
  unit.set({ BR1: 8 | (2 << 16), CR: CR.EN })
  bench.run(2000)
  const view = new DataView(bench.memory.buffer)
  const word = (at: number) => view.getUint32(at, true)
  for (let row = 0; row < 3; row++) {
    for (let n = 0; n < 2; n++) {
      const to = DESTINATION + row * (8 + 0x20) + n * 4
      assert.equal(word(to), word(SOURCE + row * 16 + n * 8), `row ${row}, word ${n}`)
    }
  }
  assert.equal(unit.get('SR'), SR.IDLE | SR.TC | SR.HT)
})

test('errors end the channel and say which: bus, link, setting', () => {
  const bus = dma()
  bus.bench.memoryEnd = 0x3000
  bus.channel(0).set({ ...memoryToMemory, SAR: 0x2ff8, BR1: 32, CR: CR.EN | CR.DTEIE })
  bus.bench.run(1000)
  assert.equal(bus.channel(0).get('SR') & (SR.DTE | SR.TC | SR.IDLE), SR.DTE | SR.IDLE)
  assert.equal(bus.channel(0).get('BR1'), 24, 'two words were read')
  assert.equal(bus.bench.isPending('GPDMA1_CH0'), true)
  const link = dma()
  link.bench.memoryEnd = 0x3000
  link.channel(0).set({ LLR: ALL | 0x4000, CR: CR.EN })
  link.bench.run(100)
  assert.equal(link.channel(0).get('SR'), SR.ULE | SR.IDLE)
  for (const wrong of [{ BR1: 6 }, { SAR: SOURCE + 2 }, { DAR: DESTINATION + 1 }]) {
    const setting = dma()
    setting.channel(0).set({ ...memoryToMemory, BR1: 8, ...wrong, CR: CR.EN })
    assert.equal(setting.channel(0).get('SR'), SR.USE | SR.IDLE, JSON.stringify(wrong))
  }
})

test('a suspended channel waits, goes on, or is reset, as HAL aborts it', () => {
  const { bench, channel, copied, original } = dma()
  const unit = channel(0)
  unit.set({ ...memoryToMemory, BR1: 256, CR: CR.EN })
  bench.run(40)
  unit.set({ CR: CR.EN | CR.SUSP })
  bench.run(100)
  assert.equal(unit.get('SR') & SUSPF, SUSPF)
  const left = unit.get('BR1')
  assert.ok(left > 0 && left < 256)
  bench.run(1000)
  assert.equal(unit.get('BR1'), left)
  unit.set({ FCR: SUSPF, CR: CR.EN })
  bench.run(10_000)
  assert.deepEqual(copied(256), original(256))
  unit.set({ SAR: SOURCE, BR1: 256, CR: CR.EN })
  bench.run(40)
  unit.set({ CR: CR.EN | CR.SUSP })
  bench.run(100)
  unit.set({ CR: CR.EN | CR.SUSP | CR.RESET })
  assert.equal(unit.get('CR'), 0)
  assert.equal(unit.get('SR') & (SR.IDLE | SUSPF), SR.IDLE)
})

test('a trigger lets one block go', () => {
  const { bench, channel } = dma()
  const unit = channel(12)
  unit.set({ ...memoryToMemory, TR2: TR2.SWREQ | TR2.RISING | (3 << 16), BR1: 8 | (1 << 16) })
  unit.set({ CR: CR.EN })
  bench.run(1000)
  assert.equal(unit.get('BR1'), 8 | (1 << 16))
  bench.wires.get('EXTI3').pulse()
  bench.run(1000)
  assert.equal(unit.get('BR1'), 8)
  bench.wires.get('EXTI3').pulse()
  bench.run(1000)
  assert.equal(unit.get('SR') & SR.TC, SR.TC)
})

test('the higher priority goes first, then the lower number', () => {
  const { bench, channel } = dma()
  const order: number[] = []
  for (const n of [2, 1, 0]) {
    bench.wires.get(`GPDMA1_CH${n}_TC`).listen((isHigh) => isHigh && order.push(n))
    channel(n).set({ ...memoryToMemory, BR1: 16, CR: CR.EN | (n === 2 ? 3 << 22 : 0) })
  }
  bench.run(1000)
  assert.deepEqual(order, [2, 0, 1])
})

test('a secure channel is closed to non-secure code', () => {
  const { bench, channel } = dma()
  bench.model.registers.write(0, 4, 1 << 4, true)
  channel(4).set({ SAR: 0x1234 })
  channel(5).set({ SAR: 0x1234 })
  assert.equal(channel(4).get('SAR'), 0)
  assert.equal(channel(5).get('SAR'), 0x1234)
  assert.equal(bench.model.registers.read(0x50 + 4 * 0x80 + 0x4c, 4, true), 0)
})

test('reset forgets what was under way', () => {
  const { bench, channel } = dma()
  channel(0).set({ ...memoryToMemory, BR1: 256, CR: CR.EN | CR.TCIE })
  bench.run(30)
  bench.model.reset()
  bench.run(10_000)
  assert.equal(channel(0).get('SR'), SR.IDLE)
  assert.equal(channel(0).get('SAR'), 0)
  assert.equal(bench.isPending('GPDMA1_CH0'), false)
})
