import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'

function socket(given: Record<string, number | string | Uint8Array> = {}) {
  const bench = new PartBench('sd-card', { size: 4, detect: 'PA1', ...given })
  const send = (index: number, argument = 0) => bench.card?.command(index, argument)
  const word = (index: number, argument = 0) => send(index, argument)?.words[0]
  /** As a host brings a card up; its address. */
  const identify = (high = true) => {
    send(0)
    send(8, 0x1aa)
    for (let n = 0; n < 4; n++) {
      send(55)
      send(41, high ? 0x40ff_8000 : 0x00ff_8000)
      bench.pass(0.005)
    }
    send(2)
    const rca = (word(3)! >>> 16) * 0x1_0000
    send(7, rca)
    return rca
  }
  return { bench, send, word, identify }
}
const state = (status: number) => (status >>> 9) & 15
const [STBY, TRAN, DATA] = [3, 4, 5]

test('identification: interface, operating conditions, CID, address, selection', () => {
  const { bench, send, word } = socket()
  assert.equal(send(0), undefined)
  assert.equal(word(8, 0x1aa), 0x1aa)
  assert.equal(word(55)! & 0x20, 0x20)
  assert.equal(word(41, 0x40ff_8000), 0x00ff_8000, 'not up yet')
  bench.pass(0.01)
  send(55)
  assert.equal(word(41, 0x40ff_8000), 0x80ff_8000)
  assert.equal(send(2)?.words.length, 4)
  const rca = (word(3)! >>> 16) * 0x1_0000
  assert.equal(state(word(13, rca)!), STBY)
  assert.equal(send(9, rca)!.words[0]! >>> 30, 0, 'CSD version 1')
  send(7, rca)
  assert.equal(state(word(13, rca)!), TRAN)
  send(7, 0)
  assert.equal(state(word(13, rca)!), STBY)
})

test('the sizes that CSD tells are the sizes that there are', () => {
  const small = socket({ size: 64 })
  const rca = small.identify()
  small.send(7, 0)
  const [, second = 0, third = 0] = small.send(9, rca)!.words
  const blocks = ((second & 0x3ff) << 2) | (third >>> 30)
  assert.equal((blocks + 1) * 512 * 512, 64 * 1024 * 1024)
  const large = socket({ size: 4096 })
  const address = large.identify()
  large.send(7, 0)
  const [first = 0, high = 0, low = 0] = large.send(9, address)!.words
  assert.equal(first >>> 30, 1)
  assert.equal((((high & 0x3f) << 16) | (low >>> 16)) + 1, 4096 * 2)
})

test('a large card needs a host that says it knows large cards', () => {
  const { bench, send, word } = socket({ size: 4096 })
  send(55)
  send(41, 0x00ff_8000)
  bench.pass(1)
  send(55)
  assert.equal(word(41, 0x00ff_8000)! >>> 31, 0)
  send(55)
  assert.equal(word(41, 0x40ff_8000)! >>> 30, 3)
})

test('a card that does not know a command is silent, and says so afterwards', () => {
  const { send, word, identify } = socket()
  const rca = identify()
  assert.equal(send(11), undefined)
  assert.equal(word(13, rca)! & (1 << 22), 1 << 22)
  assert.equal(word(13, rca)! & (1 << 22), 0)
})

test('blocks: what the image has, what was written, until stopped', () => {
  const image = Uint8Array.from({ length: 2048 }, (_, n) => n >> 9)
  const { bench, send, word, identify } = socket({ image })
  const rca = identify()
  const card = bench.card!
  send(17, 512)
  assert.equal(card.readBlock(1)?.bytes[0], 1)
  assert.equal(card.readBlock(1), undefined, 'one block was asked for')
  send(18, 1024)
  assert.equal(state(word(13, rca)!), DATA)
  assert.deepEqual(
    [2, 3, 0].map(() => card.readBlock(1)?.bytes[0]),
    [2, 3, 0],
  )
  send(12)
  assert.equal(state(word(13, rca)!), TRAN)
  send(24, 512)
  assert.equal(card.writeBlock(new Uint8Array(512).fill(0x77), 1)?.isAccepted, true)
  send(17, 512)
  assert.equal(card.readBlock(1)?.bytes[511], 0x77)
  assert.equal(image[512], 1, 'the image is as it was')
})

test('four lines after ACMD6; on the wrong number nothing is intact', () => {
  const { bench, send, identify } = socket()
  const rca = identify()
  send(55, rca)
  send(6, 2)
  send(17, 0)
  assert.equal(bench.card?.readBlock(1)?.isIntact, false)
  send(17, 0)
  assert.equal(bench.card?.readBlock(4)?.isIntact, true)
})

test('registers that come as data: configuration, status, switch', () => {
  const { bench, send, identify } = socket()
  const rca = identify()
  const data = (index: number, argument = 0) => {
    send(index, argument)
    return bench.card?.readBlock(1)?.bytes
  }
  send(55, rca)
  assert.deepEqual([...data(51)!.subarray(0, 3)], [0x02, 0x25, 0x80])
  send(55, rca)
  assert.equal(data(13)!.length, 64)
  assert.equal(data(6, 0x80ff_fff1)![16]! & 15, 1)
})

test('addresses beyond the end, protection and erase sequences are refused with their bits', () => {
  const { bench, word, send, identify } = socket()
  identify()
  assert.equal(word(17, 4 * 1024 * 1024)! >>> 31, 1)
  assert.equal(word(17, 100)! & (1 << 30), 1 << 30)
  bench.part.set?.('protected', true)
  assert.equal(word(24, 0)! & (1 << 26), 1 << 26)
  bench.part.set?.('protected', false)
  assert.equal(word(38)! & (1 << 28), 1 << 28)
  send(24, 0)
  bench.card?.writeBlock(new Uint8Array(512).fill(1), 1)
  send(32, 0)
  send(33, 512)
  assert.equal(send(38)!.busySeconds > 0, true)
  send(17, 0)
  assert.equal(bench.card?.readBlock(1)?.bytes[0], 0)
})

test('out of its socket there is no card, and the detect pin says so', () => {
  const { bench, identify } = socket()
  identify()
  assert.equal(bench.driven.get('PA1'), false)
  bench.part.set?.('inserted', false)
  assert.deepEqual([bench.card, bench.driven.get('PA1')], [undefined, true])
  bench.part.set?.('inserted', true)
  assert.equal(bench.part.readings?.().state, 'idle')
})
