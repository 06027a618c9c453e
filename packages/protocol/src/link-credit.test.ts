import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { STREAM_CREDIT_BYTES_MAX } from './limits.ts'
import { ReceiveWindow, SendWindow } from './link-credit.ts'

test('a sender that keeps to its credit never breaks the receiver, and always gets on', () => {
  const steps = fc.array(
    fc.record({ send: fc.integer({ min: 0, max: 3000 }), consume: fc.boolean() }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8192 }), steps, (windowBytes, list) => {
      const sender = new SendWindow()
      const receiver = new ReceiveWindow(windowBytes)
      let held = 0
      const renew = () => assert.equal(sender.grant(receiver.renew()), undefined)
      renew()
      for (const { send, consume } of list) {
        const bytes = Math.min(send, sender.credit)
        sender.spend(bytes)
        assert.equal(receiver.receive(bytes), undefined)
        held += bytes
        assert.ok(held + sender.credit <= windowBytes)
        if (consume) {
          receiver.consume(held)
          held = 0
          renew()
          assert.ok(sender.credit * 2 >= windowBytes)
        }
      }
    }),
  )
})

test('a stream starts with no credit', () => {
  assert.equal(new SendWindow().credit, 0)
  assert.throws(() => new SendWindow().spend(1), RangeError)
  assert.equal(new ReceiveWindow(100).receive(1)?.code, 'CREDIT_EXCEEDED')
})

test('credit beyond the limit is an error of the receiver', () => {
  const window = new SendWindow()
  assert.equal(window.grant(STREAM_CREDIT_BYTES_MAX), undefined)
  assert.equal(window.grant(1)?.code, 'CREDIT_TOO_LARGE')
  assert.equal(window.credit, STREAM_CREDIT_BYTES_MAX)
})

test('what was not received cannot be consumed', () => {
  const window = new ReceiveWindow(100)
  window.renew()
  window.receive(10)
  assert.throws(() => window.consume(11), RangeError)
})
