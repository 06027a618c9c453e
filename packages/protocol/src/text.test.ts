import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fuzzing } from './testing/fixtures.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

test('every code point goes to the same bytes as with TextEncoder, and back', () => {
  for (let from = 0; from < 0x11_0000; from += 0x400) {
    const text = String.fromCodePoint(...Array.from({ length: 0x400 }, (_, i) => from + i))
    const bytes = encodeUtf8(text)
    assert.deepEqual(bytes, new TextEncoder().encode(text), `from U+${from.toString(16)}`)
    assert.equal(decodeUtf8(bytes), decoder.decode(bytes))
  }
})

test('any bytes are read as TextDecoder reads them, strict or not', () => {
  const interesting = fc.constantFrom(
    0x00,
    0x7f,
    0x80,
    0xbf,
    0xc0,
    0xc2,
    0xe0,
    0xa0,
    0xed,
    0xef,
    0xbb,
    0xf0,
    0x90,
    0xf4,
    0x8f,
    0xf5,
    0xff,
  )
  const bytes = fc.array(fc.oneof(interesting, fc.integer({ min: 0, max: 255 })), { maxLength: 12 })
  fc.assert(
    fc.property(bytes, (list) => {
      const input = Uint8Array.from(list)
      assert.equal(decodeUtf8(input), decoder.decode(input))
      assert.equal(
        isAccepted(() => decodeUtf8(input, true)),
        isAccepted(() => strictDecoder.decode(input)),
      )
    }),
    { ...fuzzing, numRuns: fuzzing.numRuns * 4 },
  )
})

function isAccepted(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (error) {
    assert.ok(error instanceof TypeError)
    return false
  }
}
