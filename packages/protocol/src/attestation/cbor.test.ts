import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decoder, Encoder } from 'cbor-x'
import fc from 'fast-check'
import { fromHex, toHex } from '../hex.ts'
import { CborTag, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'

/** RFC 8949, appendix A, as far as it has what is written here. */
const vectors: readonly (readonly [string, CborValue])[] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['20', -1],
  ['3863', -100],
  ['3903e7', -1000],
  ['f4', false],
  ['f5', true],
  ['40', new Uint8Array(0)],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['62c3bc', 'ü'],
  ['64f0908591', '𐅑'],
  ['80', []],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['a0', new Map()],
  [
    'a201020304',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  ['c11a514b67b0', new CborTag(1, 1_363_896_240)],
]

test('the examples of RFC 8949 in both directions', () => {
  for (const [hex, value] of vectors) {
    assert.equal(toHex(encodeCbor(value)), hex)
    assert.deepEqual(decodeCbor(fromHex(hex)!), value, hex)
  }
})

test('keys of a map stand in the order of their encodings', () => {
  const map = new Map<number | string, CborValue>([
    ['aa', 1],
    ['z', 2],
    [-1, 3],
    [100, 4],
    [10, 5],
  ])
  // RFC 8949, section 4.2.1.
  assert.equal(toHex(encodeCbor(map)), 'a50a051864042003617a0262616101')
})

const refused: readonly (readonly [string, string])[] = [
  ['1817', 'a head that is longer than it has to be'],
  ['1900ff', 'another'],
  ['1bffffffffffffffff', 'an integer that is not exact'],
  ['5f42010243030405ff', 'an indefinite length'],
  ['a203040102', 'keys out of order'],
  ['a201020103', 'a key twice'],
  ['a1f401', 'a key that is no number or text'],
  ['f6', 'null'],
  ['f97e00', 'a floating-point number'],
  ['62c328', 'text that is not UTF-8'],
  ['0000', 'something after the value'],
  ['', 'nothing'],
  ['8201', 'too little'],
  ['9bffffffffffffffff', 'an array without end'],
  ['5affffffff00', 'a string that is longer than what there is'],
  [`${'81'.repeat(40)}00`, 'too many containers in containers'],
]

for (const [hex, what] of refused)
  test(`refused: ${what}`, () => assert.equal(decodeCbor(fromHex(hex)!), undefined))

const value: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    fc.integer(),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }).map((text) => text.toWellFormed()),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(fc.oneof(fc.integer(), fc.string()), tie('value')), {
        selector: ([key]) => JSON.stringify(key),
        maxLength: 4,
      })
      .map((entries) => new Map(entries.map(([key, one]) => [wellFormed(key), one]))),
  ),
})).value

const wellFormed = (key: number | string) => (typeof key === 'string' ? key.toWellFormed() : key)

test('what is encoded is decoded again, here and by another implementation', () => {
  const other = new Decoder({ mapsAsObjects: false })
  fc.assert(
    fc.property(value, (one) => {
      const bytes = encodeCbor(one)
      assert.equal(toHex(encodeCbor(decodeCbor(bytes)!)), toHex(bytes))
      const read = other.decode(bytes) as CborValue
      assert.equal(toHex(encodeCbor(read)), toHex(bytes))
    }),
    { numRuns: 200 },
  )
})

test('random and damaged input is a value or undefined, in bounded time', () => {
  const good = new Encoder({ mapsAsObjects: false }).encode([1, new Map([[1, 'a']]), 'text'])
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(), (bytes, at) => {
      decodeCbor(bytes)
      const damaged = Uint8Array.from(good)
      damaged[at % damaged.length]! ^= 1 << (at % 8)
      const read = decodeCbor(damaged)
      if (read !== undefined) assert.deepEqual(encodeCbor(read), damaged)
    }),
    { numRuns: 500 },
  )
})
