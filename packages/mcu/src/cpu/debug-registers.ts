/** The registers of the debug unit: DEMCR, DFSR, DAUTHCTRL, DWT, FPB. Armv8-M ARM, D1.2. */
import { DEMCR, type DebugUnit } from './debug-unit.ts'
import type { FaultStatus } from './fault-status.ts'
import { EXCEPTION } from './faults.ts'
import { BREAKPOINTS, WATCHPOINTS } from './host-debugger.ts'
import type { Nvic } from './nvic.ts'
import type { Entry } from './private-bus.ts'

const CYCCNTENA = 1
const DEMCR_KEPT = DEMCR.MON_EN | DEMCR.MON_STEP | DEMCR.MON_REQ | DEMCR.TRCENA
const FPB = { ENABLE: 1, KEY: 2, REV2: 1 << 28 } as const
/** MATCH, ACTION, DATAVSIZE. */
const FUNCTION_WRITABLE = 0xc3f
const MATCHED = 1 << 24
/**
 * DWT_FUNCTIONn.ID, what each comparator can do: cycle counter and addresses; addresses, limits and
 * values; addresses; addresses and limits.
 */
const ABILITIES = [0b01011, 0b11110, 0b01010, 0b11010] as const

export interface DebugRegisterParts {
  readonly debug: DebugUnit
  readonly status: FaultStatus
  readonly nvic: Nvic
}

export function debugRegisters(parts: DebugRegisterParts): Entry[] {
  return [...controlRegisters(parts), ...dwtRegisters(parts), ...fpbRegisters(parts)]
}

function controlRegisters({ debug, status, nvic }: DebugRegisterParts): Entry[] {
  const { registers } = debug
  /** MON_* are the Secure state's once DebugMonitor is. */
  const kept = (s: boolean) => (s || !nvic.monitorIsSecure ? DEMCR_KEPT : DEMCR.TRCENA)
  return [
    [
      0xe000_edfc,
      {
        name: 'DEMCR',
        read: (s) => {
          const pending = nvic.pending[EXCEPTION.debugMonitor] === 1 ? DEMCR.MON_PEND : 0
          const secure = nvic.monitorIsSecure ? DEMCR.SDME : 0
          return ((registers.demcr | pending) & (kept(s) | DEMCR.MON_PEND)) | secure
        },
        write: (value, s) => {
          debug.setCount(debug.count, () => {
            registers.demcr = (registers.demcr & ~kept(s)) | (value & kept(s))
          })
          if (kept(s) !== DEMCR_KEPT) return
          if (value & DEMCR.MON_PEND) nvic.setPending(EXCEPTION.debugMonitor)
          else nvic.clearPending(EXCEPTION.debugMonitor)
        },
      },
    ],
    [
      0xe000_ed30,
      {
        name: 'DFSR',
        clearsByOnes: true,
        read: () => status.dfsr,
        write: (value) => {
          status.dfsr &= ~value
        },
      },
    ],
    [
      0xe000_ee04,
      {
        name: 'DAUTHCTRL',
        read: (s) => (s ? registers.dauthctrl : 0),
        write: (value, s) => {
          if (!s) return
          registers.dauthctrl = value & 0xf
          debug.update()
        },
      },
    ],
  ]
}

function dwtRegisters({ debug }: DebugRegisterParts): Entry[] {
  const { registers } = debug
  const comparators = Array.from({ length: WATCHPOINTS }, (_, at): Entry[] => [
    [
      0xe000_1020 + at * 16,
      {
        name: `DWT_COMP${at}`,
        read: () => registers.dwtComparators[at]!,
        write: (value) => {
          registers.dwtComparators[at] = value
          debug.update()
        },
      },
    ],
    [
      0xe000_1028 + at * 16,
      {
        name: `DWT_FUNCTION${at}`,
        read: () => {
          const matched = registers.dwtMatched[at] ? MATCHED : 0
          registers.dwtMatched[at] = false
          return ((ABILITIES[at]! << 27) | matched | registers.dwtFunctions[at]!) >>> 0
        },
        write: (value) => {
          registers.dwtFunctions[at] = value & FUNCTION_WRITABLE
          registers.dwtMatched[at] = false
          debug.update()
        },
      },
    ],
  ])
  return [
    [
      0xe000_1000,
      {
        name: 'DWT_CTRL',
        read: () => (WATCHPOINTS << 28) | (registers.isCounting ? CYCCNTENA : 0),
        write: (value) =>
          debug.setCount(debug.count, () => {
            registers.isCounting = (value & CYCCNTENA) !== 0
          }),
      },
    ],
    [
      0xe000_1004,
      { name: 'DWT_CYCCNT', read: () => debug.count, write: (value) => debug.setCount(value) },
    ],
    ...comparators.flat(),
  ]
}

function fpbRegisters({ debug }: DebugRegisterParts): Entry[] {
  const { registers } = debug
  return [
    [
      0xe000_2000,
      {
        name: 'FP_CTRL',
        read: () => FPB.REV2 | (BREAKPOINTS << 4) | (registers.isFpbEnabled ? FPB.ENABLE : 0),
        write: (value) => {
          if ((value & FPB.KEY) === 0) return
          registers.isFpbEnabled = (value & FPB.ENABLE) !== 0
          debug.update()
        },
      },
    ],
    ...Array.from(
      { length: BREAKPOINTS },
      (_, at): Entry => [
        0xe000_2008 + at * 4,
        {
          name: `FP_COMP${at}`,
          // BPADDR with BE in bit 0.
          read: () => registers.fpbComparators[at]!,
          write: (value) => {
            registers.fpbComparators[at] = value
            debug.update()
          },
        },
      ],
    ),
  ]
}
