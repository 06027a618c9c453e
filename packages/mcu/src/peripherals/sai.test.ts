import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AudioBus } from '../lines/audio-bus.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Sai } from './sai.ts'

const CR1 = { RECEIVE: 1, SLAVE: 2, DS16: 4 << 5, SYNC: 1 << 10, MONO: 1 << 12 }
const [ON, DMAEN, NODIV] = [1 << 16, 1 << 17, 1 << 19]
const [OVRUDR, MUTEDET, WCKCFG, FREQ] = [1, 2, 4, 8]
const [STEREO, FRAME32] = [(1 << 8) | (3 << 16), 31]

/** SAI1 at 12.288 MHz: 48 kHz with a master clock of 256 times that. */
function unit() {
  const b = new PeripheralBench('SAI1', { cycleHz: 12.288e6, hz: 12.288e6 }, (w) => new Sai(w))
  const heard: (readonly (number | undefined)[])[] = []
  const source: number[][] = []
  const bus = new AudioBus()
  bus.attach({
    name: 'codec',
    hear: (frame) => void heard.push(frame),
    next: () => source.shift(),
  })
  b.pins.attachBus(bus)
  for (const letter of ['A', 'B']) {
    b.write(`${letter}FRCR`, FRAME32)
    b.write(`${letter}SLOTR`, STEREO)
  }
  return { b, heard, source }
}
const FRAME_CYCLES = 256

test('reset values', () => {
  const b = new PeripheralBench('SAI1', { cycleHz: 1, hz: 1 }, (w) => new Sai(w))
  assert.deepEqual([b.read('ACR1'), b.read('AFRCR'), b.read('ASR')], [0x40, 7, FREQ])
})

test('a master transmitter sends a frame each 256th of its master clock', () => {
  const { b, heard } = unit()
  for (const sample of [1, 2, 3, 4]) b.write('ADR', sample)
  b.write('ACR1', CR1.DS16 | ON)
  b.run(FRAME_CYCLES - 1)
  assert.deepEqual(heard, [])
  b.run(1)
  assert.deepEqual(heard, [[1, 2]])
  b.run(FRAME_CYCLES)
  assert.deepEqual(heard, [
    [1, 2],
    [3, 4],
  ])
  assert.equal(b.read('ASR') & OVRUDR, 0)
  b.run(FRAME_CYCLES)
  assert.equal(b.read('ASR') & OVRUDR, OVRUDR)
  b.write('ACLRFR', OVRUDR)
  assert.equal(b.read('ASR') & OVRUDR, 0)
})

test('without master clock the bit clock alone counts', () => {
  const { b, heard } = unit()
  b.write('ADR', 5)
  b.write('ADR', 6)
  b.write('ACR1', CR1.DS16 | NODIV | (4 << 20) | ON)
  b.run(32 * 4)
  assert.deepEqual(heard, [[5, 6]])
})

test('slots: those that are not enabled carry nothing, mono plays one sample twice', () => {
  const { b, heard } = unit()
  b.write('AFRCR', 63)
  b.write('ASLOTR', (3 << 8) | (0b1001 << 16))
  for (const sample of [7, 8]) b.write('ADR', sample)
  b.write('ACR1', CR1.DS16 | ON)
  b.run(FRAME_CYCLES)
  assert.deepEqual(heard, [[7, undefined, undefined, 8]])
  b.write('ACR1', CR1.DS16)
  b.write('ASLOTR', STEREO)
  b.write('ADR', 9)
  b.write('ACR1', CR1.DS16 | CR1.MONO | ON)
  b.run(FRAME_CYCLES)
  assert.deepEqual(heard.at(-1), [9, 9])
})

test('a receiver fills its FIFO until it overruns', () => {
  const { b, source } = unit()
  source.push([0x1_1111, 2], [3, 4], [5, 6], [7, 8], [9, 10])
  b.write('ACR2', 2)
  b.write('ACR1', CR1.RECEIVE | CR1.DS16 | ON)
  b.run(FRAME_CYCLES)
  assert.equal(b.read('ASR') & FREQ, 0)
  b.run(FRAME_CYCLES)
  assert.equal(b.read('ASR') & FREQ, FREQ)
  b.run(FRAME_CYCLES * 2)
  assert.equal(b.read('ASR') >>> 16, 5)
  b.run(FRAME_CYCLES)
  assert.equal(b.read('ASR') & OVRUDR, OVRUDR)
  assert.deepEqual([b.read('ADR'), b.read('ADR'), b.read('ADR')], [0x1111, 2, 3])
})

test('a synchronous block follows the other', () => {
  const { b, source, heard } = unit()
  source.push([11, 12])
  b.write('BCR1', CR1.RECEIVE | CR1.SLAVE | CR1.SYNC | CR1.DS16 | ON)
  b.run(FRAME_CYCLES * 4)
  assert.equal(b.read('BSR') >>> 16, 0)
  for (const sample of [1, 2]) b.write('ADR', sample)
  b.write('ACR1', CR1.DS16 | ON)
  b.run(FRAME_CYCLES)
  assert.deepEqual([heard, b.read('BDR'), b.read('BDR')], [[[1, 2]], 11, 12])
})

test('mute sends zeros and goes on taking samples; a receiver detects silence', () => {
  const { b, heard } = unit()
  for (const sample of [1, 2, 3, 4]) b.write('ADR', sample)
  b.write('ACR2', 1 << 5)
  b.write('ACR1', CR1.DS16 | ON)
  b.run(FRAME_CYCLES)
  b.write('ACR2', 0)
  b.run(FRAME_CYCLES)
  assert.deepEqual(heard, [
    [0, 0],
    [3, 4],
  ])
  b.write('BCR2', 3 << 7)
  b.write('BIM', MUTEDET)
  b.write('BCR1', CR1.RECEIVE | CR1.DS16 | ON)
  b.run(FRAME_CYCLES * 2)
  assert.equal(b.isPending('SAI1'), false)
  b.run(FRAME_CYCLES)
  assert.equal(b.isPending('SAI1'), true)
})

test('a frame length that no divider makes is refused', () => {
  const { b } = unit()
  b.write('AFRCR', 47)
  b.write('AIM', WCKCFG)
  b.write('ACR1', CR1.DS16 | ON)
  assert.equal(b.read('ASR') & WCKCFG, WCKCFG)
  assert.deepEqual([b.read('ACR1') & ON, b.isPending('SAI1')], [0, true])
})

test('DMA and interrupts ask for samples; flushing empties the FIFO', () => {
  const { b } = unit()
  b.write('ACR1', CR1.DS16 | DMAEN | ON)
  assert.equal(b.isRequesting('SAI1_A'), true)
  for (let n = 0; n < 8; n++) b.write('ADR', n)
  assert.equal(b.isRequesting('SAI1_A'), false)
  b.write('AIM', FREQ)
  assert.equal(b.isPending('SAI1'), false)
  b.write('ACR2', 8)
  assert.deepEqual([b.isPending('SAI1'), b.isRequesting('SAI1_A')], [true, true])
})
