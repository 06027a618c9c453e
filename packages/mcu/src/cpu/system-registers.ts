/**
 * The system control space as a table: SysTick, SCB; the rest is in the other `*-registers.ts` and
 * in `identification.ts`. Armv8-M ARM, D1.2.
 *
 * Not modelled: ACTLR.
 */

import { CCR, type Controls } from './controls.ts'
import { debugRegisters } from './debug-registers.ts'
import type { DebugUnit } from './debug-unit.ts'
import { faultRegisters } from './fault-registers.ts'
import type { FaultStatus } from './fault-status.ts'
import { EXCEPTION } from './faults.ts'
import { floatRegisters } from './float/float-registers.ts'
import { identificationRegisters } from './identification.ts'
import { WORDS } from './layout.ts'
import { type Nvic, PRIORITY_MASK } from './nvic.ts'
import { interruptRegisters } from './nvic-registers.ts'
import type { Entry, PrivateRegister } from './private-bus.ts'
import type { Protection } from './protection.ts'
import { protectionRegisters } from './protection-registers.ts'
import type { State } from './state.ts'
import type { SysTick } from './systick.ts'

const CCR_WRITABLE = 0x41a
const VECTKEY = 0x05fa
const VECTKEYSTAT = 0xfa05

export interface SystemParts {
  readonly state: State
  readonly nvic: Nvic
  readonly status: FaultStatus
  readonly protection: Protection
  readonly sysTick: { readonly secure: SysTick; readonly nonSecure: SysTick }
  readonly controls: Controls
  readonly debug: DebugUnit
  cycles(): number
  requestReset(): void
  /** Masks, CCR, VTOR or priorities changed. */
  refresh(): void
  /** SAU or an MPU changed. */
  protectionChanged(): void
}

export function systemRegisters(parts: SystemParts): Map<number, PrivateRegister> {
  return new Map<number, PrivateRegister>([
    ...identificationRegisters(),
    ...sysTickRegisters(parts),
    ...interruptRegisters(parts.nvic, parts.refresh),
    ...controlRegisters(parts),
    ...faultRegisters(parts),
    ...protectionRegisters(parts),
    ...debugRegisters(parts),
    ...floatRegisters(parts),
  ])
}

const constant = (address: number, name: string, value: number): Entry => [
  address,
  { name, read: () => value },
]

function sysTickRegisters({ sysTick }: SystemParts): Entry[] {
  const of = (isSecure: boolean) => (isSecure ? sysTick.secure : sysTick.nonSecure)
  return [
    [
      0xe000_e010,
      {
        name: 'SYST_CSR',
        read: (s) => of(s).control,
        write: (value, s) => {
          of(s).control = value
        },
      },
    ],
    [
      0xe000_e014,
      {
        name: 'SYST_RVR',
        read: (s) => of(s).reload,
        write: (value, s) => {
          of(s).reload = value
        },
      },
    ],
    [0xe000_e018, { name: 'SYST_CVR', read: (s) => of(s).current, write: (_, s) => of(s).clear() }],
    constant(0xe000_e01c, 'SYST_CALIB', 0),
  ]
}

function controlRegisters(parts: SystemParts): Entry[] {
  const { controls, nvic, refresh } = parts
  const banked = (
    address: number,
    name: string,
    pair: 'vtor' | 'scr' | 'cpacr',
    mask: number,
  ): Entry => [
    address,
    {
      name,
      read: (s) => controls[pair][s ? 1 : 0],
      write: (value, s) => {
        controls[pair][s ? 1 : 0] = (value & mask) >>> 0
        refresh()
      },
    },
  ]
  return [
    interruptControl(parts),
    banked(0xe000_ed08, 'VTOR', 'vtor', 0xffff_ff80),
    applicationControl(parts),
    banked(0xe000_ed10, 'SCR', 'scr', 0x1e),
    configurationControl(parts),
    ...[1, 2, 3].map((at) => systemPriority(nvic, at, refresh)),
    handlerControl(parts),
    banked(0xe000_ed88, 'CPACR', 'cpacr', 0x00f0_ffff),
    [
      0xe000_ed8c,
      {
        name: 'NSACR',
        read: (s) => (s ? controls.nsacr : 0),
        write: (value, s) => {
          if (s) controls.nsacr = value & 0xcff
          refresh()
        },
      },
    ],
    [
      0xe000_ef00,
      {
        name: 'STIR',
        read: () => 0,
        write: (value, s) => {
          const number = EXCEPTION.firstIrq + (value & 0x1ff)
          if (s || nvic.nonSecure[number] === 1) nvic.setPending(number)
        },
      },
    ],
  ]
}

function configurationControl({ controls, nvic, refresh }: SystemParts): Entry {
  const seesErrors = (s: boolean) => s || nvic.faultsAreNonSecure
  return [
    0xe000_ed14,
    {
      name: 'CCR',
      read: (s) => controls.ccr[s ? 1 : 0] | (seesErrors(s) ? controls.ccr[1] & CCR.BFHFNMIGN : 0),
      write: (value, s) => {
        const { ccr } = controls
        const kept = ccr[1] & CCR.BFHFNMIGN
        ccr[s ? 1 : 0] = (value & CCR_WRITABLE) | CCR.RES1
        const ignores = seesErrors(s) ? value & CCR.BFHFNMIGN : kept
        ccr[1] = (ccr[1] & ~CCR.BFHFNMIGN) | ignores
        refresh()
      },
    },
  ]
}

/** ICSR: set and clear PendSV, SysTick and NMI, and what is pending and active. */
function interruptControl({ nvic, state }: SystemParts): Entry {
  const seesNmi = (s: boolean) => s || nvic.faultsAreNonSecure
  const act = (value: number, s: boolean, number: number, bits: { set: number; clear: number }) => {
    const index = nvic.indexOf(number, s)
    if (value & (1 << bits.set)) nvic.setPending(index)
    else if (value & (1 << bits.clear)) nvic.clearPending(index)
  }
  return [
    0xe000_ed04,
    {
      name: 'ICSR',
      clearsByOnes: true,
      read: (s) => {
        const flag = (number: number, bit: number) => nvic.pending[nvic.indexOf(number, s)]! << bit
        const value =
          (seesNmi(s) ? flag(EXCEPTION.nmi, 31) : 0) |
          flag(EXCEPTION.pendSv, 28) |
          flag(EXCEPTION.sysTick, 26) |
          (nvic.isAnyIrqPending ? 1 << 22 : 0) |
          (nvic.numberOf(nvic.first) << 12) |
          (nvic.activeCount <= 1 ? 1 << 11 : 0) |
          state.get(WORDS.IPSR)
        return value >>> 0
      },
      write: (value, s) => {
        if (seesNmi(s)) act(value, s, EXCEPTION.nmi, { set: 31, clear: 30 })
        act(value, s, EXCEPTION.pendSv, { set: 28, clear: 27 })
        act(value, s, EXCEPTION.sysTick, { set: 26, clear: 25 })
      },
    },
  ]
}

function applicationControl({ nvic, controls, requestReset, refresh }: SystemParts): Entry {
  return [
    0xe000_ed0c,
    {
      name: 'AIRCR',
      read: (s) => {
        const secureBits = s
          ? (nvic.prioritizeSecure ? 1 << 14 : 0) | (controls.resetIsSecure ? 1 << 3 : 0)
          : 0
        const faults = nvic.faultsAreNonSecure ? 1 << 13 : 0
        const group = nvic.priorityGroup[s ? 1 : 0] << 8
        return ((VECTKEYSTAT << 16) | faults | secureBits | group) >>> 0
      },
      write: (value, s) => {
        if (value >>> 16 !== VECTKEY) return
        if (s) {
          nvic.prioritizeSecure = (value & (1 << 14)) !== 0
          nvic.faultsAreNonSecure = (value & (1 << 13)) !== 0
          controls.resetIsSecure = (value & (1 << 3)) !== 0
        }
        nvic.priorityGroup[s ? 1 : 0] = (value >>> 8) & 7
        if ((value & 4) !== 0 && (s || !controls.resetIsSecure)) requestReset()
        refresh()
      },
    },
  ]
}

/** SHPR1 to SHPR3: system exceptions 4 to 15. */
function systemPriority(nvic: Nvic, at: number, refresh: () => void): Entry {
  const isVisible = (number: number, s: boolean) => {
    if ([4, 6, 11, 14, 15].includes(number)) return true
    if (number === EXCEPTION.busFault) return s || nvic.faultsAreNonSecure
    if (number === EXCEPTION.secureFault) return s
    return number === EXCEPTION.debugMonitor && (s || !nvic.monitorIsSecure)
  }
  const each = (s: boolean, body: (index: number, shift: number) => void) => {
    for (let byte = 0; byte < 4; byte++) {
      const number = at * 4 + byte
      if (isVisible(number, s)) body(nvic.indexOf(number, s), byte * 8)
    }
  }
  return [
    0xe000_ed14 + at * 4,
    {
      name: `SHPR${at}`,
      read: (s) => {
        let word = 0
        each(s, (index, shift) => {
          word |= nvic.priority[index]! << shift
        })
        return word >>> 0
      },
      write: (value, s) => {
        each(s, (index, shift) => {
          nvic.priority[index] = (value >>> shift) & PRIORITY_MASK
        })
        refresh()
      },
    },
  ]
}

/** SHCSR: enables, active and pending bits of system exceptions. */
function handlerControl({ nvic, refresh }: SystemParts): Entry {
  const { active, pending, enabled } = nvic
  const bits = [
    { bit: 0, array: active, number: EXCEPTION.memManage },
    { bit: 1, array: active, number: EXCEPTION.busFault },
    { bit: 2, array: active, number: EXCEPTION.hardFault, isReadOnly: true },
    { bit: 3, array: active, number: EXCEPTION.usageFault },
    { bit: 4, array: active, number: EXCEPTION.secureFault },
    { bit: 5, array: active, number: EXCEPTION.nmi, isReadOnly: true },
    { bit: 7, array: active, number: EXCEPTION.svCall },
    { bit: 8, array: active, number: EXCEPTION.debugMonitor },
    { bit: 10, array: active, number: EXCEPTION.pendSv },
    { bit: 11, array: active, number: EXCEPTION.sysTick },
    { bit: 12, array: pending, number: EXCEPTION.usageFault },
    { bit: 13, array: pending, number: EXCEPTION.memManage },
    { bit: 14, array: pending, number: EXCEPTION.busFault },
    { bit: 15, array: pending, number: EXCEPTION.svCall },
    { bit: 16, array: enabled, number: EXCEPTION.memManage },
    { bit: 17, array: enabled, number: EXCEPTION.busFault },
    { bit: 18, array: enabled, number: EXCEPTION.usageFault },
    { bit: 19, array: enabled, number: EXCEPTION.secureFault },
    { bit: 20, array: pending, number: EXCEPTION.secureFault },
    { bit: 21, array: pending, number: EXCEPTION.hardFault },
  ]
  const isVisible = (number: number, s: boolean) => {
    if (number === EXCEPTION.secureFault) return s
    if (number === EXCEPTION.busFault || number === EXCEPTION.nmi) {
      return s || nvic.faultsAreNonSecure
    }
    return number !== EXCEPTION.debugMonitor || s || !nvic.monitorIsSecure
  }
  return [
    0xe000_ed24,
    {
      name: 'SHCSR',
      read: (s) => {
        const shown = bits.filter(({ number }) => isVisible(number, s))
        return shown.reduce(
          (word, { bit, array, number }) => word | (array[nvic.indexOf(number, s)]! << bit),
          0,
        )
      },
      write: (value, s) => {
        for (const { bit, array, number, isReadOnly } of bits) {
          if (isReadOnly || !isVisible(number, s)) continue
          array[nvic.indexOf(number, s)] = (value >>> bit) & 1
        }
        refresh()
      },
    },
  ]
}
