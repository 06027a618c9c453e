import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { boardWith, buildDrivers, expectResults, part } from '../testing/board-firmware.ts'

/** What the program notes, in its order. */
const expected: readonly (readonly [string, number])[] = [
  ['FMAC: two outputs of 0.875 times 0.5', 2 * 0x3800],
  ['nothing more', 1],
  ['underflow', 1 << 9],
  ['by interrupt: outputs', 4],
  ['of 0.875 times 0.25', 0x1c00],
  ['by DMA', 1],
  ['of 0.875 times 0.75', 0x5400_5400],
  ['DMA2D: a colour', 1],
  ['everywhere', 0x1122_3344],
  ['by interrupt: complete', 2],
  ['red', 0xffff_0000],
  ['nothing is there: transfer error', 1],
  ['no such format: configuration error', 32],
  ['CORDIC: ready', 1],
  ['the sine of 45 degrees', 0x5a82],
  ['by interrupt, of 90', 0x7fff],
  ['by DMA', 1],
  ['of 45 again', 0x5a82],
  ['PKA: initialised', 1],
  ['done', 1],
  ['3 to the 5th modulo 7', 5],
  ['by interrupt', 1],
  ['6 + 4 modulo 7', 3],
  ['no such operation: error', 1],
  ['AES: key taken', 1],
  ['done', 1],
  ['SP 800-38A, F.1.1', 0x3ad7_7bb4],
  ['CRS: synchronised', 1],
  ['cleared', 0],
  ['DCACHE: invalidated', 1],
  ['a range cleaned', 1],
  ['and by interrupt', 1],
  ['VREFBUF: ready', 1],
  ['SAI by DMA', 1],
  ['underrun, by interrupt', 1],
  ['off', 0],
  ['by polling: all has gone out', 0],
]

test('drivers of engines and of SAI find what they expect', {
  skip: missing('arm-none-eabi-gcc'),
}, () => {
  const codec = part('codec', 'audio', { line: 'SAI1_A' })
  const { chip, assembly, result, run } = boardWith(buildDrivers('engines', '-O1'), [codec])
  run(1)
  expectResults(result, expected)
  const { samples } = assembly.part('codec')!.readings!()
  assert.match(String(samples), /^100 101\n102 103\n104 105\n106 107/)
  assert.match(String(samples), /200 201\n202 203\n204 205\n206 207\n208 209\n210 211/)
  const missingParts = chip.notModelled.accesses.map(({ peripheral, register }) => [
    peripheral,
    register,
  ])
  // Where DMA2D found nothing, and a reference that the converters do not follow.
  assert.deepEqual(missingParts, [
    ['none', ''],
    ['VREFBUF', 'CSR.ENVR'],
  ])
})
