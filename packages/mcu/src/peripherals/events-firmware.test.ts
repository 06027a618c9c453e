import assert from 'node:assert/strict'
import { createCipheriv, createHash } from 'node:crypto'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import type { UartFrame } from '../lines/uart-frame.ts'
import { boardWith, buildDrivers, expectNotes, expectResults } from '../testing/board-firmware.ts'

const FLASH = 0x0800_0000
const [PE, FE, NE, ORE] = [1, 2, 4, 8]
const WWDGRSTF = 1 << 30

/** NIST SP 800-38A, F.1.1: two blocks of ECB. */
const key = Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex')
const blocks = Buffer.from(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51',
  'hex',
)
const encrypted = createCipheriv('aes-128-ecb', key, null).update(blocks)
const [first, last] = [encrypted.readUInt32BE(0), encrypted.readUInt32BE(28)]
const digest = createHash('sha256').update('a'.repeat(160)).digest().readUInt32BE(0)

/** What `events.c` notes, in its order. */
const events: readonly (readonly [string, number])[] = [
  ['AES: key registers out of order', 1],
  ['it does not start', 0],
  ['a key in order', 1 << 7],
  ['two blocks by interrupt', 1],
  ['the first word', first],
  ['the last', last],
  ['nothing to be read', 0],
  ['read error', 2],
  ['write error', 4],
  ['by DMA', 1],
  ['the first word', first],
  ['the last', last],
  ['without an error', 0],
  ['HASH by interrupt', 1],
  ['SHA-256 of 160 letters', digest],
  ['ICACHE: enabled', 1],
  ['invalidated', 1],
  ['and by interrupt', 1],
  ['and cleared', 0],
  ['ADC1: regulator', 1],
  ['ready', 1],
  ['end of conversion, by interrupt', 1],
  ['a third of full scale', 5461],
  ['overrun, by interrupt', 1],
  ['stopped', 0],
  ['ADC4: regulator', 1],
  ['ready', 1],
  ['end of sequence, by interrupt', 1],
  ['two conversions', 2],
  ['a third and two thirds of full scale', 1365 | (2730 << 16)],
  ['overrun, by interrupt', 1],
  ['stopped', 0],
  ['ADC4 by DMA', 1],
  ['a third and two thirds', 1365 | (2730 << 16)],
  ['overrun when it has had enough', 1],
  ['GPIO: locked', 1 << 16],
  ['the pin stays an output, its neighbour does not', 1],
  ['and is driven', 1 << 3],
  ['DAC by DMA', 1],
  ['underrun, by interrupt', 1],
  ['stays at the last sample', 1007],
  ['cleared', 0],
  ['TIM: three bursts', 1],
  ['the last pair', 12 | (22 << 16)],
  ['three captures by DMA', 1],
  ['500 us', 2000],
  ['and 500 us', 2000],
  ['USART: parity', PE],
  ['its character', 0x70],
  ['framing', FE],
  ['its character', 0x66],
  ['noise', NE],
  ['its character', 0x6e],
  ['break', FE],
  ['zeros', 0],
  ['overrun', ORE],
  ['the first is kept', 0x31],
  ['the second is not', 0],
  ['SPI: mode fault, by interrupt', 1],
  ['MODF', 1 << 9],
  ['off', 0],
  ['a master no more', 0],
  ['CRC error, by interrupt', 1],
  ['CRCE', 1 << 7],
  ['end of transfer', 1],
]

/** What `timekeeping.c` notes, in its order, until WWDG bites. */
const times: readonly (readonly [string, number])[] = [
  ['RTC: LSE', 1],
  ['initialisation', 1],
  ['calendar runs', 1],
  ['alarm at midnight', 1],
  ['the time', 0],
  ['the first of January, a Friday', (0x27 << 16) | (5 << 13) | 0x0101],
  ['wake-up timer may be written', 1],
  ['three wake-ups', 3],
  ['locked', 0],
  ['CRS: synchronised, by interrupt', 1],
  ['SYNCOK', 1],
  ['out of range, by interrupt', 1],
  ['ERR, SYNCERR', 4 | (1 << 8)],
  ['PVD: VDD is high', 0],
  ['no interrupt', 0],
  ['low', 1 << 4],
  ['one interrupt', 1],
  ['high again', 0],
  ['USB: core reset', 0],
  ['device mode', 0],
  ['FIFOs flushed', 0],
  ['suspended without a host', 1],
  ['its status', 1],
]

/** What it notes when it starts anew. */
const afterReset: readonly (readonly [string, number])[] = [
  ['reset by WWDG', WWDGRSTF],
  ['forgotten', 0],
  ['backup registers', 0x5afe | (0xbacc << 16)],
  ['after three warnings', 3],
  ['the calendar went on', (0x27 << 16) | (5 << 13) | 0x0101],
  ['WWDG is off', 0],
]

const skip = missing('arm-none-eabi-gcc')

test('drivers that wait for events find what they expect', { skip }, () => {
  const { chip, result, run, step } = boardWith(buildDrivers('events', '-O1'), [])
  const volts = { PA0: 1.1, PC0: 1.1, PC1: 2.2 } as const
  for (const name of ['PA0', 'PC0', 'PC1'] as const) {
    chip.pins.pad(name).connect('bench').voltage(volts[name])
  }
  const signal = chip.pins.pad('PA6').connect('bench')
  signal.drive(false)
  const pass = (cycles: number) => void chip.run(chip.cpu.cycles + cycles)
  const receive = (...frames: UartFrame[]) => {
    chip.pins.receiver('USART1_RX')!(frames)
    pass(1000 * frames.length)
  }
  step(1, () => {
    for (let edge = 0; edge < 3; edge++) {
      signal.drive(true)
      pass(1000)
      signal.drive(false)
      pass(1000)
    }
  })
  step(2, () => receive({ data: 0x70, trouble: 'parity' }))
  step(3, () => receive({ data: 0x66, trouble: 'framing' }))
  step(4, () => receive({ data: 0x6e, trouble: 'noise' }))
  step(5, () => receive({ data: 0, trouble: 'break' }))
  step(6, () => receive({ data: 0x31 }, { data: 0x32 }))
  run(1)
  expectResults(result, events)
  assert.deepEqual(chip.notModelled.accesses, [])
})

test('drivers of what keeps time find what they expect, until a watchdog bites', { skip }, () => {
  const { chip, result, run, step } = boardWith(buildDrivers('timekeeping', '-O1'), [])
  const { PWR } = chip.peripherals
  step(1, () => PWR.setSupply(2.7))
  step(2, () => PWR.setSupply(3.3))
  step(3, () => expectNotes(result, times))
  chip.run(chip.cpu.cycles + 1_000_000)
  assert.equal(chip.requestedReset, 'window-watchdog')
  chip.reset(chip.requestedReset)
  chip.startApplication(FLASH)
  run(1)
  expectResults(result, afterReset)
  assert.deepEqual(chip.notModelled.accesses, [])
})
