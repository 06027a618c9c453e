import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributionOf, isApplicationMemory, memoryMap } from './memory-map.ts'

/** First address of each stretch and its attribution, up to the next. */
const boundaries = [
  [0x0000_0000, 'secure'],
  [0x0800_0000, 'non-secure'],
  [0x0810_0000, 'secure'],
  [0x0bf8_0000, 'non-secure'],
  [0x0c00_0000, 'secure'],
  [0x0c1f_e000, 'callable'],
  [0x0c20_0000, 'secure'],
  [0x2000_0000, 'non-secure'],
  [0x2008_0000, 'secure'],
  [0x2800_0000, 'non-secure'],
  [0x2800_4000, 'secure'],
  [0x4000_0000, 'non-secure'],
  [0x5000_0000, 'secure'],
  [0x6000_0000, 'non-secure'],
  [0xa000_0000, 'secure'],
] as const

test('attribution changes exactly at the boundaries', () => {
  boundaries.forEach(([start, attribution], i) => {
    const last = (boundaries[i + 1]?.[0] ?? 0xe000_0000) - 1
    for (const address of [start, start + 1, Math.floor((start + last) / 2), last]) {
      assert.equal(attributionOf(address), attribution, `0x${address.toString(16)}`)
    }
  })
})

test('the table is in order and without overlaps', () => {
  memoryMap.slice(1).forEach((region, i) => {
    assert.ok(region.base >= memoryMap[i].base + memoryMap[i].size, region.name)
  })
})

test('application memory is what lies wholly in non-secure SRAM or flash', () => {
  const cases = [
    [0x2000_0000, 0x8_0000, true],
    [0x2000_0000, 0x8_0001, false],
    [0x2007_ffff, 1, true],
    [0x2007_ffff, 2, false],
    [0x2002_fff0, 0x20, true],
    [0x1fff_ffff, 2, false],
    [0x2800_0000, 0x4000, true],
    [0x2800_3fff, 2, false],
    [0xffff_fff0, 0x20, false],
    [0x2000_0000, 0, true],
    [0x2008_0000, 0, false],
  ] as const
  for (const [address, length, expected] of cases) {
    assert.equal(
      isApplicationMemory(address, length, ['sram']),
      expected,
      `0x${address.toString(16)}`,
    )
  }
  assert.equal(isApplicationMemory(0x0800_0000, 0x10_0000, ['sram', 'flash']), true)
  assert.equal(isApplicationMemory(0x0800_0000, 0x10_0001, ['sram', 'flash']), false)
  assert.equal(isApplicationMemory(0x0800_0000, 4, ['sram']), false)
})
