/** CFSR, HFSR, MMFAR, BFAR, SFSR and SFAR as each state sees them. Armv8-M ARM, D1.2. */
import type { FaultStatus } from './fault-status.ts'
import type { Nvic } from './nvic.ts'
import type { Entry } from './private-bus.ts'

export function faultRegisters({ status, nvic }: { status: FaultStatus; nvic: Nvic }): Entry[] {
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
