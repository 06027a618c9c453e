import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SdBus, type SdReadBlock, type SdResponse, type SdWriteAnswer } from '../lines/sd-bus.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Sdmmc } from './sdmmc.ts'

const FLAG = {
  ...{ CCRCFAIL: 1, DCRCFAIL: 2, CTIMEOUT: 4, DTIMEOUT: 8, TXUNDERR: 16, RXOVERR: 32 },
  ...{ CMDREND: 64, CMDSENT: 128, DATAEND: 256, DABORT: 1 << 11, DPSMACT: 1 << 12 },
  ...{ CPSMACT: 1 << 13, TXFIFOHE: 1 << 14, RXFIFOHF: 1 << 15, RXFIFOE: 1 << 19 },
  ...{ BUSYD0: 1 << 20, BUSYD0END: 1 << 21, IDMATE: 1 << 27, IDMABTC: 1 << 28 },
}
const CPSMEN = 1 << 12
const CMDTRANS = 1 << 6
const CMDSTOP = 1 << 7
const SHORT = 1 << 8
const LONG = 3 << 8
const READ = (9 << 4) | 2
const WRITE = 9 << 4
const HWFC = 1 << 17

const short = (index: number, word = 0x900): SdResponse => ({
  ...{ index, words: [word], hasCrc: true, busySeconds: 0 },
})

/** SDMMC1 at 48 MHz with a card whose answers the test sets. */
function unit() {
  const b = new PeripheralBench('SDMMC1', { cycleHz: 48e6, hz: 48e6 }, (w) => new Sdmmc(w))
  const card = {
    name: 'card',
    response: undefined as SdResponse | undefined,
    blocks: [] as (SdReadBlock | undefined)[],
    written: [] as Uint8Array[],
    answer: { isAccepted: true, busySeconds: 0 } as SdWriteAnswer | undefined,
    command: () => card.response,
    readBlock: () => card.blocks.shift(),
    writeBlock: (bytes: Uint8Array) => {
      card.written.push(bytes)
      return card.answer
    },
  }
  const bus = new SdBus()
  bus.insert(card)
  b.pins.attachBus(bus)
  b.write('POWER', 3)
  b.write('DTIMER', 100_000)
  const has = (flag: number) => (b.read('STAR') & flag) !== 0
  return { b, card, bus, has }
}

const block = (first: number, more: Partial<SdReadBlock> = {}): SdReadBlock => ({
  ...{ bytes: Uint8Array.from({ length: 512 }, (_, n) => first + n), afterSeconds: 0 },
  ...{ isIntact: true },
  ...more,
})

test('a command without response is sent in its 48 clocks', () => {
  const { b, has } = unit()
  b.write('CMDR', CPSMEN | 0)
  assert.equal(has(FLAG.CPSMACT), true)
  b.run(55)
  assert.equal(has(FLAG.CMDSENT), false)
  b.run(1)
  assert.deepEqual([has(FLAG.CMDSENT), has(FLAG.CPSMACT)], [true, false])
})

test('a short response: its word, its index, and CMDREND', () => {
  const { b, card, has } = unit()
  card.response = short(13, 0x1234_5678)
  b.write('MASKR', FLAG.CMDREND)
  b.write('CMDR', CPSMEN | SHORT | 13)
  b.settle()
  assert.equal(has(FLAG.CMDREND), true)
  assert.deepEqual([b.read('RESPCMDR'), b.read('RESP1R')], [13, 0x1234_5678])
  assert.equal(b.isPending('SDMMC1'), true)
  b.write('ICR', FLAG.CMDREND)
  assert.equal(b.isPending('SDMMC1'), false)
})

test('a long response fills four words; no response is a time-out; R3 fails the checksum', () => {
  const { b, card, bus, has } = unit()
  card.response = { ...short(63), words: [1, 2, 3, 4] }
  b.write('CMDR', CPSMEN | LONG | 2)
  b.settle()
  const words = (['RESP1R', 'RESP2R', 'RESP3R', 'RESP4R'] as const).map((name) => b.read(name))
  assert.deepEqual(words, [1, 2, 3, 4])
  card.response = { ...short(63), hasCrc: false }
  b.write('CMDR', CPSMEN | SHORT | 41)
  b.settle()
  assert.equal(has(FLAG.CCRCFAIL), true)
  bus.insert(undefined)
  b.write('CMDR', CPSMEN | SHORT | 8)
  b.settle()
  assert.equal(has(FLAG.CTIMEOUT), true)
})

test('a block is read through the FIFO, eight words at a time', () => {
  const { b, card, has } = unit()
  card.response = short(17)
  card.blocks = [block(0)]
  b.write('DLENR', 512)
  b.write('CLKCR', HWFC | (1 << 14))
  b.write('DCTRL', READ)
  b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 17)
  const words: number[] = []
  for (let n = 0; n < 16; n++) {
    b.settle()
    assert.equal(has(FLAG.RXFIFOHF), true, `half ${n}`)
    for (let k = 0; k < 8; k++) words.push(b.read('FIFOR'))
  }
  b.settle()
  assert.equal(words.length, 128)
  assert.deepEqual([words[0], words[127]], [0x0302_0100, 0xfffe_fdfc])
  assert.deepEqual([has(FLAG.DATAEND), has(FLAG.DPSMACT), b.read('DCNTR')], [true, false, 0])
  assert.equal(has(FLAG.RXFIFOE), true)
})

test('data takes its clocks: one line, four lines', () => {
  for (const [width, clocks] of [
    [0, 512 * 8 + 18],
    [1, (512 * 8) / 4 + 18],
  ] as const) {
    const { b, card, has } = unit()
    card.response = short(17)
    card.blocks = [block(0)]
    b.write('CLKCR', width << 14)
    b.write('IDMACTRLR', 1)
    b.write('DLENR', 512)
    b.write('DCTRL', READ)
    b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 17)
    b.run(104 + clocks - 1)
    assert.equal(has(FLAG.DATAEND), false)
    b.run(1)
    assert.equal(has(FLAG.DATAEND), true)
    assert.deepEqual([...b.memory.subarray(0, 3)], [0, 1, 2])
  }
})

test('without flow control a full FIFO is an overrun; with it the clock waits', () => {
  for (const flow of [0, HWFC]) {
    const { b, card, has } = unit()
    card.response = short(17)
    card.blocks = [block(0)]
    b.write('CLKCR', flow)
    b.write('DLENR', 512)
    b.write('DCTRL', READ)
    b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 17)
    b.settle()
    assert.deepEqual([has(FLAG.RXOVERR), has(FLAG.DPSMACT)], [flow === 0, flow !== 0])
  }
})

test('no data, data too late and a wrong checksum end the transfer with their flags', () => {
  const cases = [
    [undefined, FLAG.DTIMEOUT],
    [block(0, { afterSeconds: 1 }), FLAG.DTIMEOUT],
    [block(0, { isIntact: false }), FLAG.DCRCFAIL],
  ] as const
  for (const [answer, flag] of cases) {
    const { b, card, has } = unit()
    card.response = short(17)
    card.blocks = [answer]
    b.write('IDMACTRLR', 1)
    b.write('DLENR', 512)
    b.write('DCTRL', READ)
    b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 17)
    b.settle()
    assert.deepEqual([has(flag), has(FLAG.DATAEND), has(FLAG.DPSMACT)], [true, false, false])
  }
})

test('blocks are written through the FIFO; the card is busy after each', () => {
  const { b, card, has } = unit()
  card.response = short(25)
  card.answer = { isAccepted: true, busySeconds: 0.0001 }
  b.write('CLKCR', HWFC)
  b.write('DLENR', 1024)
  b.write('DCTRL', WRITE)
  b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 25)
  for (let word = 0; word < 256; word++) {
    if (word % 8 === 0) {
      b.settle()
      assert.equal(has(FLAG.TXFIFOHE), true)
    }
    b.write('FIFOR', word)
  }
  b.settle()
  assert.equal(has(FLAG.DATAEND), true)
  assert.deepEqual(
    card.written.map(({ length }) => length),
    [512, 512],
  )
  assert.equal(card.written[1]![0], 128)
})

test('a refused block is a checksum error; a FIFO that runs dry is an underrun', () => {
  const { b, card, has } = unit()
  card.response = short(24)
  card.answer = { isAccepted: false, busySeconds: 0 }
  b.write('IDMACTRLR', 1)
  b.write('DLENR', 512)
  b.write('DCTRL', WRITE)
  b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 24)
  b.settle()
  assert.equal(has(FLAG.DCRCFAIL), true)
  b.write('IDMACTRLR', 0)
  b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 24)
  for (let word = 0; word < 8; word++) b.write('FIFOR', word)
  b.settle()
  for (let word = 0; word < 8; word++) b.write('FIFOR', word)
  b.settle()
  assert.equal(has(FLAG.TXUNDERR), true)
})

test('the internal DMA follows a linked list of buffers, and tells a bus error', () => {
  const { b, card, has } = unit()
  const view = new DataView(b.memory.buffer)
  card.response = short(18)
  card.blocks = [block(0)]
  // The second buffer, described at 0x100, has the other half.
  view.setUint32(0x104, 0x2000, true)
  view.setUint32(0x108, 256, true)
  b.write('IDMABSIZER', 256)
  b.write('IDMABASER', 0x1000)
  b.write('IDMABAR', 0x100)
  b.write('IDMALAR', 0xc000_0000)
  b.write('IDMACTRLR', 3)
  b.write('DLENR', 512)
  b.write('DCTRL', READ)
  b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 18)
  b.settle()
  assert.deepEqual([has(FLAG.DATAEND), has(FLAG.IDMABTC)], [true, true])
  assert.deepEqual([b.memory[0x1000 + 255], b.memory[0x2000], b.memory[0x20ff]], [255, 0, 255])
  card.blocks = [block(0)]
  b.memoryEnd = 0x10
  b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 18)
  b.settle()
  assert.equal(has(FLAG.IDMATE), true)
})

test('CMD12 with CMDSTOP aborts; a busy response holds D0 and tells its end', () => {
  const { b, card, has } = unit()
  card.response = short(18)
  card.blocks = [block(0)]
  b.write('CLKCR', HWFC)
  b.write('DLENR', 1024)
  b.write('DCTRL', READ)
  b.write('CMDR', CPSMEN | CMDTRANS | SHORT | 18)
  b.settle()
  card.response = { ...short(12), busySeconds: 0.001 }
  b.write('CMDR', CPSMEN | CMDSTOP | SHORT | 12)
  assert.deepEqual([has(FLAG.DABORT), has(FLAG.DPSMACT)], [true, false])
  b.run(104)
  assert.deepEqual([has(FLAG.CMDREND), has(FLAG.BUSYD0)], [true, true])
  b.run(48_000)
  assert.deepEqual([has(FLAG.BUSYD0), has(FLAG.BUSYD0END)], [false, true])
})
