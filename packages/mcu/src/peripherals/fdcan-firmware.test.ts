import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { CanNodePart } from '../board/parts/can-node.ts'
import { parseFrame } from '../lines/can-frame.ts'
import { boardWith, buildDrivers, expectResults, part } from '../testing/board-firmware.ts'

const [RF0N, TC] = [1, 1 << 7]

/** What the program notes, in its order. */
const expected: readonly (readonly [string, number])[] = [
  ['initialised', 1],
  ['takes part', 1],
  ['a frame to the FIFO', 1],
  ['sent to itself', 1],
  ['received', 0x123],
  ['its data', 0x4433_2211],
  ['the filter rejects another', 0xffff_ffff],
  ['initialised for the bus', 1],
  ['takes part', 1],
  ['two frames sent', 1],
  ['a frame came', 1],
  ['its identifier', 0x1aa],
  ['its data', 0xefbe_adde],
  ['an interrupt for the next', RF0N],
  ['its identifier', 0x1ab],
  ['an interrupt for one sent', TC],
  ['bus off', 1],
  ['initialisation', 1],
  ['recovered', 1],
  ['and sent', 1],
]

test('drivers of FDCAN speak with a node on the bus, fail with it, and recover', {
  skip: missing('arm-none-eabi-gcc'),
}, () => {
  const node = part('bus', 'can', { port: 'FDCAN1', rate: 500_000 })
  const { chip, assembly, result, run } = boardWith(buildDrivers('fdcan', '-O2'), [node])
  const bus = assembly.part('bus')
  assert.ok(bus instanceof CanNodePart)
  const step = (asked: number, act: () => void) => {
    run(1, () => result(100) === asked)
    assert.equal(result(100), asked)
    act()
    chip.cpu.bytes[0x2000_0000 + 400] = 0
  }
  step(1, () => bus.send(parseFrame('1AA#DEADBEEF')!))
  assert.equal(bus.readings().frames, '101#AABB\n102##1010203040506070800000000')
  step(2, () => bus.send(parseFrame('1AB#')!))
  step(3, () => bus.set('faulty', true))
  step(4, () => bus.set('faulty', false))
  run(1)
  expectResults(result, expected)
  assert.equal(bus.readings().last, '104#')
  assert.deepEqual(chip.notModelled.accesses, [])
})
