/**
 * Who the CPU says it is: identification registers of the Cortex-M33 r0p4 with the options of the
 * STM32U585 (Cortex-M33 TRM, "System control registers"; Armv8-M ARM, D1.2), and CoreSight
 * identification of what stands on the private peripheral bus (TRM, "Debug"; RM0456, "Debug
 * support").
 */
import { IRQ_COUNT } from './nvic.ts'
import type { Entry } from './private-bus.ts'

export const REGIONS = 8

interface Identification {
  readonly address: number
  readonly name: string
  readonly value: number
  readonly meaning: string
}

export const IDENTIFICATION: readonly Identification[] = [
  {
    address: 0xe000_e004,
    name: 'ICTR',
    value: Math.ceil(IRQ_COUNT / 32) - 1,
    meaning: `97 to 128 interrupt lines; ${IRQ_COUNT} are there`,
  },
  { address: 0xe000_ed00, name: 'CPUID', value: 0x410f_d214, meaning: 'Arm Cortex-M33 r0p4' },
  { address: 0xe000_ed40, name: 'ID_PFR0', value: 0x30, meaning: 'T32 with all of Thumb-2' },
  {
    address: 0xe000_ed44,
    name: 'ID_PFR1',
    value: 0x210,
    meaning: 'M profile, Security Extension',
  },
  { address: 0xe000_ed48, name: 'ID_DFR0', value: 0x20_0000, meaning: 'Armv8-M debug' },
  { address: 0xe000_ed4c, name: 'ID_AFR0', value: 0, meaning: 'nothing' },
  { address: 0xe000_ed50, name: 'ID_MMFR0', value: 0x10_1f40, meaning: 'PMSAv8, ACTLR' },
  { address: 0xe000_ed54, name: 'ID_MMFR1', value: 0, meaning: 'nothing' },
  { address: 0xe000_ed58, name: 'ID_MMFR2', value: 0x100_0000, meaning: 'WFI stalls' },
  { address: 0xe000_ed5c, name: 'ID_MMFR3', value: 0, meaning: 'no caches to maintain' },
  { address: 0xe000_ed60, name: 'ID_ISAR0', value: 0x110_1110, meaning: 'no coprocessors' },
  { address: 0xe000_ed64, name: 'ID_ISAR1', value: 0x221_2000, meaning: 'with DSP' },
  { address: 0xe000_ed68, name: 'ID_ISAR2', value: 0x2023_2232, meaning: 'with DSP' },
  { address: 0xe000_ed6c, name: 'ID_ISAR3', value: 0x111_1131, meaning: 'with DSP' },
  { address: 0xe000_ed70, name: 'ID_ISAR4', value: 0x131_0132, meaning: 'exclusives, barriers' },
  { address: 0xe000_ed74, name: 'ID_ISAR5', value: 0, meaning: 'nothing' },
  { address: 0xe000_ed78, name: 'CLIDR', value: 0, meaning: 'no caches inside the processor' },
  { address: 0xe000_ed7c, name: 'CTR', value: 0x8000_c000, meaning: 'no caches inside' },
  { address: 0xe000_ed90, name: 'MPU_TYPE', value: REGIONS << 8, meaning: '8 regions, each state' },
  { address: 0xe000_edd4, name: 'SAU_TYPE', value: REGIONS, meaning: '8 regions' },
  {
    address: 0xe000_ef40,
    name: 'MVFR0',
    value: 0x1011_0021,
    meaning: 'FPv5, single precision, 16 double registers',
  },
  {
    address: 0xe000_ef44,
    name: 'MVFR1',
    value: 0x1100_0011,
    meaning: 'fused multiply-add, half-precision conversions, NaN and flush-to-zero modes',
  },
  {
    address: 0xe000_ef48,
    name: 'MVFR2',
    value: 0x40,
    meaning: 'VRINT, VCVT with rounding, VSEL, VMAXNM and VMINNM',
  },
  {
    address: 0xe000_1fbc,
    name: 'DWT_DEVARCH',
    value: 0x4770_1a02,
    meaning: 'Armv8-M DWT',
  },
  { address: 0xe000_2fbc, name: 'FP_DEVARCH', value: 0x4770_1a03, meaning: 'Armv8-M breakpoints' },
  { address: 0xe000_efbc, name: 'DDEVARCH', value: 0x4770_2a04, meaning: 'Armv8-M debug' },
]

/** Bytes of PIDR4, PIDR0 to PIDR3 and CIDR0 to CIDR3: part 0xD21 of Arm, class 9 (CoreSight). */
const COMPONENT = [0x04, 0, 0, 0, 0x21, 0xbd, 0x0b, 0, 0x0d, 0x90, 0x05, 0xb1] as const
/** The same of a ROM table: part 0x4C9, class 1. */
const ROM_TABLE = [0x04, 0, 0, 0, 0xc9, 0xb4, 0x0b, 0, 0x0d, 0x10, 0x05, 0xb1] as const
const ROM_BASE = 0xe00f_f000
const PRESENT = 0x003
const ABSENT = 0x002

/** Components of the ROM table in its order; trace is not modelled, so it is not there. */
const COMPONENTS = [
  { name: 'SCS', base: 0xe000_e000, isPresent: true },
  { name: 'DWT', base: 0xe000_1000, isPresent: true },
  { name: 'FPB', base: 0xe000_2000, isPresent: true },
  { name: 'ITM', base: 0xe000_0000, isPresent: false },
  { name: 'TPIU', base: 0xe004_0000, isPresent: false },
  { name: 'ETM', base: 0xe004_1000, isPresent: false },
] as const

export function identificationRegisters(): Entry[] {
  return [...IDENTIFICATION, ...coreSight()].map(
    ({ address, name, value }): Entry => [address, { name, read: () => value }],
  )
}

function coreSight(): Omit<Identification, 'meaning'>[] {
  const bytes = (base: number, name: string, values: readonly number[]) =>
    values.map((value, at) => ({ address: base + 0xfd0 + at * 4, name: `${name}_ID${at}`, value }))
  const present = COMPONENTS.filter(({ isPresent }) => isPresent)
  const entries = COMPONENTS.map(({ name, base, isPresent }, at) => ({
    address: ROM_BASE + at * 4,
    name: `ROM_${name}`,
    value: (((base - ROM_BASE) & ~0xfff) | (isPresent ? PRESENT : ABSENT)) >>> 0,
  }))
  return [
    ...present.flatMap(({ name, base }) => bytes(base, name, COMPONENT)),
    ...entries,
    { address: ROM_BASE + 0xfcc, name: 'ROM_MEMTYPE', value: 1 },
    ...bytes(ROM_BASE, 'ROM', ROM_TABLE),
  ]
}
