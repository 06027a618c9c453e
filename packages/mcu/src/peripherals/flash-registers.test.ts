import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { buildFirmware, startFirmware } from '../testing/firmware.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { FlashRegisters } from './flash-registers.ts'

const clocks = { cycleHz: 160e6, hz: 160e6 }
const MICROSECOND = 160

const NSCR = {
  PG: 1,
  PER: 2,
  MER1: 4,
  BKER: 1 << 11,
  BWR: 1 << 14,
  MER2: 1 << 15,
  STRT: 1 << 16,
} as const
const { OPTSTRT, EOPIE, ERRIE } = { OPTSTRT: 1 << 17, EOPIE: 1 << 24, ERRIE: 1 << 25 }
const { OBL_LAUNCH, LOCK } = { OBL_LAUNCH: 1 << 27, LOCK: 0x8000_0000 }
const NSSR = {
  EOP: 1,
  OPERR: 2,
  PROGERR: 8,
  WRPERR: 16,
  PGAERR: 32,
  SIZERR: 64,
  PGSERR: 128,
} as const
const { BSY, WDW } = { BSY: 1 << 16, WDW: 1 << 17 }
const PAGE = 3
const page = (number: number) => number << PAGE

function flash() {
  return new PeripheralBench('FLASH', clocks, (wiring) => new FlashRegisters(wiring))
}

function unlocked() {
  const b = flash()
  b.write('NSKEYR', 0x4567_0123)
  b.write('NSKEYR', 0xcdef_89ab)
  return b
}

type Bench = ReturnType<typeof flash>

function programmingAt(offset: number, size: number) {
  return (b: Bench) => {
    b.write('NSCR', NSCR.PG)
    b.model.store(offset, size, 0)
  }
}

function storeWords(b: Bench, offset: number, count: number): void {
  for (let n = 0; n < count; n++) b.model.store(offset + 4 * n, 4, 0x1111_1111 * (n % 16))
}

test('latency reads back; NSCR opens with both keys in order and closes with LOCK', () => {
  const b = flash()
  b.write('ACR', 0x104)
  assert.equal(b.read('ACR'), 0x104)
  b.write('NSCR', 1 << 24)
  assert.equal(b.read('NSCR'), 0xc000_0000)
  b.write('NSKEYR', 0x4567_0123)
  b.write('NSKEYR', 0xcdef_89ab)
  assert.equal(b.read('NSCR'), 0x4000_0000)
  b.write('OPTKEYR', 0x0819_2a3b)
  b.write('OPTKEYR', 0x4c5d_6e7f)
  assert.equal(b.read('NSCR'), 0)
  b.write('NSCR', 1 << 24)
  assert.equal(b.read('NSCR'), 1 << 24)
  b.write('NSCR', 0x8000_0000)
  assert.equal(b.read('NSCR'), 0xc000_0000)
})

test('a wrong key closes it until the next reset', () => {
  const b = flash()
  b.write('NSKEYR', 0xcdef_89ab)
  const open = () => {
    b.write('NSKEYR', 0x4567_0123)
    b.write('NSKEYR', 0xcdef_89ab)
    return b.read('NSCR') >>> 31 === 0
  }
  assert.equal(open(), false)
  b.model.reset()
  assert.equal(open(), true)
})

test('four words make a quad-word, which is programmed when the last is there', () => {
  const b = unlocked()
  b.write('NSCR', NSCR.PG)
  storeWords(b, 0x4000, 3)
  assert.equal(b.read('NSSR'), WDW)
  b.model.store(0x400c, 4, 0x3333_3333)
  assert.equal(b.read('NSSR'), BSY)
  assert.equal(b.flashBytes[0x4004], 0xff)
  b.run(118 * MICROSECOND)
  assert.equal(b.read('NSSR'), 0)
  assert.deepEqual([...b.flashBytes.subarray(0x4003, 0x4009)], [0, 0x11, 0x11, 0x11, 0x11, 0x22])
})

test('a burst takes eight quad-words from an address that is a multiple of them', () => {
  const b = unlocked()
  b.write('NSCR', NSCR.PG | NSCR.BWR)
  storeWords(b, 0x4080, 32)
  b.run(8 * 48 * MICROSECOND)
  assert.equal(b.read('NSSR'), 0)
  assert.equal(b.flashBytes[0x40fc], 0xff)
  assert.equal(b.flashBytes[0x40f8], 0xee)
  b.model.store(0x4110, 4, 0)
  assert.equal(b.read('NSSR'), NSSR.PGAERR)
})

test('every error has its flag, changes nothing, and keeps the next from happening', () => {
  const cases: readonly (readonly [string, number, (b: Bench) => void])[] = [
    ['a store without PG', NSSR.PGSERR, (b) => b.model.store(0, 4, 0)],
    ['a halfword', NSSR.SIZERR, programmingAt(0, 2)],
    ['a quad-word from its middle', NSSR.PGAERR, programmingAt(4, 4)],
    [
      'two quad-words at a time',
      NSSR.PGAERR,
      (b) => {
        b.write('NSCR', NSCR.PG)
        storeWords(b, 0, 3)
        b.model.store(0x10, 4, 0)
      },
    ],
    [
      'over something',
      NSSR.PROGERR | NSSR.PGSERR,
      (b) => {
        b.flashBytes[0x8] = 0xfe
        b.write('NSCR', NSCR.PG)
        storeWords(b, 0, 4)
        b.run(118 * MICROSECOND)
      },
    ],
    ['STRT without what', NSSR.PGSERR, (b) => b.write('NSCR', NSCR.STRT)],
    ['a page and a bank', NSSR.PGSERR, (b) => b.write('NSCR', NSCR.PER | NSCR.MER1 | NSCR.STRT)],
    ['erase with PG', NSSR.PGSERR, (b) => b.write('NSCR', NSCR.PER | NSCR.PG | NSCR.STRT)],
  ]
  for (const [what, flags, happens] of cases) {
    const b = unlocked()
    b.write('NSCR', ERRIE)
    happens(b)
    assert.equal(b.read('NSSR') & ~NSSR.OPERR, flags, what)
    assert.ok(
      b.flashBytes.every((byte) => byte >= 0xfe),
      what,
    )
    b.write('NSCR', NSCR.PER | NSCR.STRT)
    assert.equal(b.read('NSSR') & (BSY | NSSR.PGSERR), NSSR.PGSERR, what)
    b.write('NSSR', 0xffff)
    b.write('NSCR', NSCR.PER | NSCR.STRT)
    assert.equal(b.read('NSSR'), BSY, what)
  }
})

test('a page of either bank is erased in its time; EOP interrupts', () => {
  const b = unlocked()
  b.flashBytes.fill(0)
  b.write('NSCR', EOPIE | NSCR.PER | NSCR.BKER | page(5) | NSCR.STRT)
  assert.equal(b.read('NSCR') & NSCR.STRT, NSCR.STRT)
  b.write('NSCR', 0)
  assert.notEqual(b.read('NSCR'), 0, 'busy: NSCR takes nothing')
  b.run(1500 * MICROSECOND - 1)
  assert.equal(b.isPending('FLASH'), false)
  b.run(1)
  assert.deepEqual([b.read('NSSR'), b.isPending('FLASH')], [NSSR.EOP, true])
  assert.equal(b.read('NSCR') & NSCR.STRT, 0)
  const erased = b.flashBytes.reduce((count, byte) => count + Number(byte === 0xff), 0)
  assert.deepEqual([erased, b.flashBytes[0x10_0000 + 5 * 0x2000]], [0x2000, 0xff])
  b.write('NSSR', NSSR.EOP)
  assert.equal(b.isPending('FLASH'), false)
})

test('a mass erase takes one bank or both', () => {
  for (const [bits, sizes] of [
    [NSCR.MER1, [0x10_0000, 0]],
    [NSCR.MER2, [0, 0x10_0000]],
    [NSCR.MER1 | NSCR.MER2, [0x10_0000, 0x10_0000]],
  ] as const) {
    const b = unlocked()
    b.flashBytes.fill(0)
    b.write('NSCR', bits | NSCR.STRT)
    b.settle()
    const erased = [0, 0x10_0000].map((from) =>
      b.flashBytes.subarray(from, from + 0x10_0000).every((byte) => byte === 0xff),
    )
    assert.deepEqual(erased, sizes.map(Boolean))
  }
})

test('a store waits for the operation under way, and is told for how long', () => {
  const b = unlocked()
  b.write('NSCR', NSCR.PG)
  storeWords(b, 0, 4)
  b.run(10)
  assert.equal(b.model.store(0x10, 4, 0), 118 * MICROSECOND - 10)
  assert.equal(b.read('NSSR'), WDW)
  assert.equal(b.flashBytes[4], 0x11)
})

test('a reset in between leaves torn cells and tells where', () => {
  const b = unlocked()
  b.flashBytes.fill(0x00, 0x6000, 0x8000)
  b.write('NSCR', NSCR.PER | page(3) | NSCR.STRT)
  b.run(100)
  b.model.reset()
  assert.equal(b.read('OPSR'), ((3 << 29) | 0x6000) >>> 0)
  const cells = new Set(b.flashBytes.subarray(0x6000, 0x8000))
  assert.ok(cells.size > 10, 'neither old nor new')
  assert.ok(b.flashBytes.subarray(0x8000).every((byte) => byte === 0xff))
  b.model.reset()
  assert.equal(b.read('OPSR'), 0)
})

test('option bytes open, are written, and hold after a reset; write protection protects', () => {
  const b = unlocked()
  b.write('WRP1AR', 0x8001_0000)
  assert.equal(b.read('WRP1AR') & 0x7f_007f, 0x7f, 'closed')
  b.write('OPTKEYR', 0x0819_2a3b)
  b.write('OPTKEYR', 0x4c5d_6e7f)
  b.write('WRP1AR', 0x8001_0000)
  b.write('NSCR', OPTSTRT)
  assert.equal(b.read('NSSR'), BSY)
  b.settle()
  b.write('NSCR', OBL_LAUNCH)
  assert.deepEqual(b.resets, ['option-bytes'])
  b.model.reset()
  assert.equal(b.read('WRP1AR') & 0x807f_007f, (0x8001_0000 | 0) & 0x807f_007f)
  b.write('NSKEYR', 0x4567_0123)
  b.write('NSKEYR', 0xcdef_89ab)
  b.write('NSCR', NSCR.PER | page(1) | NSCR.STRT)
  assert.equal(b.read('NSSR'), NSSR.WRPERR)
  b.write('NSSR', NSSR.WRPERR)
  b.write('NSCR', NSCR.MER1 | NSCR.STRT)
  assert.equal(b.read('NSSR'), NSSR.WRPERR)
  b.write('NSSR', NSSR.WRPERR)
  b.write('NSCR', NSCR.PG)
  b.model.store(0x3ff0, 4, 0)
  assert.equal(b.read('NSSR'), NSSR.WRPERR)
  assert.equal(b.read('OPTR'), 0x1fef_f8aa)
  b.write('NSCR', LOCK)
})

for (const optimisation of ['-O0', '-O2']) {
  const skip = missing('arm-none-eabi-gcc')
  test(`a driver built with ${optimisation} erases, programs and runs what it programmed`, {
    skip,
  }, () => {
    const { chip, result } = startFirmware(buildFirmware('flash', [optimisation]))
    for (let n = 0; n < 100 && result(0) !== 0x600d; n++) chip.run(chip.cpu.cycles + 1_000_000)
    const found = Array.from({ length: 9 }, (_, n) => result(n + 1))
    assert.deepEqual(found, [0, 0, 0, 1, 42, 43, 0x88, 2, 0])
    assert.equal(result(0), 0x600d)
    assert.deepEqual(chip.notModelled.accesses, [])
  })
}
