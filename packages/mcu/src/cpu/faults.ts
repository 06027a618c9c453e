/**
 * Faults as the CPU raises them: which exception, which syndrome bit. Armv8-M ARM, D1.2: CFSR,
 * HFSR and SFSR. Values, never thrown.
 */

export const EXCEPTION = {
  reset: 1,
  nmi: 2,
  hardFault: 3,
  memManage: 4,
  busFault: 5,
  usageFault: 6,
  secureFault: 7,
  svCall: 11,
  debugMonitor: 12,
  pendSv: 14,
  sysTick: 15,
  firstIrq: 16,
} as const

/** CFSR: MMFSR in bits [7:0], BFSR in [15:8], UFSR in [31:16]. */
export const CFSR = {
  IACCVIOL: 1 << 0,
  DACCVIOL: 1 << 1,
  MUNSTKERR: 1 << 3,
  MSTKERR: 1 << 4,
  MLSPERR: 1 << 5,
  MMARVALID: 1 << 7,
  IBUSERR: 1 << 8,
  PRECISERR: 1 << 9,
  UNSTKERR: 1 << 11,
  STKERR: 1 << 12,
  LSPERR: 1 << 13,
  BFARVALID: 1 << 15,
  UNDEFINSTR: 1 << 16,
  INVSTATE: 1 << 17,
  INVPC: 1 << 18,
  NOCP: 1 << 19,
  STKOF: 1 << 20,
  UNALIGNED: 1 << 24,
  DIVBYZERO: 1 << 25,
} as const

export const HFSR = { VECTTBL: 1 << 1, FORCED: 1 << 30, DEBUGEVT: 1 << 31 } as const

export const SFSR = {
  INVEP: 1 << 0,
  INVIS: 1 << 1,
  INVER: 1 << 2,
  AUVIOL: 1 << 3,
  INVTRAN: 1 << 4,
  LSPERR: 1 << 5,
  SFARVALID: 1 << 6,
  LSERR: 1 << 7,
} as const

/** A fault: exception number and the bits it sets in CFSR, or in SFSR for SecureFault. */
export interface Fault {
  readonly exception: number
  readonly syndrome: number
  /** Goes to MMFAR, BFAR or SFAR. */
  readonly address?: number
  /** The bank it is recorded in, where that is not the present state's. */
  readonly isSecure?: boolean
}

/** UsageFaults that a meaning raises by itself; the position is what `Builder.raise` takes. */
export const USAGE_FAULTS = ['STKOF', 'UNDEFINSTR', 'NOCP', 'DIVBYZERO', 'UNALIGNED'] as const
export type UsageFault = (typeof USAGE_FAULTS)[number]

export function usageFault(name: UsageFault): number {
  return USAGE_FAULTS.indexOf(name)
}
