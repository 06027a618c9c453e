import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type ChannelRequestInit,
  type ChannelResponseInit,
  decodeChannelRequest,
  decodeChannelResponse,
  encodeChannelRequest,
  encodeChannelResponse,
} from './channels.ts'
import { Framing } from './framing.ts'
import { CHANNEL_BUFFER_BYTES_MAX } from './limits.ts'
import { ReceiveWindow, SendWindow } from './link-credit.ts'
import { encodeUtf8 } from './text.ts'

const bytes = fc.uint8Array({ maxLength: 300 })
const word = fc.integer({ min: 0, max: 0xffff_ffff })

const responses: fc.Arbitrary<ChannelResponseInit> = fc.oneof(
  fc.record({
    case: fc.constant('http' as const),
    value: fc.record({ statusCode: word, headers: fc.array(bytes, { maxLength: 5 }), body: bytes }),
  }),
  fc.record({
    case: fc.constant('mqttMessage' as const),
    value: fc.record({ topic: bytes, payload: bytes, qos: word, correlationId: word }),
  }),
)

function content(framed: Uint8Array): Uint8Array {
  const { contents, error } = new Framing(CHANNEL_BUFFER_BYTES_MAX).push(framed)
  assert.equal(error, undefined)
  assert.equal(contents.length, 1)
  return contents[0]!
}

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(responses, (response) => {
      const decoded = decodeChannelResponse(content(encodeChannelResponse(response)))
      assert.ok(decoded?.case === response.case)
      const found = decoded.value as unknown as Record<string, unknown>
      for (const [key, value] of Object.entries(response.value)) assert.deepEqual(found[key], value)
    }),
  )
})

test('no bytes make a decoder throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
      decodeChannelRequest(garbage)
      decodeChannelResponse(garbage)
    }),
  )
})

const many = (count: number) => Array.from({ length: count }, () => encodeUtf8('x'))
const lists: readonly (readonly [
  what: string,
  limit: number,
  of: (n: number) => ChannelRequestInit,
])[] = [
  ['headers', 32, (n) => ({ case: 'http', value: { headers: many(n) } })],
  ['keys', 32, (n) => ({ case: 'configFetch', value: { keys: many(n).map((key) => ({ key })) } })],
  [
    'bytes in a key',
    100,
    (n) => ({ case: 'configFetch', value: { keys: [{ key: new Uint8Array(n) }] } }),
  ],
  ['authorities', 8, (n) => ({ case: 'mqttConnect', value: { authorities: many(n) } })],
  ['certificates', 8, (n) => ({ case: 'mqttConnect', value: { certificates: many(n) } })],
  [
    'topics',
    8,
    (n) => ({
      case: 'mqttSubscribe',
      value: { subscriptions: many(n).map((topic) => ({ topic })) },
    }),
  ],
  ['topics', 8, (n) => ({ case: 'mqttUnsubscribe', value: { topics: many(n) } })],
]

for (const [what, limit, of] of lists) {
  test(`${of(0).case}: ${limit} ${what} are taken, one more is refused with the numbers`, () => {
    const decode = (count: number) => decodeChannelRequest(content(encodeChannelRequest(of(count))))
    assert.equal(typeof decode(limit), 'object')
    assert.equal(decode(limit + 1), `There are ${limit + 1} ${what}; ${limit} are allowed.`)
  })
}

test('messages pass a window of their own size, whatever their sizes and the pieces', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 512 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 512 }), (messages, pieceMax) => {
      const sender = new SendWindow()
      const receiver = new ReceiveWindow(512)
      sender.grant(receiver.renew())
      for (const size of messages) {
        for (let left = size; left > 0; ) {
          const piece = Math.min(left, pieceMax, sender.credit)
          assert.ok(piece > 0, 'the sender is stuck in the midst of a message')
          sender.spend(piece)
          assert.equal(receiver.receive(piece), undefined)
          left -= piece
          sender.grant(receiver.renew())
        }
        receiver.consume(size)
        sender.grant(receiver.renew())
      }
    }),
  )
})
