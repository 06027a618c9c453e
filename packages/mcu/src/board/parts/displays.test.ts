import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'
import { segmentText } from './segments.ts'

test('the segment display shows its RAM once it runs and is on', () => {
  const unit = new PartBench('ht16k33', { address: 0x70 })
  const show = () => unit.part.readings!()
  unit.write(0x70, 0x00, 0x5b, 0, 0xcf, 0, 2, 0, 0x6d, 0, 0x39, 0)
  assert.equal(show().text, '')
  unit.write(0x70, 0x21)
  assert.equal(show().brightness, 0)
  unit.write(0x70, 0x81)
  assert.deepEqual(show(), { text: '23.5C', colon: true, brightness: 1 })
  unit.write(0x70, 0xe3)
  assert.equal(show().brightness, 0.25)
  unit.write(0x70, 0x85)
  unit.pass(0.75)
  assert.equal(show().text, '', 'blinking at 1 Hz')
  unit.pass(0.5)
  assert.equal(show().text, '23.5C')
  assert.deepEqual(unit.read(0x70, [2], 1), [0xcf])
})

test('fourteen segments spell letters', () => {
  assert.equal(segmentText([0xf6, 0xf9, 0x38, 0x38 | 0x4000], '14-segment'), 'HELL.')
  assert.equal(segmentText([0x01], '7-segment'), '#')
})

function oled() {
  const unit = new PartBench('ssd1306', { address: 0x3c })
  const command = (...bytes: number[]) => unit.write(0x3c, 0x00, ...bytes)
  const data = (...bytes: number[]) => unit.write(0x3c, 0x40, ...bytes)
  const lit = () => {
    const picture = unit.part.picture!()
    if (picture.kind !== 'pixels') throw new Error('no pixels')
    const { pixels, width } = picture
    return [...pixels].flatMap((on, i) => (on ? [`${i % width},${Math.floor(i / width)}`] : []))
  }
  return { unit, command, data, lit }
}

test('the OLED shows page, horizontal and vertical writes where they belong', () => {
  const { command, data, lit } = oled()
  command(0xae, 0x8d, 0x14, 0xa1, 0xc8, 0x20, 0x02, 0xb2, 0x05, 0x11)
  data(0x81)
  assert.deepEqual(lit(), [], 'it is off')
  command(0xaf)
  assert.deepEqual(lit(), ['21,16', '21,23'])
  command(0x20, 0, 0x21, 126, 127, 0x22, 6, 7)
  data(1, 0, 0, 2)
  assert.deepEqual(lit().slice(2), ['126,48', '127,57'])
  command(0x20, 1, 0x21, 0, 1, 0x22, 0, 1)
  data(0, 0x80, 0, 0)
  assert.ok(lit().includes('0,15'))
})

test('inverse, all on, directions', () => {
  const { unit, command, data, lit } = oled()
  command(0xaf, 0xa1, 0xc8)
  data(1)
  assert.deepEqual(lit(), ['0,0'])
  command(0xa0, 0xc0)
  assert.deepEqual(lit(), ['127,63'])
  command(0xa7)
  assert.equal(unit.part.readings!().pixels, 128 * 64 - 1)
  command(0xa6, 0xa5)
  assert.equal(unit.part.readings!().pixels, 128 * 64)
})
