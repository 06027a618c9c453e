/** Control registers that hold nothing but bits: VTOR, SCR, CCR, CPACR, NSACR. Armv8-M ARM, D1.2. */

/** [Non-secure, Secure] where banked. */
export class Controls {
  vtor: [number, number] = [0, 0]
  scr: [number, number] = [0, 0]
  /** BFHFNMIGN is one bit for both states, kept in the Secure word. */
  ccr: [number, number] = [CCR.RES1, CCR.RES1]
  cpacr: [number, number] = [0, 0]
  /** AIRCR.SYSRESETREQS: only the Secure state may ask for a reset. */
  resetIsSecure = false
  nsacr = 0

  reset(): void {
    Object.assign(this, new Controls())
  }

  resetNonSecure(): void {
    const fresh = new Controls()
    for (const name of ['vtor', 'scr', 'ccr', 'cpacr'] as const) this[name][0] = fresh[name][0]
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

export const SCR = { SLEEPONEXIT: 1 << 1, SLEEPDEEP: 1 << 2, SLEEPDEEPS: 1 << 3, SEVONPEND: 1 << 4 }
