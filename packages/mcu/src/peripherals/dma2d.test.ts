import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Dma2d } from './dma2d.ts'

const START = 1
const TCIE = 1 << 9
const FILL = 3 << 16
const RGB565 = 2

function unit() {
  return new PeripheralBench('DMA2D', { cycleHz: 160e6, hz: 160e6 }, (wiring) => new Dma2d(wiring))
}

test('a rectangle is filled in its format, and nothing beside it', () => {
  const b = unit()
  b.memory.fill(0xee, 0, 64)
  b.write('OPFCCR', RGB565)
  b.write('OCOLR', 0x1234)
  b.write('OMAR', 4)
  b.write('OOR', 5)
  b.write('NLR', 2 | (3 << 16))
  b.write('CR', FILL | TCIE | START)
  b.runTo(5)
  assert.equal(b.read('ISR'), 0)
  b.runTo(6)
  assert.deepEqual([b.read('ISR'), b.read('CR') & START, b.isPending('DMA2D')], [2, 0, true])
  const line = [0x34, 0x12, 0x34, 0x12, 0x34, 0x12]
  const gap = (length: number) => new Array(length).fill(0xee)
  assert.deepEqual(
    [...b.memory.subarray(0, 28)],
    [...gap(4), ...line, ...gap(10), ...line, ...gap(2)],
  )
  b.write('IFCR', 2)
  assert.deepEqual([b.read('ISR'), b.isPending('DMA2D')], [0, false])
})

test('a rectangle is copied line by line', () => {
  const b = unit()
  for (let n = 0; n < 64; n++) b.memory[n] = n
  b.write('FGPFCCR', RGB565)
  b.write('FGMAR', 2)
  b.write('FGOR', 2)
  b.write('OMAR', 100)
  b.write('NLR', 2 | (2 << 16))
  b.write('CR', START)
  b.settle()
  assert.deepEqual([...b.memory.subarray(100, 108)], [2, 3, 4, 5, 10, 11, 12, 13])
})

test('ABORT ends it, and a conversion is reported', () => {
  const b = unit()
  const used: string[] = []
  b.model.registers.onTagged = (register, field) => used.push(`${register}.${field}`)
  b.write('NLR', 100 | (100 << 16))
  b.write('CR', (1 << 16) | START)
  b.write('CR', b.read('CR') | 4)
  b.settle()
  assert.deepEqual([b.read('ISR'), b.read('CR') & 5], [0, 0])
  assert.deepEqual(used, ['CR.MODE=1'])
})
