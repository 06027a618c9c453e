import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventQueue } from '../scheduler.ts'
import { bareChip } from '../testing/bare-chip.ts'
import { Rcc } from './rcc.ts'
import { rccLayout } from './rcc-layout.ts'

function rcc() {
  const resets: string[] = []
  const says: string[] = []
  let changes = 0
  const unit = new Rcc(new EventQueue(() => 0), {
    changed: () => changes++,
    resetPeripheral: (register, bit) => resets.push(`${register}.${bit}`),
    resetBackup: () => resets.push('backup'),
    interrupt: (isHigh) => says.push(`RCC ${isHigh}`),
    nonMaskableInterrupt: () => says.push('NMI'),
    lseFailed: (isHigh) => says.push(`LSECSSD ${isHigh}`),
    isBackupOpen: () => true,
  })
  const write = (name: keyof typeof rccLayout, value: number) =>
    unit.registers.write(rccLayout[name].offset, 4, value >>> 0, true)
  const read = (name: keyof typeof rccLayout) =>
    unit.registers.read(rccLayout[name].offset, 4, true)
  return { unit, resets, says, write, read, changes: () => changes }
}

/** RM0456, RCC register map; the rest start at zero. */
const RESET_VALUES: Partial<Record<keyof typeof rccLayout, number>> = {
  CR: 0x35,
  ICSCR1: 0x4400_0000,
  ICSCR2: 0x0008_4210,
  ICSCR3: 0x0010_0000,
  ...{ PLL1DIVR: 0x0101_0280, PLL2DIVR: 0x0101_0280, PLL3DIVR: 0x0101_0280 },
  ...{ AHB1ENR: 0xd000_0100, AHB2ENR1: 0xc000_0000, AHB3ENR: 0x8000_0000 },
  ...{ AHB1SMENR: 0xffff_ffff, AHB2SMENR1: 0xffff_ffff, AHB2SMENR2: 0xffff_ffff },
  ...{ AHB3SMENR: 0xffff_ffff, APB1SMENR1: 0xffff_ffff, APB1SMENR2: 0xffff_ffff },
  ...{ APB2SMENR: 0xffff_ffff, APB3SMENR: 0xffff_ffff },
  CSR: 0x0c00_4400,
}

test('every register starts at its reset value', () => {
  const { read } = rcc()
  for (const name of Object.keys(rccLayout) as (keyof typeof rccLayout)[]) {
    assert.equal(read(name), RESET_VALUES[name] ?? 0, name)
  }
})

test('the chip starts at 4 MHz from MSI', () => {
  const { unit } = rcc()
  const f = 4_000_000
  assert.deepEqual(unit.frequencies, { sysclk: f, hclk: f, pclk1: f, pclk2: f, pclk3: f })
})

test('PLL1 gives 160 MHz from MSI as ST sets it up, and the buses divide it', () => {
  const { unit, write, read, changes } = rcc()
  write('PLL1CFGR', 1 | (1 << 18))
  write('PLL1DIVR', 79 | (1 << 24))
  write('CFGR1', 3)
  assert.equal(unit.frequencies.sysclk, 4_000_000, 'not before the PLL runs')
  write('CR', read('CR') | (1 << 24))
  assert.equal(read('CR') & (1 << 25), 1 << 25)
  assert.equal((read('CFGR1') >> 2) & 3, 3)
  assert.equal(unit.frequencies.sysclk, 160_000_000)
  write('CFGR2', 0x8 | (4 << 4) | (7 << 8))
  write('CFGR3', 5 << 4)
  assert.deepEqual(unit.frequencies, {
    ...{ sysclk: 160_000_000, hclk: 80_000_000, pclk1: 40_000_000 },
    ...{ pclk2: 5_000_000, pclk3: 20_000_000 },
  })
  assert.ok(changes() > 0)
})

test('a serial port takes the clock that is selected for it', () => {
  const { unit, read, write } = rcc()
  assert.equal(unit.hz('hsi'), 0, 'an oscillator that is off stands')
  write('CR', read('CR') | (1 << 8))
  write('BDCR', 1)
  for (const [selection, hertz] of [4_000_000, 4_000_000, 16_000_000, 32_768].entries()) {
    write('CCIPR1', selection << 2)
    assert.equal(unit.hz('USART2'), hertz)
  }
})

test('setting a reset bit resets the peripheral once', () => {
  const { resets, write } = rcc()
  write('APB1RSTR1', 1 << 17)
  write('APB1RSTR1', 1 << 17)
  write('APB1RSTR1', 0)
  assert.deepEqual(resets, ['APB1ENR1.17'])
})

test('reset causes add up until software clears them', () => {
  const { unit, read, write } = rcc()
  unit.reset(0x1400_0000, false)
  assert.equal(read('CSR') >>> 25, 0x1c00_0000 >>> 25)
  write('CSR', 1 << 23)
  assert.equal(read('CSR') >>> 25, 0)
})

test('a ready flag interrupts while its interrupt is enabled, until it is acknowledged', () => {
  const { says, read, write } = rcc()
  write('CR', read('CR') | (1 << 8))
  assert.equal(read('CIFR'), 0)
  write('CIER', 1 << 4)
  write('CR', read('CR') | (1 << 16))
  assert.equal(read('CIFR'), 1 << 4, 'HSERDYF')
  assert.equal(says.at(-1), 'RCC true')
  write('CICR', 1 << 4)
  assert.deepEqual([read('CIFR'), says.at(-1)], [0, 'RCC false'])
})

test('when HSE fails under CSS the chip goes on from MSIS and takes an NMI', () => {
  const { unit, says, read, write } = rcc()
  write('CR', read('CR') | (1 << 16) | (1 << 19))
  write('PLL1CFGR', 3 | (1 << 18))
  write('PLL1DIVR', 9 | (1 << 24))
  write('CR', read('CR') | (1 << 24))
  write('CFGR1', 3)
  assert.equal(unit.frequencies.sysclk, 80_000_000)
  unit.setCrystal('hse', false)
  assert.equal(unit.frequencies.sysclk, 4_000_000)
  assert.equal(read('CR') & (3 << 16), 0)
  assert.equal(read('CIFR'), 1 << 10, 'CSSF')
  assert.ok(says.includes('NMI'))
  write('CICR', 1 << 10)
  assert.equal(read('CIFR'), 0)
})

test('when LSE fails under its CSS, the line rises until LSECSSON is cleared', () => {
  const { unit, says, read, write } = rcc()
  write('BDCR', 1 | (1 << 5))
  assert.equal(unit.hz('lse'), 32_768)
  unit.setCrystal('lse', false)
  assert.equal(read('BDCR') & 0x42, 0x40, 'LSECSSD, no LSERDY')
  assert.ok(says.includes('LSECSSD true'))
  assert.equal(unit.hz('lse'), 0)
  write('BDCR', 1)
  assert.equal(says.filter((what) => what.startsWith('LSECSSD')).at(-1), 'LSECSSD false')
})

test('MCO and LSCO put out what is selected: slow clocks by edges, fast ones as a carrier', () => {
  const { chip, write } = pinned()
  write(RCC_BDCR, 1 | (1 << 24) | (1 << 25))
  write(RCC_CFGR1, 1 << 24)
  const rises: number[] = []
  chip.pins.pad('PA2').listen((isHigh) => isHigh && rises.push(chip.cpu.cycles))
  assert.equal(chip.pins.carrierHz(chip.pins.pad('PA8')), 4_000_000)
  write(RCC_CFGR1, (1 << 24) | (2 << 28))
  assert.equal(chip.pins.carrierHz(chip.pins.pad('PA8')), 1_000_000)
  chip.run(400_000)
  assert.ok(Math.abs(rises.length - 3277) <= 1, `${rises.length}`)
})

const [RCC_CFGR1, RCC_BDCR] = [0x4602_0c1c, 0x4602_0cf0]

/** PA2 and PA8 carry their clock outputs; the backup domain is open. */
function pinned() {
  const chip = bareChip(0xbf30, 0xe7fd)
  const write = (address: number, value: number) => chip.writeNonSecure(address, value >>> 0)
  write(0x4602_0c8c, 0xffff)
  write(0x4602_0c94, 0xffff)
  write(0x4602_0828, 1)
  write(0x4202_0000, 0xabfe_ffef)
  return { chip, write }
}
