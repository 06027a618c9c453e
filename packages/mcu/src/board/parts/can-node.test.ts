import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CanNode } from '../../lines/can-bus.ts'
import { parseFrame } from '../../lines/can-frame.ts'
import { PartBench } from '../testing/part-bench.ts'
import { CanNodePart } from './can-node.ts'

function bench() {
  const unit = new PartBench('can', { rate: 500_000 })
  assert.ok(unit.part instanceof CanNodePart)
  const heard: string[] = []
  const chip: CanNode & { answers: boolean } = {
    ...{ name: 'chip', answers: true, next: () => undefined, begin() {} },
    hear: ({ frame }) => {
      heard.push(frame.id.toString(16))
      return chip.answers ? 'acknowledge' : 'ignore'
    },
  }
  unit.can.attach(chip)
  return { unit, part: unit.part, chip, heard }
}
const rates = { nominalHz: 500_000, dataHz: 2_000_000 }

test('frames are sent one after the other, in their time, until they are acknowledged', () => {
  const { unit, part, chip, heard } = bench()
  chip.answers = false
  part.send(parseFrame('000#')!)
  unit.pass(52 / 500_000)
  assert.deepEqual(heard, [])
  unit.pass(2 / 500_000)
  assert.deepEqual([heard, part.readings().sent], [['0'], 0])
  chip.answers = true
  unit.pass(0.001)
  assert.deepEqual([heard, part.readings().sent], [['0', '0'], 1])
})

test('what it hears it keeps and acknowledges; controls keep it from that', () => {
  const { unit, part } = bench()
  const told: string[] = []
  part.onFrame = (frame) => told.push(frame)
  const send = (text: string, nominalHz = 500_000) =>
    unit.can.complete({ ...rates, frame: parseFrame(text)!, nominalHz })
  assert.equal(send('123#AA'), 'sent')
  assert.deepEqual([told, part.readings().last], [['123#AA'], '123#AA'])
  assert.equal(send('124#', 400_000), 'error')
  part.set('faulty', true)
  assert.equal(send('125#'), 'error')
  assert.deepEqual(told, ['123#AA'])
})

test('it takes so many frames and no more', () => {
  const { part, chip } = bench()
  chip.answers = false
  let taken = 0
  while (part.send(parseFrame('001#')!)) taken++
  assert.equal(taken, 1024)
})
