/**
 * The system control space as a table: SCB, SysTick, MPU, SAU, DWT; NVIC is in
 * `nvic-registers.ts`. Armv8-M ARM, D1.2; values
 * of the identification registers from the Cortex-M33 TRM, r0p4.
 *
 * Not modelled: DebugMonitor, FPB and DWT comparators, FPU control, ACTLR.
 */

import type { FaultStatus } from './exceptions.ts'
import { EXCEPTION } from './faults.ts'
import { floatRegisters } from './float/float-registers.ts'
import { WORDS } from './layout.ts'
import { IRQ_COUNT, type Nvic, PRIORITY_MASK } from './nvic.ts'
import { interruptRegisters } from './nvic-registers.ts'
import type { Entry, PrivateRegister } from './private-bus.ts'
import type { Protection, RegionFile } from './protection.ts'
import type { State } from './state.ts'
import type { SysTick } from './systick.ts'

/** Software-visible control that is not elsewhere; [Non-secure, Secure] where banked. */
export class Controls {
  vtor: [number, number] = [0, 0]
  scr: [number, number] = [0, 0]
  ccr: [number, number] = [CCR.RES1, CCR.RES1]
  cpacr: [number, number] = [0, 0]
  mair: [[number, number], [number, number]] = [
    [0, 0],
    [0, 0],
  ]
  /** AIRCR.SYSRESETREQS: only the Secure state may ask for a reset. */
  resetIsSecure = false
  nsacr = 0
  demcr = 0
  dwtControl = 0
  /** DWT_CYCCNT = cycles + offset. */
  cycleOffset = 0

  reset(): void {
    Object.assign(this, new Controls())
  }
}

export const CCR = {
  RES1: (1 << 9) | 1,
  USERSETMPEND: 1 << 1,
  UNALIGN_TRP: 1 << 3,
  DIV_0_TRP: 1 << 4,
  BFHFNMIGN: 1 << 8,
  STKOFHFNMIGN: 1 << 10,
} as const
const CCR_WRITABLE = 0x51a

export const SCR = { SLEEPONEXIT: 1 << 1, SLEEPDEEP: 1 << 2, SLEEPDEEPS: 1 << 3, SEVONPEND: 1 << 4 }
const VECTKEY = 0x05fa
const VECTKEYSTAT = 0xfa05

export interface SystemParts {
  readonly state: State
  readonly nvic: Nvic
  readonly status: FaultStatus
  readonly protection: Protection
  readonly sysTick: { readonly secure: SysTick; readonly nonSecure: SysTick }
  readonly controls: Controls
  cycles(): number
  requestReset(): void
  /** Masks, CCR, VTOR or priorities changed. */
  refresh(): void
  /** SAU or an MPU changed. */
  protectionChanged(): void
}

export function systemRegisters(parts: SystemParts): Map<number, PrivateRegister> {
  return new Map<number, PrivateRegister>([
    ...identification(),
    ...sysTickRegisters(parts),
    ...interruptRegisters(parts.nvic, parts.refresh),
    ...controlRegisters(parts),
    ...faultRegisters(parts),
    ...mpuRegisters(parts),
    ...sauRegisters(parts),
    ...dwtRegisters(parts),
    ...floatRegisters(parts),
  ])
}

const constant = (address: number, name: string, value: number): Entry => [
  address,
  { name, read: () => value },
]

function identification(): Entry[] {
  const features = [
    ...[0x30, 0x210, 0x20_0000, 0, 0x10_1f40, 0, 0x100_0000, 0],
    ...[0x110_1110, 0x221_2000, 0x2023_2232, 0x111_1131, 0x131_0132, 0],
  ]
  return [
    constant(0xe000_e004, 'ICTR', Math.ceil(IRQ_COUNT / 32) - 1),
    constant(0xe000_ed00, 'CPUID', 0x410f_d214),
    ...features.map((value, at) => constant(0xe000_ed40 + at * 4, `ID_FEATURE${at}`, value)),
    constant(0xe000_ed7c, 'CTR', 0x8000_c000),
    constant(0xe000_ed90, 'MPU_TYPE', 8 << 8),
    constant(0xe000_edd4, 'SAU_TYPE', 8),
  ]
}

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
    pair: 'vtor' | 'scr' | 'cpacr' | 'ccr',
    mask: number,
    fixed = 0,
  ): Entry => [
    address,
    {
      name,
      read: (s) => controls[pair][s ? 1 : 0],
      write: (value, s) => {
        controls[pair][s ? 1 : 0] = ((value & mask) | fixed) >>> 0
        refresh()
      },
    },
  ]
  return [
    interruptControl(parts),
    banked(0xe000_ed08, 'VTOR', 'vtor', 0xffff_ff80),
    applicationControl(parts),
    banked(0xe000_ed10, 'SCR', 'scr', 0x1e),
    banked(0xe000_ed14, 'CCR', 'ccr', CCR_WRITABLE, CCR.RES1),
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

/** ICSR: set and clear PendSV and SysTick, and what is pending and active. */
function interruptControl({ nvic, state }: SystemParts): Entry {
  return [
    0xe000_ed04,
    {
      name: 'ICSR',
      clearsByOnes: true,
      read: (s) => {
        const first = nvic.first
        const flag = (number: number, bit: number) =>
          !s && nvic.pending[number] === 1 ? 1 << bit : 0
        const activeOnes = nvic.active.reduce((sum, bit) => sum + bit, 0)
        const value =
          flag(EXCEPTION.pendSv, 28) |
          flag(EXCEPTION.sysTick, 26) |
          (nvic.isAnyIrqPending ? 1 << 22 : 0) |
          (first << 12) |
          (activeOnes <= 1 ? 1 << 11 : 0) |
          state.get(WORDS.IPSR)
        return value >>> 0
      },
      write: (value, s) => {
        if (s) return
        if (value & (1 << 28)) nvic.setPending(EXCEPTION.pendSv)
        if (value & (1 << 27)) nvic.clearPending(EXCEPTION.pendSv)
        if (value & (1 << 26)) nvic.setPending(EXCEPTION.sysTick)
        if (value & (1 << 25)) nvic.clearPending(EXCEPTION.sysTick)
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
        return ((VECTKEYSTAT << 16) | faults | secureBits | (nvic.priorityGroup << 8)) >>> 0
      },
      write: (value, s) => {
        if (value >>> 16 !== VECTKEY) return
        if (s) {
          nvic.prioritizeSecure = (value & (1 << 14)) !== 0
          nvic.faultsAreNonSecure = (value & (1 << 13)) !== 0
          controls.resetIsSecure = (value & (1 << 3)) !== 0
        } else nvic.priorityGroup = (value >>> 8) & 7
        if ((value & 4) !== 0 && (s || !controls.resetIsSecure)) requestReset()
        refresh()
      },
    },
  ]
}

/** SHPR1 to SHPR3: system exceptions 4 to 15. */
function systemPriority(nvic: Nvic, at: number, refresh: () => void): Entry {
  const bank = (s: boolean) => (s ? nvic.securePriority : nvic.priority)
  const exists = (number: number, s: boolean) =>
    [4, 6, 11, 12, 14, 15].includes(number) ||
    (number === 5 && (s || nvic.faultsAreNonSecure)) ||
    (number === 7 && s)
  return [
    0xe000_ed14 + at * 4,
    {
      name: `SHPR${at}`,
      read: (s) =>
        [0, 1, 2, 3].reduce((word, byte) => word | (bank(s)[at * 4 + byte]! << (byte * 8)), 0) >>>
        0,
      write: (value, s) => {
        for (let byte = 0; byte < 4; byte++) {
          const number = at * 4 + byte
          if (exists(number, s)) bank(s)[number] = (value >>> (byte * 8)) & PRIORITY_MASK
        }
        refresh()
      },
    },
  ]
}

/** SHCSR: enables, active and pending bits of system exceptions. */
function handlerControl({ nvic, refresh }: SystemParts): Entry {
  const bits = [
    { bit: 0, array: nvic.active, number: EXCEPTION.memManage },
    { bit: 1, array: nvic.active, number: EXCEPTION.busFault },
    { bit: 3, array: nvic.active, number: EXCEPTION.usageFault },
    { bit: 4, array: nvic.active, number: EXCEPTION.secureFault },
    { bit: 7, array: nvic.active, number: EXCEPTION.svCall },
    { bit: 10, array: nvic.active, number: EXCEPTION.pendSv },
    { bit: 11, array: nvic.active, number: EXCEPTION.sysTick },
    { bit: 12, array: nvic.pending, number: EXCEPTION.usageFault },
    { bit: 13, array: nvic.pending, number: EXCEPTION.memManage },
    { bit: 14, array: nvic.pending, number: EXCEPTION.busFault },
    { bit: 15, array: nvic.pending, number: EXCEPTION.svCall },
    { bit: 16, array: nvic.enabled, number: EXCEPTION.memManage },
    { bit: 17, array: nvic.enabled, number: EXCEPTION.busFault },
    { bit: 18, array: nvic.enabled, number: EXCEPTION.usageFault },
    { bit: 19, array: nvic.enabled, number: EXCEPTION.secureFault },
  ]
  const isVisible = (number: number, s: boolean) => {
    if (number === EXCEPTION.secureFault) return s
    if (number === EXCEPTION.busFault) return s || nvic.faultsAreNonSecure
    return !s
  }
  return [
    0xe000_ed24,
    {
      name: 'SHCSR',
      read: (s) =>
        bits.reduce(
          (word, { bit, array, number }) =>
            isVisible(number, s) && array[number] === 1 ? word | (1 << bit) : word,
          0,
        ),
      write: (value, s) => {
        for (const { bit, array, number } of bits) {
          if (isVisible(number, s)) array[number] = (value >>> bit) & 1
        }
        refresh()
      },
    },
  ]
}

function faultRegisters({ status, nvic }: SystemParts): Entry[] {
  const bfsr = (s: boolean) => (s || nvic.faultsAreNonSecure ? status.bfsr : 0)
  return [
    [
      0xe000_ed28,
      {
        name: 'CFSR',
        clearsByOnes: true,
        read: (s) => ((s ? status.cfsrSecure : status.cfsrNonSecure) | bfsr(s)) >>> 0,
        write: (value, s) => {
          if (s) status.cfsrSecure &= ~value
          else status.cfsrNonSecure &= ~value
          if (s || nvic.faultsAreNonSecure) status.bfsr &= ~value
        },
      },
    ],
    [
      0xe000_ed2c,
      {
        name: 'HFSR',
        clearsByOnes: true,
        read: (s) => (s || nvic.faultsAreNonSecure ? status.hfsr >>> 0 : 0),
        write: (value, s) => {
          if (s || nvic.faultsAreNonSecure) status.hfsr &= ~value
        },
      },
    ],
    [
      0xe000_ed34,
      {
        name: 'MMFAR',
        read: (s) => (s ? status.mmfarSecure : status.mmfarNonSecure),
        write: (value, s) => {
          if (s) status.mmfarSecure = value
          else status.mmfarNonSecure = value
        },
      },
    ],
    [
      0xe000_ed38,
      {
        name: 'BFAR',
        read: (s) => (s || nvic.faultsAreNonSecure ? status.bfar : 0),
        write: (value, s) => {
          if (s || nvic.faultsAreNonSecure) status.bfar = value
        },
      },
    ],
    [
      0xe000_ede4,
      {
        name: 'SFSR',
        clearsByOnes: true,
        read: (s) => (s ? status.sfsr : 0),
        write: (value, s) => {
          if (s) status.sfsr &= ~value
        },
      },
    ],
    [
      0xe000_ede8,
      {
        name: 'SFAR',
        read: (s) => (s ? status.sfar : 0),
        write: (value, s) => {
          if (s) status.sfar = value
        },
      },
    ],
  ]
}

type Guard = (isSecure: boolean) => RegionFile | undefined

/** CTRL, RNR, RBAR and RLAR of a region file; `guard` gives the file that a view may see. */
function regionRegisters(
  base: number,
  prefix: string,
  guard: Guard,
  masks: { control: number; rbar: number },
  changed: () => void,
): Entry[] {
  const entry = (
    offset: number,
    name: string,
    get: (file: RegionFile) => number,
    put: (file: RegionFile, value: number) => void,
  ): Entry => [
    base + offset,
    {
      name: `${prefix}_${name}`,
      read: (s) => {
        const file = guard(s)
        return file ? get(file) >>> 0 : 0
      },
      write: (value, s) => {
        const file = guard(s)
        if (file) put(file, value)
        changed()
      },
    },
  ]
  const pair = (offset: number, at: (file: RegionFile) => number, suffix: string): Entry[] => [
    entry(
      offset,
      `RBAR${suffix}`,
      (file) => file.rbar(at(file)),
      (file, value) => file.setRbar(at(file), value & masks.rbar),
    ),
    entry(
      offset + 4,
      `RLAR${suffix}`,
      (file) => file.rlar(at(file)),
      (file, value) => file.setRlar(at(file), value),
    ),
  ]
  const aliases = prefix === 'MPU' ? [1, 2, 3] : []
  return [
    entry(
      0,
      'CTRL',
      (file) => file.control,
      (file, value) => {
        file.control = value & masks.control
      },
    ),
    entry(
      prefix === 'MPU' ? 4 : 8,
      'RNR',
      (file) => file.number,
      (file, value) => {
        file.number = value & 7
      },
    ),
    ...pair(prefix === 'MPU' ? 8 : 12, (file) => file.number, ''),
    ...aliases.flatMap((n) => pair(8 + n * 8, (file) => (file.number & 4) | n, `_A${n}`)),
  ]
}

function mpuRegisters({ protection, controls, protectionChanged }: SystemParts): Entry[] {
  const { mpu } = protection
  const guard = (s: boolean) => (s ? mpu.secure : mpu.nonSecure)
  const masks = { control: 7, rbar: 0xffff_ffff }
  return [
    ...regionRegisters(0xe000_ed94, 'MPU', guard, masks, protectionChanged),
    ...([0, 1] as const).map(
      (at): Entry => [
        0xe000_edc0 + at * 4,
        {
          name: `MPU_MAIR${at}`,
          read: (s) => controls.mair[s ? 1 : 0][at],
          write: (value, s) => {
            controls.mair[s ? 1 : 0][at] = value
          },
        },
      ],
    ),
  ]
}

function sauRegisters({ protection, protectionChanged }: SystemParts): Entry[] {
  const guard = (s: boolean) => (s ? protection.sau : undefined)
  const masks = { control: 3, rbar: 0xffff_ffe0 }
  return regionRegisters(0xe000_edd0, 'SAU', guard, masks, protectionChanged)
}

const TRCENA = 1 << 24
const CYCCNTENA = 1

function dwtRegisters({ controls, cycles }: SystemParts): Entry[] {
  const isCounting = () => (controls.demcr & TRCENA) !== 0 && (controls.dwtControl & 1) !== 0
  const count = () => (isCounting() ? cycles() + controls.cycleOffset : controls.cycleOffset)
  /** Keeps the counter's value while counting starts or stops. */
  const keeping = (change: () => void) => {
    const before = count()
    change()
    controls.cycleOffset = isCounting() ? before - cycles() : before
  }
  return [
    [
      0xe000_edfc,
      {
        name: 'DEMCR',
        read: () => controls.demcr,
        write: (value) =>
          keeping(() => {
            controls.demcr = value & TRCENA
          }),
      },
    ],
    [
      0xe000_1000,
      {
        name: 'DWT_CTRL',
        read: () => (4 << 28) | controls.dwtControl,
        write: (value) =>
          keeping(() => {
            controls.dwtControl = value & CYCCNTENA
          }),
      },
    ],
    [
      0xe000_1004,
      {
        name: 'DWT_CYCCNT',
        read: () => (count() % 2 ** 32) >>> 0,
        write: (value) => {
          controls.cycleOffset = isCounting() ? value - cycles() : value
        },
      },
    ],
  ]
}
