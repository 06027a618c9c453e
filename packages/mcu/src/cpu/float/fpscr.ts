/** FPSCR: control, cumulative exceptions and condition flags. Armv8-M ARM, D1.2 "FPSCR". */

export const FPSCR = {
  IOC: 1 << 0,
  DZC: 1 << 1,
  OFC: 1 << 2,
  UFC: 1 << 3,
  IXC: 1 << 4,
  IDC: 1 << 7,
  /** RMode, both bits; 0 rounds to nearest. */
  RMODE: 3 << 22,
  FZ: 1 << 24,
  DN: 1 << 25,
  AHP: 1 << 26,
  /** N, Z, C and V. */
  NZCV: 0xf000_0000,
  WRITABLE: 0xf7c0_009f,
} as const

/** Bits that FPDSCR gives to a new context: AHP, DN, FZ, RMode. */
export const FPDSCR_WRITABLE = FPSCR.AHP | FPSCR.DN | FPSCR.FZ | FPSCR.RMODE

/** RMode as encoded; `away` is for instructions that name their rounding. */
export const ROUNDING = { nearest: 0, plus: 1, minus: 2, zero: 3, away: 4 } as const
export type Rounding = (typeof ROUNDING)[keyof typeof ROUNDING]
/** An instruction's own rounding, or what FPSCR.RMode says. */
export const FROM_FPSCR = 7
