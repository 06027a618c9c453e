/** The table against itself: no word has two meanings, and every meaning has a handler. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../seeded-random.ts'
import { decode, isWide } from '../decoder.ts'
import { interpreter } from '../interpreter.ts'
import { matches, type Pattern, type Row } from './row.ts'
import { rows16, rows32 } from './rows.ts'

test('every halfword matches at most one row', () => {
  for (let word = 0; word < 0x1_0000; word++) {
    const hits = rows16.filter((row) => matches(row, word)).map(({ name }) => name)
    assert.ok(hits.length <= 1, `0x${word.toString(16)} is ${hits.join(' and ')}`)
    if (isWide(word)) assert.deepEqual(hits, [], 'a 16-bit row draws the start of a 32-bit one')
  }
})

test('no 32-bit word can match two rows', () => {
  rows32.forEach((a, at) => {
    for (const b of rows32.slice(at + 1)) {
      assert.ok(areDisjoint(a, b), `${a.name} ${a.drawing} overlaps ${b.name} ${b.drawing}`)
    }
  })
})

test('every 32-bit row begins with a 32-bit prefix', () => {
  for (const row of rows32) {
    const prefix = (row.value & row.mask) >>> 27
    assert.ok(prefix >= 0b11100, `${row.name} ${row.drawing}`)
  }
})

test('every halfword that decodes has a handler, inside and outside IT blocks', () => {
  const { table } = interpreter()
  for (const isInIt of [false, true]) {
    for (let word = 0; word < 0x1_0000; word++) {
      const decoded = decode(word, 2, { address: 0x100, pc: 0x104, isInIt })
      if (decoded) assert.ok(table.find(decoded), `${decoded.row.name} 0x${word.toString(16)}`)
    }
  }
})

test('random words of every 32-bit row have a handler (seed 7)', () => {
  const { table } = interpreter()
  const random = seededRandom(7)
  for (const row of rows32) {
    let decodedOnes = 0
    for (let n = 0; n < 400; n++) {
      const word = ((random() & ~row.mask) | row.value) >>> 0
      const decoded = decode(word, 4, { address: 0x100, pc: 0x104, isInIt: false })
      if (decoded?.row !== row) continue
      decodedOnes++
      assert.ok(table.find(decoded), `${row.name} 0x${word.toString(16)}`)
    }
    assert.ok(decodedOnes > 0, `nothing decodes as ${row.name} ${row.drawing}`)
  }
})

/** By masks and values: what both draw is empty, or excepted by one of them. */
function areDisjoint(a: Row, b: Row): boolean {
  if (((a.value ^ b.value) & a.mask & b.mask) !== 0) return true
  const both = { mask: (a.mask | b.mask) >>> 0, value: (a.value | b.value) >>> 0 }
  return [...a.except, ...b.except].some((pattern) => contains(pattern, both))
}

function contains(outer: Pattern, inner: Pattern): boolean {
  const isFixed = (outer.mask & ~inner.mask) === 0
  return isFixed && (inner.value & outer.mask) >>> 0 === outer.value
}
