/**
 * What an application may read and change in RCC through mvPeriphPeek32 and mvPeriphPoke32.
 * Offsets and bits: RM0456, chapter "Reset and clock control (RCC)".
 *
 * The clock tree is the kernel's: readable, so that frequencies can be computed, never writable.
 * In the enable, reset and sleep registers of the buses every bit is the application's except those
 * of peripherals that the kernel keeps.
 */
import type { RegisterBlock } from '../hardware.ts'

/** Non-secure address of RCC. */
const RCC = 0x4602_0c00
const RCC_BYTES = 0x400

const NONE = 0
const ALL = 0xffff_ffff

function allBut(...bits: number[]): number {
  return bits.reduce((mask, bit) => (mask & ~(1 << bit)) >>> 0, ALL)
}

const ownAhb1 = allBut(8, 17, 24, 28, 29, 31) // FLASH, RAMCFG, GTZC1, BKPSRAM, ICACHE, SRAM1
const ownAhb2 = allBut(14, 17, 18, 19, 20, 21, 23, 24, 30, 31) // OTG, HASH, RNG, PKA, SAES, OCTOSPIM, OTFDEC1-2, SRAM2-3
const ownAhb2Second = allBut(4) // OCTOSPI1: the external flash
const ownAhb3 = allBut(2, 12, 31) // PWR, GTZC2, SRAM4
const ownApb1 = allBut(3) // TIM5
const ownApb3 = allBut(21) // RTCAPB

/** Offset to the bits that the application may change. What is not here cannot be read either. */
const writableBits: ReadonlyMap<number, number> = new Map([
  [0x00, NONE], // CR
  [0x08, NONE], // ICSCR1
  [0x0c, NONE], // ICSCR2
  [0x10, NONE], // ICSCR3
  [0x14, NONE], // CRRCR
  [0x1c, NONE], // CFGR1
  [0x20, NONE], // CFGR2
  [0x24, NONE], // CFGR3
  [0x28, NONE], // PLL1CFGR
  [0x2c, NONE], // PLL2CFGR
  [0x30, NONE], // PLL3CFGR
  [0x34, NONE], // PLL1DIVR
  [0x38, NONE], // PLL1FRACR
  [0x3c, NONE], // PLL2DIVR
  [0x40, NONE], // PLL2FRACR
  [0x44, NONE], // PLL3DIVR
  [0x48, NONE], // PLL3FRACR
  [0x60, ownAhb1], // AHB1RSTR
  [0x64, ownAhb2], // AHB2RSTR1
  [0x68, ownAhb2Second], // AHB2RSTR2
  [0x6c, ownAhb3], // AHB3RSTR
  [0x74, ownApb1], // APB1RSTR1
  [0x78, ALL], // APB1RSTR2
  [0x7c, ALL], // APB2RSTR
  [0x80, ownApb3], // APB3RSTR
  [0x88, ownAhb1], // AHB1ENR
  [0x8c, ownAhb2], // AHB2ENR1
  [0x90, ownAhb2Second], // AHB2ENR2
  [0x94, ownAhb3], // AHB3ENR
  [0x9c, ownApb1], // APB1ENR1
  [0xa0, ALL], // APB1ENR2
  [0xa4, ALL], // APB2ENR
  [0xa8, ownApb3], // APB3ENR
  [0xb0, ownAhb1], // AHB1SMENR
  [0xb4, ownAhb2], // AHB2SMENR1
  [0xb8, ownAhb2Second], // AHB2SMENR2
  [0xbc, ownAhb3], // AHB3SMENR
  [0xc4, ownApb1], // APB1SMENR1
  [0xc8, ALL], // APB1SMENR2
  [0xcc, ALL], // APB2SMENR
  [0xd0, ownApb3], // APB3SMENR
  [0xd8, ownApb3], // SRDAMR
  [0xe0, allBut(26, 27)], // CCIPR1: not ICLKSEL, the 48 MHz of OTG and RNG
  [0xe4, allBut(11, 12, 13, 20, 21)], // CCIPR2: not SAESSEL, RNGSEL, OCTOSPISEL
  [0xe8, ALL], // CCIPR3
  [0xf0, NONE], // BDCR
  [0xf4, NONE], // CSR
])

/** `undefined` for a register that the application may not see. */
export function peek(rcc: RegisterBlock, address: number): number | undefined {
  const offset = offsetOf(address)
  return offset === undefined ? undefined : rcc.read(offset) >>> 0
}

/** new = (old AND NOT mask) XOR xorValue, in the bits that are the application's. False if none are. */
export function poke(
  rcc: RegisterBlock,
  address: number,
  { mask, xorValue }: { mask: number; xorValue: number },
): boolean {
  const offset = offsetOf(address)
  if (offset === undefined) return false
  const writable = writableBits.get(offset)!
  if (writable === NONE) return false
  const old = rcc.read(offset)
  const wanted = (old & ~mask) ^ xorValue
  rcc.write(offset, ((old & ~writable) | (wanted & writable)) >>> 0)
  return true
}

function offsetOf(address: number): number | undefined {
  const offset = address - RCC
  return offset >= 0 && offset < RCC_BYTES && writableBits.has(offset) ? offset : undefined
}
