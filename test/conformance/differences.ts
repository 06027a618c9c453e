/**
 * Deliberate differences between QEMU and `mcu`: what is compared otherwise, and what cases avoid.
 * Each is either UNPREDICTABLE, or something that QEMU 7.2 does against the Armv8-M ARM.
 */
import type { Mismatch } from './compare.ts'
import type { Outcome } from './image.ts'
import { OUT_WORDS } from './layout.ts'

interface Difference {
  readonly reason: string
  applies(mismatch: Mismatch): boolean
}

const HARD_FAULT = 3
const FORCED = 0x4000_0000
const DEBUGEVT = 0x8000_0000

/** Bits of BASEPRI in MASKS that the STM32U585 does not have (RM0456: 16 priority levels). */
const LOW_PRIORITY_BITS = 0x0f00

const STKOF = 0x10_0000
const NZCV = 0xf000_0000

/** IRVALID and IREGION of TT. */
const IDAU_REGION = 0xff80_0000

const differences: readonly Difference[] = [
  {
    reason: 'ADDS, SUBS to SP beyond the stack limit: QEMU has set the flags when it faults',
    applies: ({ qemu, mcu }) =>
      qemu.CFSR === STKOF &&
      ((qemu.XPSR ^ mcu.XPSR) & ~NZCV) === 0 &&
      differOnlyIn(qemu, mcu, ['XPSR', 'DIGEST', 'DIGEST2']),
  },
  {
    reason: 'BASEPRI has 4 bits in the STM32U585 and 8 in mps2-an505',
    applies: ({ qemu, mcu }) =>
      (qemu.MASKS & ~LOW_PRIORITY_BITS) === mcu.MASKS && differOnlyIn(qemu, mcu, ['MASKS']),
  },
  {
    reason:
      'TT in the Secure state: the IDAU of mps2-an505 numbers its regions, IRVALID; ours does not',
    applies: ({ qemu, mcu, made }) => {
      if (!made.steps.some(({ row }) => row.name.startsWith('tt'))) return false
      const others = OUT_WORDS.filter((name) => qemu[name] !== mcu[name])
      return others.every((name) => ((qemu[name] ^ mcu[name]) & ~IDAU_REGION) === 0)
    },
  },
  {
    reason: 'BKPT without a debugger: HFSR.DEBUGEVT is set (D1.2, HFSR); QEMU sets FORCED',
    applies: ({ qemu, mcu }) =>
      qemu.EXCEPTION === HARD_FAULT &&
      qemu.HFSR === FORCED &&
      mcu.HFSR === DEBUGEVT &&
      differOnlyIn(qemu, mcu, ['HFSR']),
  },
]

export function isExpected(mismatch: Mismatch): boolean {
  return differences.some((difference) => difference.applies(mismatch))
}

function differOnlyIn(qemu: Outcome, mcu: Outcome, names: readonly string[]): boolean {
  return OUT_WORDS.every((name) => qemu[name] === mcu[name] || names.includes(name))
}

/** What the generator never makes, beside the rows and words that have reasons of their own. */
const AVOIDED: readonly string[] = [
  'encodings that the manual calls UNPREDICTABLE: mcu raises UNDEFINSTR, QEMU does something',
  'a branch in an IT block that is not its last instruction: UNPREDICTABLE',
  'LDM.W, STM.W of one register: UNPREDICTABLE',
  'STM with write-back of a base that is listed and not the lowest: the stored value is UNKNOWN',
  'LDR PC from an address that is not word-aligned: UNPREDICTABLE',
  'a branch without Thumb bit to an address that is not word-aligned: QEMU raises UNALIGNED first',
  'VLDR, VSTR of a double word where there is no memory: QEMU aligns BFAR to the double word',
  'a store exclusive to another address or of another size than the load: IMPLEMENTATION DEFINED',
  'a store exclusive after another store to the same word: QEMU notices a changed value only',
  'a trapped division after other instructions: QEMU has not stored their results when it traps',
  'SP as target of BX, BLX or MOV PC: it has to stay a stack for the fault that follows',
  'MSR to CONTROL, the stack pointers and their limits: the harness needs them',
]

export const ALL_DIFFERENCES: readonly string[] = [
  ...differences.map(({ reason }) => reason),
  ...AVOIDED,
]
