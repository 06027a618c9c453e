import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSid, makeSid, parseSid, SidError } from './sid.ts'

const hex = '0123456789abcdef0123456789abcdef'

test('a SID is its prefix and the hexadecimal of 16 bytes', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i)
  assert.equal(makeSid('UV', bytes), 'UV000102030405060708090a0b0c0d0e0f')
  assert.throws(() => makeSid('UV', bytes.subarray(1)), /16 bytes, not of 15/)
})

test('digits of either case are the same SID, kept in lower case', () => {
  assert.equal(parseSid(`KA${hex.toUpperCase()}`, 'KA'), `KA${hex}`)
})

for (const [text, prefix, complaint] of [
  [`UV${hex}`, 'KA', /another kind of thing \(device\).*SID of an app is KA/],
  [`XX${hex}`, 'UV', /does not begin with UV/],
  [`uv${hex}`, 'UV', /does not begin with UV/],
  [`UV${hex}0`, 'UV', /has 35 characters instead of 34/],
  [`UV${hex.slice(1)}`, 'UV', /has 33 characters/],
  [`UV${hex.slice(1)}g`, 'UV', /not hexadecimal/],
  [`UV${hex.slice(1)}\n`, 'UV', /not hexadecimal/],
  ['', 'AC', /does not begin with AC.*SID of an account/],
  ['x'.repeat(10_000), 'SK', /^"x{60}…" does not begin/],
] as const) {
  test(`${JSON.stringify(text.slice(0, 40))} is not the SID of an ${prefix}`, () => {
    assert.equal(isSid(text, prefix), false)
    assert.throws(
      () => parseSid(text, prefix),
      (error) => error instanceof SidError && complaint.test(error.message),
    )
  })
}
