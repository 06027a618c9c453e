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

test('ABORT ends it; SUSP holds it between lines', () => {
  const b = unit()
  b.write('NLR', 100 | (100 << 16))
  b.write('CR', START)
  b.write('CR', b.read('CR') | 4)
  b.settle()
  assert.deepEqual([b.read('ISR'), b.read('CR') & 5], [0, 0])
  b.write('NLR', 2 | (8 << 16))
  b.write('CR', START)
  b.write('CR', START | 2)
  b.settle()
  assert.deepEqual([b.read('ISR'), b.read('CR') & START], [0, START])
  b.write('CR', START)
  b.settle()
  assert.equal(b.read('ISR'), 2)
})

/** One pixel through the converter or the blender. */
function one(
  mode: number,
  front: readonly [format: number, ...bytes: number[]],
  back: readonly [format: number, ...bytes: number[]] = [0],
  output = 0,
) {
  const b = unit()
  b.memory.set(front.slice(1), 0x100)
  b.memory.set(back.slice(1), 0x200)
  b.write('FGMAR', 0x100)
  b.write('BGMAR', 0x200)
  b.write('OMAR', 0x300)
  b.write('FGPFCCR', front[0])
  b.write('BGPFCCR', back[0])
  b.write('OPFCCR', output)
  b.write('FGCOLR', 0x11_2233)
  b.write('BGCOLR', 0x44_5566)
  b.write('NLR', 1 | (1 << 16))
  b.write('CR', (mode << 16) | START)
  b.settle()
  assert.equal(b.read('ISR'), 2)
  return new DataView(b.memory.buffer).getUint32(0x300, true)
}
const [CONVERT, BLEND, FRONT_COLOUR, BACK_COLOUR] = [1, 2, 4, 5]

test('every format becomes ARGB8888', () => {
  const cases = [
    [[0, 0x44, 0x33, 0x22, 0x11], 0x1122_3344],
    [[1, 0x44, 0x33, 0x22], 0xff22_3344],
    [[2, 0x1f, 0xf8], 0xffff_00ff],
    [[3, 0x00, 0xfc], 0xffff_0000],
    [[4, 0x34, 0x12], 0x1122_3344],
    [[9, 0x80], 0x8011_2233],
  ] as const
  for (const [front, wanted] of cases) assert.equal(one(CONVERT, front), wanted)
})

test('ARGB8888 becomes every output format', () => {
  const pixel = [0, 0xff, 0x00, 0xff, 0x80] as const
  const outputs = [0x80ff_00ff, 0xff_00ff, 0xf81f, 0xfc1f, 0x8f0f]
  for (const [output, wanted] of outputs.entries()) {
    assert.equal(one(CONVERT, pixel, [0], output), wanted)
  }
  assert.equal(one(CONVERT, [0, 1, 2, 3, 4], [0], 1 << 21), 0x0401_0203, 'red and blue swapped')
  assert.equal(one(CONVERT, [0, 1, 2, 3, 4], [0], 1 << 20), 0xfb03_0201, 'alpha inverted')
  assert.equal(one(CONVERT, pixel, [0], 2 | (1 << 8)), 0x1ff8, 'bytes swapped')
})

test('alpha is replaced, multiplied, inverted', () => {
  const alpha = (control: number) => one(CONVERT, [control >>> 0, 0, 0, 0, 0x80]) >>> 24
  assert.equal(alpha((0x40 << 24) | (1 << 16)), 0x40)
  assert.equal(alpha((0x80 << 24) | (2 << 16)), 0x40)
  assert.equal(alpha(1 << 20), 0x7f)
})

test('blending: as the manual has it, for two images and for fixed colours', () => {
  const front = [0, 0x00, 0x00, 0xff, 0x80] as const
  const back = [0, 0xff, 0x00, 0x00, 0xff] as const
  assert.equal(one(BLEND, front, back), 0xff80_007f)
  assert.equal(one(BLEND, [0, 0, 0, 0, 0], [0, 9, 9, 9, 0]), 0)
  assert.equal(one(FRONT_COLOUR, [(0xff << 24) >>> 0], back), 0xff11_2233)
  assert.equal(one(BACK_COLOUR, [0, 0, 0, 0, 0], [(0xff << 24) >>> 0]), 0xff44_5566)
})

test('colour tables are written, or loaded in 24 or 32 bits, and looked up', () => {
  for (const [ccm, bytes] of [
    [0, [0, 0, 0, 0, 3, 2, 1, 0xff]],
    [1, [0, 0, 0, 3, 2, 1]],
  ] as const) {
    const b = unit()
    b.memory.set(bytes, 0x400)
    b.write('FGCMAR', 0x400)
    b.write('CR', 1 << 12)
    b.write('FGPFCCR', 5 | (ccm << 4) | (1 << 8) | (1 << 5))
    b.settle()
    assert.deepEqual([b.read('ISR'), b.isPending('DMA2D')], [16, true])
    assert.equal(b.read('FGPFCCR') & 32, 0)
    assert.equal(b.model.window.read(4, 4), 0xff01_0203)
    b.memory[0x100] = 1
    b.write('FGMAR', 0x100)
    b.write('OMAR', 0x300)
    b.write('NLR', 1 | (1 << 16))
    b.write('CR', (1 << 16) | START)
    b.settle()
    assert.deepEqual([...b.memory.subarray(0x300, 0x304)], [3, 2, 1, 0xff])
  }
})

test('four-bit pixels lie two in a byte, the first in the low half', () => {
  const b = unit()
  b.model.window.write(4, 4, 0xff00_0001)
  b.model.window.write(8, 4, 0xff00_0002)
  b.memory[0x100] = 0x21
  b.write('FGPFCCR', 8)
  b.write('FGMAR', 0x100)
  b.write('OMAR', 0x300)
  b.write('NLR', 1 | (2 << 16))
  b.write('CR', (1 << 16) | START)
  b.settle()
  assert.deepEqual([b.memory[0x300], b.memory[0x304]], [1, 2])
})

test('watermark, configuration error, transfer error, table error', () => {
  const b = unit()
  b.write('CR', (1 << 10) | (1 << 13))
  b.write('LWR', 1)
  b.write('NLR', 2 | (4 << 16))
  b.write('CR', FILL | (1 << 10) | START)
  b.run(4)
  assert.deepEqual([b.read('ISR'), b.isPending('DMA2D')], [4, true])
  b.settle()
  b.write('IFCR', 63)
  b.write('OMAR', 2)
  b.write('CR', FILL | (1 << 13) | START)
  assert.deepEqual([b.read('ISR'), b.isPending('DMA2D'), b.read('CR') & START], [32, true, 0])
  b.write('IFCR', 63)
  b.memoryEnd = 0x10
  b.write('OMAR', 0x10)
  b.write('CR', FILL | START)
  b.settle()
  assert.equal(b.read('ISR'), 1)
  b.write('BGCMAR', 0x100)
  b.write('BGPFCCR', 1 << 5)
  b.settle()
  assert.equal(b.read('ISR'), 9)
})
