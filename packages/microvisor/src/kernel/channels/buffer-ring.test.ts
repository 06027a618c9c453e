import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeChannelResponse } from '@microvisor/protocol'
import fc from 'fast-check'
import { blankInternalFlash, RAM, TestWorld } from '../../testing/test-hardware.ts'
import { ApplicationMemory } from '../application-memory.ts'
import { BufferRing } from './buffer-ring.ts'
import { Inbox } from './inbox.ts'

function ring(bytes: number, world = new TestWorld(blankInternalFlash())): BufferRing {
  return new BufferRing(new ApplicationMemory(world), { address: RAM + 100, bytes })
}

const steps = fc.array(
  fc.record({ write: fc.uint8Array({ maxLength: 20 }), drop: fc.nat(20), at: fc.nat(20) }),
  { maxLength: 40 },
)

test('a ring is a queue of bytes, wherever it wraps, and touches nothing outside of its buffer', () => {
  const world = new TestWorld(blankInternalFlash())
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 33 }), steps, (size, list) => {
      world.ram.fill(0xee)
      const bytes = ring(size, world)
      let model: number[] = []
      for (const { write, drop, at } of list) {
        const piece = write.subarray(0, bytes.free)
        bytes.write(piece)
        model.push(...piece)
        const from = Math.min(at, model.length)
        assert.deepEqual([...bytes.read(from, model.length - from)], model.slice(from))
        const { address, bytes: front } = bytes.front
        const inMemory = world.ram.subarray(address - RAM, address - RAM + front)
        assert.deepEqual([...inMemory], model.slice(0, front))
        const gone = Math.min(drop, model.length)
        bytes.drop(gone)
        model = model.slice(gone)
        assert.deepEqual([bytes.used, bytes.free], [model.length, size - model.length])
      }
      assert.ok(world.ram.subarray(0, 100).every((byte) => byte === 0xee))
      assert.ok(world.ram.subarray(100 + size, 200).every((byte) => byte === 0xee))
    }),
  )
})

const body = fc.uint8Array({ maxLength: 150 })

test('messages come out as they went in, however they are cut and wherever they wrap', () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (list, cut) => {
      const inbox = new Inbox(ring(200))
      for (const content of list) {
        const bytes = encodeChannelResponse({ case: 'http', value: { body: content } })
        const kinds: unknown[] = []
        for (let at = 0; at < bytes.length; at += cut)
          kinds.push(...(inbox.push(bytes.subarray(at, at + cut)) ?? ['refused']))
        assert.deepEqual(kinds, ['http'])
        const message = inbox.read()
        assert.ok(message !== 'garbled' && message?.case === 'http')
        assert.deepEqual(message.value.body, content)
        assert.equal(inbox.drop(), bytes.length)
        assert.equal(inbox.read(), undefined)
      }
    }),
  )
})

test('a message that does not fit, and what is none, are refused', () => {
  const tooLong = encodeChannelResponse({ case: 'http', value: { body: new Uint8Array(200) } })
  assert.equal(new Inbox(ring(200)).push(tooLong.subarray(0, 100)), undefined)
  assert.equal(new Inbox(ring(200)).push(Uint8Array.of(3, 1, 2, 3)), undefined)
  assert.equal(new Inbox(ring(200)).push(Uint8Array.of(0)), undefined)
  assert.equal(new Inbox(ring(200)).push(new Uint8Array(9).fill(0xff)), undefined)
})
