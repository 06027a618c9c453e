import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { FlashRegisters } from './flash-registers.ts'
import { Rng } from './rng.ts'

const clocks = { cycleHz: 160e6, hz: 48e6 }

test('RNG gives four different words at a time, by polling and interrupt', () => {
  const b = new PeripheralBench('RNG', clocks, (wiring) => new Rng(wiring))
  assert.equal(b.read('DR'), 0)
  b.write('CR', 0xc)
  assert.equal(b.read('SR') & 1, 0)
  const seen = new Set<number>()
  for (let round = 0; round < 3; round++) {
    b.settle()
    assert.equal(b.isPending('RNG'), true)
    for (let n = 0; n < 4; n++) {
      assert.equal(b.read('SR') & 1, 1)
      seen.add(b.read('DR'))
    }
    assert.equal(b.read('SR') & 1, 0)
    assert.equal(b.isPending('RNG'), false)
  }
  assert.equal(seen.size, 12)
  b.write('CR', 0)
  b.settle()
  assert.deepEqual([b.read('SR'), b.read('DR')], [0, 0])
})

function flash() {
  return new PeripheralBench('FLASH', clocks, () => new FlashRegisters())
}

test('FLASH: latency reads back; NSCR opens with both keys in order and closes with LOCK', () => {
  const b = flash()
  b.write('ACR', 0x104)
  assert.equal(b.read('ACR'), 0x104)
  b.write('NSCR', 1 << 24)
  assert.equal(b.read('NSCR'), 0xc000_0000)
  b.write('NSKEYR', 0x4567_0123)
  b.write('NSKEYR', 0xcdef_89ab)
  assert.equal(b.read('NSCR'), 0x4000_0000)
  b.write('OPTKEYR', 0x0819_2a3b)
  b.write('OPTKEYR', 0x4c5d_6e7f)
  assert.equal(b.read('NSCR'), 0)
  b.write('NSCR', 1 << 24)
  assert.equal(b.read('NSCR'), 1 << 24)
  b.write('NSCR', 0x8000_0000)
  assert.equal(b.read('NSCR'), 0xc000_0000)
})

test('FLASH: a wrong key closes it until the next reset', () => {
  const b = flash()
  b.write('NSKEYR', 0xcdef_89ab)
  const open = () => {
    b.write('NSKEYR', 0x4567_0123)
    b.write('NSKEYR', 0xcdef_89ab)
    return b.read('NSCR') >>> 31 === 0
  }
  assert.equal(open(), false)
  b.model.reset()
  assert.equal(open(), true)
})
