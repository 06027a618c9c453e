import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFuses, encodeFuses, FUSES_BYTES } from './fuses.ts'
import { fuseContents } from './testing/bench.ts'

test('what is burned is what is read', () => {
  const bytes = encodeFuses(fuseContents)
  assert.equal(bytes.length, FUSES_BYTES)
  assert.deepEqual(decodeFuses(bytes), fuseContents)
})

test('blank fuses, zeros, other magic, version or device type are no contents', () => {
  const good = encodeFuses(fuseContents)
  assert.equal(decodeFuses(new Uint8Array(FUSES_BYTES).fill(0xff)), undefined)
  assert.equal(decodeFuses(new Uint8Array(FUSES_BYTES)), undefined)
  assert.equal(decodeFuses(good.subarray(1)), undefined)
  for (const at of [0, 4, 6]) {
    const bad = good.slice()
    bad[at]! ^= 0x40
    assert.equal(decodeFuses(bad), undefined, `byte ${at}`)
  }
})

test('contents that do not fit are refused with the field', () => {
  const kernelSigner = new Uint8Array(64)
  assert.throws(() => encodeFuses({ ...fuseContents, kernelSigner }), /kernelSigner is 64 bytes/)
  assert.throws(() => encodeFuses({ ...fuseContents, deviceSid: 'UV12' }), /SID/)
})
