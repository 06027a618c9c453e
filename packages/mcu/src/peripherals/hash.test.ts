import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Hash } from './hash.ts'

const ALGORITHMS = [
  ['sha1', 0],
  ['md5', 1],
  ['sha224', 2],
  ['sha256', 3],
] as const
const INIT = 4
const BYTES = 2 << 4
const HMAC = 1 << 6
const LKEY = 1 << 16
const DCAL = 1 << 8
const SR = { DINIS: 1, DCIS: 2, BUSY: 8 } as const

function unit() {
  const bench = new PeripheralBench(
    'HASH',
    { cycleHz: 160e6, hz: 160e6 },
    (wiring) => new Hash(wiring),
  )
  return {
    bench,
    isInterrupting: () => bench.isPending('HASH'),
    read: (register: string) => bench.read(register),
    write: (register: string, value: number) => bench.write(register, value),
  }
}
type Unit = ReturnType<typeof unit>

/** As HAL_HASH_Start does it: words of bytes, then the number of valid bits with DCAL. */
function feed({ write }: Pick<Unit, 'write'>, message: Uint8Array): void {
  for (let at = 0; at < message.length; at += 4) {
    const word = new Uint8Array(4)
    word.set(message.subarray(at, at + 4))
    write('DIN', new DataView(word.buffer).getUint32(0, true))
  }
  write('STR', (message.length % 4) * 8)
  write('STR', ((message.length % 4) * 8) | DCAL)
}

function digestOf({ read }: Pick<Unit, 'read'>, bytes: number): string {
  let text = ''
  for (let n = 0; n < bytes / 4; n++) {
    text += read(`HR${n}`).toString(16).padStart(8, '0')
  }
  return text
}

const message = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + 3) & 0xff)

test('the reset values are those of the manual', () => {
  const { read } = unit()
  assert.equal(read('SR'), 0x0011_0001)
  assert.equal(read('CR'), 0)
})

for (const [name, algo] of ALGORITHMS) {
  test(`${name} of messages of every length to three blocks`, () => {
    for (let length = 0; length <= 200; length++) {
      const u = unit()
      u.write('CR', (algo << 17) | BYTES | INIT)
      feed(u, message(length))
      u.bench.settle()
      assert.equal(u.read('SR') & (SR.DCIS | SR.BUSY), SR.DCIS, `${length}`)
      const expected = createHash(name).update(message(length)).digest('hex')
      assert.equal(digestOf(u, expected.length / 2), expected, `${length} bytes`)
    }
  })

  test(`HMAC-${name} with short and long keys`, () => {
    for (const keyLength of [0, 1, 20, 63, 64, 65, 130]) {
      for (const length of [0, 3, 64, 100]) {
        const u = unit()
        u.write('CR', (algo << 17) | BYTES | HMAC | INIT | (keyLength > 64 ? LKEY : 0))
        for (const part of [message(keyLength), message(length), message(keyLength)]) {
          feed(u, part)
          u.bench.settle()
        }
        const expected = createHmac(name, message(keyLength)).update(message(length)).digest('hex')
        assert.equal(digestOf(u, expected.length / 2), expected, `key ${keyLength}, ${length}`)
      }
    }
  })
}

test('each way to swap data gives the same digest for data swapped beforehand', () => {
  const mirror = (word: number) =>
    Number.parseInt([...word.toString(2).padStart(32, '0')].reverse().join(''), 2)
  const cases = [
    [0, 0x6162_6380],
    [1, 0x6380_6162],
    [2, 0x8063_6261],
    [3, mirror(0x6162_6380)],
  ] as const
  for (const [kind, word] of cases) {
    const u = unit()
    u.write('CR', (3 << 17) | (kind << 4) | INIT)
    u.write('DIN', word)
    u.write('STR', 24 | DCAL)
    u.bench.settle()
    assert.equal(digestOf(u, 32), createHash('sha256').update('abc').digest('hex'))
  }
})

test('a block keeps HASH busy; the input and the end raise the interrupt', () => {
  const { bench, isInterrupting, read, write } = unit()
  write('CR', (3 << 17) | BYTES | INIT)
  write('IMR', 1)
  assert.equal(isInterrupting(), true, 'room for a block')
  for (let n = 0; n < 16; n++) write('DIN', n)
  assert.equal(read('SR') & (SR.DINIS | SR.BUSY), SR.BUSY)
  assert.equal(isInterrupting(), false)
  bench.runTo(66)
  assert.equal(read('SR') & (SR.DINIS | SR.BUSY), SR.DINIS)
  write('IMR', 2)
  write('STR', DCAL)
  bench.settle()
  assert.equal(isInterrupting(), true)
  write('SR', 0)
  assert.equal(isInterrupting(), false)
})

test('DMA feeds blocks and ends the message', () => {
  const u = unit()
  u.write('STR', 8)
  u.write('CR', (3 << 17) | BYTES | INIT | (1 << 3))
  const bytes = message(161)
  for (let at = 0; at < bytes.length; at += 4) {
    while (!u.bench.isRequesting('HASH_IN')) u.bench.settle()
    const word = new Uint8Array(4)
    word.set(bytes.subarray(at, at + 4))
    u.write('DIN', new DataView(word.buffer).getUint32(0, true))
  }
  u.bench.wires.get('GPDMA1_CH3_TC').pulse()
  u.bench.settle()
  assert.equal(digestOf(u, 32), createHash('sha256').update(bytes).digest('hex'))
})
