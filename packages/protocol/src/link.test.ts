import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { FrameSchema } from './generated/link_pb.js'
import { FRAME_BYTES_MAX, LOG_LINE_BYTES_MAX, STREAM_DATA_BYTES_MAX } from './limits.ts'
import {
  decodeLogRecord,
  encodeFrame,
  encodeLogRecord,
  type FrameBody,
  FrameDecoder,
  type FrameInit,
} from './link.ts'
import { fuzzing, mutationsOf } from './testing/fixtures.ts'

const hash = new Uint8Array(32).fill(7)
const samples: FrameInit[] = [
  {
    case: 'hello',
    value: {
      protocolVersion: 1,
      kernelVersion: 3,
      kernelVersionText: '0.3 – ä',
      state: {
        manifestHash: hash,
        layers: [{ place: 1, size: 0x10_0000, measurementHash: hash }],
        running: true,
      },
    },
  },
  {
    case: 'welcome',
    value: {
      wallMicroseconds: 1_700_000_000_000_000n,
      settings: { loggingEnabled: true },
      target: { manifestHash: hash, manifestSize: 84 },
    },
  },
  { case: 'goodbye', value: { reason: 2, detail: 'because' } },
  { case: 'ping', value: {} },
  { case: 'pong', value: { token: 0xffff_ffff } },
  { case: 'deviceState', value: {} },
  { case: 'target', value: {} },
  {
    case: 'updateProgress',
    value: { manifestHash: hash, phase: 2, bytesDone: 5n, bytesTotal: 9n },
  },
  {
    case: 'crashReport',
    value: {
      id: 1n,
      exception: 'SecureFault',
      registers: Array(17).fill(1),
      stack: new Uint8Array(64),
    },
  },
  { case: 'crashReceived', value: { id: 1n } },
  { case: 'settings', value: {} },
  { case: 'restartApplication', value: {} },
  {
    case: 'keyState',
    value: { manifestSigners: [1n], layerKeys: [2n], receiverKey: new Uint8Array(65).fill(4) },
  },
  { case: 'newKeys', value: { signed: new Uint8Array(100) } },
  { case: 'kernelTarget', value: { manifestHash: hash } },
  { case: 'attestationRequest', value: { nonce: new Uint8Array(8) } },
  { case: 'attestation', value: { token: new Uint8Array(300) } },
  {
    case: 'streamOpen',
    value: { stream: 3, kind: { case: 'layer', value: { fetchHash: hash, roomBytes: 9 } } },
  },
  {
    case: 'streamOpen',
    value: { stream: 1, kind: { case: 'fetch', value: { hash, offset: 3n } } },
  },
  { case: 'streamData', value: { stream: 1, data: new Uint8Array(STREAM_DATA_BYTES_MAX).fill(1) } },
  { case: 'streamCredit', value: { stream: 1, bytes: 4096 } },
  { case: 'streamClose', value: { stream: 1, reason: 1 } },
]

const wire = concat(samples.map(encodeFrame))

test('every kind of frame comes out as it went in, however the stream is cut', () => {
  const whole = new FrameDecoder().push(wire).frames
  assert.deepEqual(
    whole.map(({ case: kind }) => kind),
    samples.map(({ case: kind }) => kind),
  )
  assert.deepEqual(whole.map(encodeAgain), samples.map(encodeFrame))
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 5000 })), (sizes) => {
      const decoder = new FrameDecoder()
      const frames: FrameBody[] = []
      for (let at = 0; at < wire.length; ) {
        const size = sizes.next().value ?? 1
        const result = decoder.push(wire.subarray(at, at + size))
        assert.equal(result.error, undefined)
        frames.push(...result.frames)
        at += size
      }
      assert.deepEqual(frames, whole)
      assert.ok(decoder.isBetweenFrames)
    }),
    { numRuns: 60 },
  )
})

test('a stream cut anywhere else does not end between frames', () => {
  const ends = new Set<number>([0])
  let end = 0
  for (const sample of samples) {
    end += encodeFrame(sample).length
    ends.add(end)
  }
  for (let length = 0; length <= 600; length++) {
    const decoder = new FrameDecoder()
    decoder.push(wire.subarray(0, length))
    assert.equal(decoder.isBetweenFrames, ends.has(length), `cut at ${length}`)
  }
})

test('a frame of the greatest length is taken, one byte more is refused before it arrives', () => {
  const content = pad(FRAME_BYTES_MAX)
  const { frames } = new FrameDecoder().push(prefixed(content))
  assert.equal(frames.length, 1)
  const { error } = new FrameDecoder().push(Uint8Array.of(0x81, 0x80, 0x04))
  assert.equal(error?.code, 'FRAME_TOO_LONG')
  assert.match(error.message, /65537 bytes .* 65536/)
})

for (const [what, bytes, code] of [
  ['a length without an end', [0xff, 0xff, 0xff, 0xff, 0xff], 'FRAME_LENGTH_MALFORMED'],
  ['a length of 32 bits', [0xff, 0xff, 0xff, 0xff, 0x0f], 'FRAME_TOO_LONG'],
  ['an empty frame', [0], 'FRAME_UNKNOWN'],
  ['a frame of a kind not known', [3, 0xfa, 0x07, 0x00], 'FRAME_UNKNOWN'],
  ['a frame that is no protobuf', [2, 0x0a, 0x09], 'FRAME_MALFORMED'],
  ['a stream of no known kind', [4, 0x82, 0x01, 0x01, 0x00], 'FRAME_MALFORMED'],
  ['HTTP', [...Buffer.from('GET / HTTP/1.1\r\n'.repeat(10))], 'FRAME_MALFORMED'],
] as const) {
  test(`${what} ends the stream: ${code}`, () => {
    const decoder = new FrameDecoder()
    assert.equal(decoder.push(Uint8Array.from(bytes)).error?.code, code)
    assert.equal(decoder.push(encodeFrame({ case: 'ping', value: {} })).frames.length, 0)
  })
}

test('frames before a wrong one still come out', () => {
  const { frames, error } = new FrameDecoder().push(
    concat([encodeFrame({ case: 'ping', value: { token: 1 } }), Uint8Array.of(0)]),
  )
  assert.equal(frames.length, 1)
  assert.equal(error?.code, 'FRAME_UNKNOWN')
})

const tooMuch: [string, FrameInit, RegExp][] = [
  [
    'a hash of 31 bytes',
    { case: 'target', value: { manifestHash: hash.subarray(1) } },
    /Target.manifest_hash has 31 bytes instead of 32/,
  ],
  [
    'a manifest over 64 KiB',
    { case: 'target', value: { manifestHash: hash, manifestSize: 65_537 } },
    /65537 bytes; 65536/,
  ],
  [
    'too much data',
    { case: 'streamData', value: { data: new Uint8Array(STREAM_DATA_BYTES_MAX + 1) } },
    /32769 bytes; 32768/,
  ],
  [
    'too much credit',
    { case: 'streamCredit', value: { bytes: 0xffff_ffff } },
    /StreamCredit.bytes/,
  ],
  ['65 layers', { case: 'deviceState', value: { layers: Array(65).fill({}) } }, /65 layers; 64/],
  ['a crash without registers', { case: 'crashReport', value: {} }, /0 words instead of 17/],
  ['a long text', { case: 'goodbye', value: { detail: 'ü'.repeat(513) } }, /1026 bytes; 1024/],
  [
    'a stream without a kind',
    { case: 'streamOpen', value: { stream: 3 } },
    /stream 3 names no known kind/,
  ],
  [
    'a fetch of nothing',
    { case: 'streamOpen', value: { kind: { case: 'fetch', value: {} } } },
    /FetchStream.hash/,
  ],
]

for (const [what, body, complaint] of tooMuch) {
  test(`${what} is refused by the encoder and by the decoder`, () => {
    assert.throws(() => encodeFrame(body), complaint)
    const content = toBinary(FrameSchema, create(FrameSchema, { body }))
    const { error } = new FrameDecoder().push(prefixed(content))
    assert.equal(error?.code, 'FRAME_FIELD_LIMIT')
    assert.match(error.message, complaint)
  })
}

test('whatever arrives, the decoder answers frames or an error, and holds no more than a frame', () => {
  const short = concat(samples.filter(({ case: kind }) => kind !== 'streamData').map(encodeFrame))
  fc.assert(
    fc.property(fc.oneof(mutationsOf(short), fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const decoder = new FrameDecoder()
      const { frames, error } = decoder.push(bytes)
      for (const frame of frames) encodeAgain(frame)
      if (error) assert.match(error.message, /^[A-Z].*\.$/s)
    }),
    fuzzing,
  )
})

test('a log record comes out as it went in, unless its text is too long', () => {
  const text = new Uint8Array(LOG_LINE_BYTES_MAX).fill(0x41)
  assert.deepEqual(decodeLogRecord(encodeLogRecord({ text, dropped: 2 }))?.text, text)
  assert.equal(
    decodeLogRecord(encodeLogRecord({ text: new Uint8Array(LOG_LINE_BYTES_MAX + 1) })),
    undefined,
  )
  assert.equal(decodeLogRecord(Uint8Array.of(0x0a)), undefined)
})

function encodeAgain(body: FrameBody): Uint8Array {
  return encodeFrame(body)
}

/** A ping with an unknown field that makes the frame this long. */
function pad(bytes: number): Uint8Array {
  const ping = [0x22, 0x00]
  const filler = bytes - ping.length - 5
  return concat([Uint8Array.from([...ping, 0xfa, 0x07, ...varint(filler)]), new Uint8Array(filler)])
}

function prefixed(content: Uint8Array): Uint8Array {
  return concat([Uint8Array.from(varint(content.length)), content])
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
