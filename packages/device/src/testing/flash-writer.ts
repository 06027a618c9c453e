/**
 * A process of its own that writes quad-words 0, 1, 2, … through to a flash file and says each one
 * once it is done. Ends only by being killed.
 *
 *   node flash-writer.ts FILE
 */
import { writeSync } from 'node:fs'
import { FlashChip, INTERNAL_FLASH_BYTES, QUAD_WORD_BYTES, Supply } from '@microvisor/mcu'
import { FlashFile } from '../folder/flash-file.ts'

const bytes = new Uint8Array(INTERNAL_FLASH_BYTES)
const file = new FlashFile({ path: process.argv[2]!, isInverted: false }, bytes)
const onChange = (offset: number, length: number) => file.save(offset, length)
const flash = new FlashChip('internal', { bytes, supply: new Supply(), onChange })
const quadWord = new Uint8Array(QUAD_WORD_BYTES)
const STDOUT = 1

for (let n = 0; ; n = (n + 1) % (INTERNAL_FLASH_BYTES / QUAD_WORD_BYTES)) {
  if ((n * QUAD_WORD_BYTES) % flash.eraseBytes === 0) flash.erase(n * QUAD_WORD_BYTES)
  new DataView(quadWord.buffer).setUint32(0, n, true)
  flash.program(n * QUAD_WORD_BYTES, quadWord)
  writeSync(STDOUT, `${n}\n`)
}
