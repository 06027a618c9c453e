import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { boardWith, buildDrivers, expectResults, part } from '../testing/board-firmware.ts'

const [TEF, TCF] = [1, 2]

/** What the program notes, in its order. */
const expected: readonly (readonly [string, number])[] = [
  ['identification', 1],
  ['of a W25Q64', 0x17_40ef],
  ['SFDP', 0x5044_4653],
  ['writing is enabled', 1],
  ['a sector is erased', 1],
  ['a page is sent', 1],
  ['and programmed', 1],
  ['read on four lines', 1],
  ['its end', 0x7f7e_7d7c],
  ['a dummy clock too few', 0x2414_04f4],
  ['DMA', 1],
  ['its end', 0x7f7e_7d7c],
  ['an interrupt and the status', TCF << 8],
  ['an interrupt for an address beyond the device', TEF],
  ['memory-mapped', 0x4342_4140],
  ['by byte', 0x7f],
  ['busy while mapped', 32],
  ['aborted', 1],
  ['free', 0],
]

const skip = missing('arm-none-eabi-gcc')
test('drivers of OCTOSPI find a NOR flash and use it in every mode', { skip }, () => {
  const flash = part('flash', 'nor-flash', { bus: 'OCTOSPIM_P2' })
  const { chip, assembly, result, run } = boardWith(buildDrivers('octospi', '-O2'), [flash])
  run(1)
  expectResults(result, expected)
  assert.deepEqual(assembly.part('flash')?.readings?.(), { programs: 1, erases: 1, busy: false })
  assert.deepEqual(chip.notModelled.accesses, [])
})

test('pins that are not switched to the port are told, and nobody answers', { skip }, () => {
  const image = buildDrivers('octospi', '-O2')
  const { chip, hints, run } = boardWith(image, [
    part('flash', 'nor-flash', { bus: 'OCTOSPIM_P1' }),
  ])
  chip.run(1)
  chip.writeSecure(0x4602_0c8c, 1 << 21)
  chip.writeSecure(0x420c_4008, 0x0301_0111)
  chip.writeSecure(0x420c_4004, 0x0705_0333)
  run(0.01)
  assert.match(hints[0]!, /OCTOSPIM_P1 is used, but no pin is switched to OCTOSPIM_P1_CLK/)
})
