import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Aes } from './aes.ts'

const EN = 1
const BYTES = 2 << 1
const DERIVE = 1 << 3
const DECRYPT = 2 << 3
const CHAINING = { ecb: 0, cbc: 1 << 5, ctr: 2 << 5, gcm: 3 << 5, ccm: 1 << 16 } as const
const PHASE = { header: 1 << 13, payload: 2 << 13, final: 3 << 13 } as const
const KEYSIZE = 1 << 18
const noise = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 73 + seed * 41 + ((i * i) >> 3)) & 0xff)

function unit(keyBytes: 16 | 32) {
  const bench = new PeripheralBench(
    'AES',
    { cycleHz: 160e6, hz: 160e6 },
    (wiring) => new Aes(wiring),
  )
  const size = keyBytes === 32 ? KEYSIZE : 0
  const key = noise(keyBytes, 1)
  const control = (bits: number) => bench.write('CR', (bits | size | BYTES) >>> 0)
  control(0)
  const words = keyBytes / 4
  const keyView = new DataView(key.buffer)
  for (let n = 0; n < words; n++) bench.write(`KEYR${words - 1 - n}`, keyView.getUint32(n * 4))
  assert.equal(bench.read('SR') & 0x80, 0x80)
  const setVector = (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let n = 0; n < 4; n++) bench.write(`IVR${3 - n}`, view.getUint32(n * 4))
  }
  const finish = () => {
    bench.settle()
    assert.equal(bench.read('ISR') & 1, 1, 'CCF')
    bench.write('ICR', 1)
  }
  const feed = (block: Uint8Array) => {
    const view = new DataView(block.buffer, block.byteOffset)
    for (let n = 0; n < 4; n++) bench.write('DINR', view.getUint32(n * 4, true))
  }
  const fetch = () => {
    const out = new DataView(new ArrayBuffer(16))
    for (let n = 0; n < 4; n++) out.setUint32(n * 4, bench.read('DOUTR'), true)
    return new Uint8Array(out.buffer)
  }
  const block = (input: Uint8Array) => {
    feed(input)
    finish()
    return fetch()
  }
  const blocks = (input: Uint8Array) => {
    const output = new Uint8Array(input.length)
    for (let at = 0; at < input.length; at += 16) output.set(block(input.subarray(at, at + 16)), at)
    return output
  }
  return { bench, key, control, setVector, finish, feed, fetch, block, blocks }
}

for (const keyBytes of [16, 32] as const) {
  for (const chaining of ['ecb', 'cbc', 'ctr'] as const) {
    test(`AES-${keyBytes * 8} ${chaining.toUpperCase()} both ways`, () => {
      const text = noise(80, 3)
      const vector = chaining === 'ecb' ? new Uint8Array(0) : noise(16, 2)
      const u = unit(keyBytes)
      if (vector.length > 0) u.setVector(vector)
      u.control(CHAINING[chaining] | EN)
      const cipher = createCipheriv(`aes-${keyBytes * 8}-${chaining}`, u.key, vector)
      cipher.setAutoPadding(false)
      const expected = new Uint8Array(cipher.update(text))
      assert.deepEqual(u.blocks(text), expected)
      u.control(0)
      u.control(CHAINING[chaining] | DERIVE | EN)
      u.finish()
      if (vector.length > 0) u.setVector(vector)
      u.control(CHAINING[chaining] | DECRYPT | EN)
      assert.deepEqual(u.blocks(expected), text)
    })
  }

  test(`AES-${keyBytes * 8} GCM with header, an incomplete last block, and its tag`, () => {
    for (const [headerLength, length] of [
      [16, 64],
      [32, 37],
      [0, 16],
      [16, 0],
    ] as const) {
      const [header, text, nonce] = [noise(headerLength, 5), noise(length, 6), noise(12, 7)]
      const cipher = createCipheriv(
        keyBytes === 16 ? 'aes-128-gcm' : 'aes-256-gcm',
        unit(keyBytes).key,
        nonce,
      )
      cipher.setAAD(header)
      const expected = new Uint8Array(Buffer.concat([cipher.update(text), cipher.final()]))
      for (const direction of [0, DECRYPT]) {
        const u = unit(keyBytes)
        u.setVector(Uint8Array.from([...nonce, 0, 0, 0, 2]))
        u.control(CHAINING.gcm | direction | EN)
        u.finish()
        const input = direction === 0 ? text : expected
        const output = authenticated(u, CHAINING.gcm | direction, header, input)
        assert.deepEqual(output, direction === 0 ? expected : text)
        u.control(CHAINING.gcm | direction | PHASE.final | EN)
        const lengths = new DataView(new ArrayBuffer(16))
        lengths.setUint32(4, headerLength * 8)
        lengths.setUint32(12, length * 8)
        const tag = u.block(new Uint8Array(lengths.buffer))
        assert.deepEqual(tag, new Uint8Array(cipher.getAuthTag()))
      }
    }
  })
}

/** Header and payload phases as HAL_CRYP does them. */
function authenticated(
  u: ReturnType<typeof unit>,
  control: number,
  header: Uint8Array,
  input: Uint8Array,
): Uint8Array {
  if (header.length > 0) u.control(control | PHASE.header | EN)
  for (let at = 0; at < header.length; at += 16) {
    u.feed(header.subarray(at, at + 16))
    u.finish()
  }
  const output = new Uint8Array(input.length)
  for (let at = 0; at < input.length; at += 16) {
    const rest = Math.min(16, input.length - at)
    u.control(control | PHASE.payload | EN | ((16 - rest) << 20))
    const block = new Uint8Array(16)
    block.set(input.subarray(at, at + rest))
    output.set(u.block(block).subarray(0, rest), at)
  }
  return output
}

test('AES-128 CCM, both ways', () => {
  const [header, text, nonce] = [noise(14, 5), noise(48, 6), noise(12, 7)]
  const options = { authTagLength: 16 } as const
  const cipher = createCipheriv('aes-128-ccm', unit(16).key, nonce, options)
  cipher.setAAD(header, { plaintextLength: text.length })
  const expected = new Uint8Array(cipher.update(text))
  cipher.final()
  const first = Uint8Array.from([0x40 | (7 << 3) | 2, ...nonce, 0, 0, text.length])
  const framed = Uint8Array.from([0, header.length, ...header])
  for (const direction of [0, DECRYPT]) {
    const u = unit(16)
    u.setVector(first)
    u.control(CHAINING.ccm | direction | EN)
    u.finish()
    const input = direction === 0 ? text : expected
    assert.deepEqual(
      authenticated(u, CHAINING.ccm | direction, framed, input),
      direction === 0 ? expected : text,
    )
    u.control(CHAINING.ccm | direction | PHASE.final | EN)
    u.finish()
    assert.deepEqual(u.fetch(), new Uint8Array(cipher.getAuthTag()))
  }
})

test('a block takes 51 or 75 cycles; interrupt, errors and DMA', () => {
  for (const [keyBytes, cycles] of [
    [16, 51],
    [32, 75],
  ] as const) {
    const { bench, control, feed } = unit(keyBytes)
    bench.write('IER', 3)
    control(EN | (3 << 11))
    assert.equal(bench.isRequesting('AES_IN'), true)
    feed(new Uint8Array(16))
    assert.deepEqual([bench.isRequesting('AES_IN'), bench.read('SR') & 8], [false, 8])
    bench.run(cycles - 1)
    assert.equal(bench.isRequesting('AES_OUT'), false)
    bench.run(1)
    assert.equal(bench.isRequesting('AES_OUT'), true)
    for (let n = 0; n < 4; n++) bench.read('DOUTR')
    assert.deepEqual([bench.isRequesting('AES_OUT'), bench.isRequesting('AES_IN')], [false, true])
    bench.read('DOUTR')
    assert.deepEqual([bench.read('SR') & 6, bench.isPending('AES')], [2, true])
    bench.write('ICR', 2)
    assert.deepEqual([bench.read('SR') & 6, bench.isPending('AES')], [0, false])
  }
})

/** RM0456, AES_ISR.KEIF and AES_SR.KEYVALID. */
test('key registers written out of order are an error, and nothing starts without a key', () => {
  const { bench, control } = unit(16)
  const isValid = () => (bench.read('SR') & 0x80) !== 0
  const write = (...order: number[]) => {
    for (const n of order) bench.write(`KEYR${n}`, n)
  }
  bench.write('IER', 4)
  write(0, 2)
  assert.deepEqual([isValid(), bench.read('ISR') & 4, bench.isPending('AES')], [false, 4, true])
  control(EN)
  assert.equal(bench.read('CR') & EN, 0)
  write(0, 1, 2, 3)
  assert.equal(isValid(), false, 'not before the error is cleared')
  bench.write('ICR', 4)
  assert.equal(bench.isPending('AES'), false)
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
  ]) {
    write(...order)
    assert.equal(isValid(), true)
  }
  control(KEYSIZE)
  assert.equal(isValid(), false, 'half a key of 256 bits')
  write(7, 6, 5, 4, 3, 2, 1, 0)
  control(KEYSIZE | EN)
  assert.deepEqual([isValid(), bench.read('CR') & EN], [true, EN])
})

/** RM0456, AES_SR.WRERR: during computation or data output phase; the write is ignored. */
test('what is written before the result was read is lost', () => {
  const { bench, control, feed, finish, fetch } = unit(16)
  control(EN)
  feed(noise(16, 1))
  finish()
  feed(noise(16, 2))
  assert.equal(bench.read('SR') & 6, 4)
  bench.write('ICR', 2)
  const first = fetch()
  feed(noise(16, 1))
  finish()
  assert.deepEqual([fetch(), bench.read('SR') & 6], [first, 0])
})
