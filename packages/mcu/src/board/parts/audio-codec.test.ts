import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'

const format = { slots: 2, bits: 16, frameHz: 48_000 }

test('it plays a sine, the same in all slots', () => {
  const unit = new PartBench('audio')
  unit.part.set?.('amplitude', 50)
  unit.part.set?.('frequency', 12_000)
  const frames = Array.from({ length: 4 }, () => unit.audio.record(format))
  assert.deepEqual(
    frames,
    [
      [0, 0],
      [16_384, 16_384],
      [0, 0],
      [-16_383, -16_383],
    ].map((frame) => frame),
  )
})

test('it measures what it hears', () => {
  const unit = new PartBench('audio')
  unit.audio.play([0x4000, undefined], format)
  unit.audio.play([0xc000, 1], format)
  assert.deepEqual(unit.part.readings?.(), {
    ...{ frames: 2, rate: 48_000, level: 50, samples: '16384 -\n49152 1' },
  })
})
