import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { boardWith, buildDrivers, expectResults, part } from '../testing/board-firmware.ts'

const [DCRCFAIL, CTIMEOUT, DTIMEOUT, DATAEND] = [2, 4, 8, 256]

/** What the program notes, in its order. */
const expected: readonly (readonly [string, number])[] = [
  ['interface condition', 0],
  ['as sent', 0x1aa],
  ['operating conditions', 0x80ff_8000],
  ['identification', 0],
  ['its manufacturer', 0x4d],
  ['specific data', 0],
  ['selected', 0],
  ['four lines', 0],
  ['transfer state', 4],
  ['block length', 0],
  ['write of two blocks', 0],
  ['done', DATAEND],
  ['stopped', 0],
  ['read of one block', 0],
  ['done', DATAEND],
  ['its first word', 0x8080_8080],
  ['its last word', 0xffff_ffff],
  ['read by internal DMA', 0],
  ['an interrupt', DATAEND],
  ['first word', 0],
  ['last word', 0xffff_ffff],
  ['middle', 0x8080_8080],
  ['erased', 0],
  ['read', 0],
  ['done', DATAEND],
  ['zeros', 0],
  ['a damaged card answers', 0],
  ['checksum error', DCRCFAIL],
  ['a silent card answers', 0],
  ['data time-out', DTIMEOUT],
  ['nobody answers', CTIMEOUT],
]

test('drivers of SDMMC use a card, and see what is wrong with it', {
  skip: missing('arm-none-eabi-gcc'),
}, () => {
  const card = part('card', 'sd-card', { port: 'SDMMC1', size: 8 })
  const { chip, assembly, result, run } = boardWith(buildDrivers('sdmmc', '-O2'), [card])
  const COMMANDED = 100
  const step = (asked: number, control: string, value: boolean) => {
    run(1, () => result(COMMANDED) === asked)
    assert.equal(result(COMMANDED), asked)
    assembly.set('card', control, value)
    chip.cpu.bytes[0x2000_0000 + COMMANDED * 4] = asked + 1
  }
  step(1, 'damaged', true)
  step(3, 'silent', true)
  step(5, 'inserted', false)
  run(1)
  expectResults(result, expected)
  assert.deepEqual(assembly.part('card')?.readings?.(), { state: 'idle', reads: 5, writes: 2 })
  assert.deepEqual(chip.notModelled.accesses, [])
})
