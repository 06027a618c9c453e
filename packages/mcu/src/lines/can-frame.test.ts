import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seed } from '../../../../tools/sampling.ts'
import { bitsOf, codeOf, formatFrame, lengthOf, parseFrame, priorityOf } from './can-frame.ts'

const frame = (text: string) => parseFrame(text)!

test('frames as people write them', () => {
  for (const text of [
    ...['123#', '7FF#DEADBEEF', '00000123#11', '1FFFFFFF#', '123#R', '123#R4'],
    ...['123##0', '123##11122334455667788AABBCCDD', '00000001##2AA'],
  ]) {
    assert.equal(formatFrame(frame(text)), text)
  }
  assert.equal(formatFrame(frame('1a2#11.22 33')), '1A2#112233')
})

test('what is no frame is none', () => {
  const wrong = [
    ...['', '123', '12#', '1234#', '800#', '20000000#', '123#1', '123#112233445566778899'],
    ...['123#R9', '123##4', '123##0112233445566778899', '123#xx', '123# #'],
  ]
  for (const text of wrong) assert.equal(parseFrame(text), undefined, text)
})

test('any text is read without throwing, and what is read is written the same', () => {
  const letters = fc.constantFrom(...'0123456789ABCDEF#R. ')
  const property = fc.property(fc.string({ unit: letters, maxLength: 40 }), (text) => {
    const found = parseFrame(text)
    if (found !== undefined) assert.deepEqual(parseFrame(formatFrame(found)), found)
  })
  fc.assert(property, { seed, numRuns: 2000 })
})

test('lengths of ISO 11898-1: 47 bits and data in a classical frame, without stuff bits', () => {
  // Alternating bits need no stuffing: identifier 0x2AA, but the control field has some zeros.
  const { nominal } = bitsOf(frame('555#AA'))
  assert.equal(nominal >= 47 + 8, true)
  // All zeros: identifier, control and checksum are stuffed after every fifth bit.
  assert.equal(bitsOf(frame('000#')).nominal, 1 + 11 + 3 + 4 + 15 + 13 + 6)
  assert.equal(bitsOf(frame('00000000#')).nominal > bitsOf(frame('000#')).nominal, true)
})

test('with bit rate switching data and checksum are in the data phase', () => {
  const slow = bitsOf(frame('123##0AABB'))
  const fast = bitsOf(frame('123##1AABB'))
  assert.equal(slow.data, 0)
  assert.equal(fast.data >= 5 + 16 + 27, true)
  assert.equal(Math.abs(slow.nominal - fast.nominal - fast.data) <= 1, true)
})

test('codes of lengths, and which frame wins', () => {
  for (const [code, length] of lengthOf.entries()) assert.equal(codeOf(length), code)
  assert.equal(codeOf(9), 9)
  const order = ['010#', '010#R', '00400000#', '011#', '7FF#', '1FFFFFFF#']
  const sorted = [...order].sort((a, b) => priorityOf(frame(a)) - priorityOf(frame(b)))
  assert.deepEqual(sorted, order)
})
