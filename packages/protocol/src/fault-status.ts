/**
 * What the fault status registers of a crash mean, in plain words. Armv8-M ARM (DDI 0553), D1.2:
 * CFSR, HFSR, SFSR. Bits that only say that an address register is valid are left out.
 */

export interface FaultStatus {
  readonly cfsr: number
  readonly hfsr: number
  readonly sfsr: number
}

interface Cause {
  readonly register: keyof FaultStatus
  readonly bit: number
  readonly name: string
  readonly words: string
}

const cause = (register: keyof FaultStatus, bit: number, name: string, words: string): Cause => ({
  register,
  bit,
  name,
  words,
})

export const faultCauses: readonly Cause[] = [
  cause('sfsr', 0, 'INVEP', 'branch into secure memory that is no system call'),
  cause('sfsr', 1, 'INVIS', 'exception return with a wrong integrity signature'),
  cause('sfsr', 2, 'INVER', 'exception return to the wrong security state'),
  cause('sfsr', 3, 'AUVIOL', 'access to memory of the microvisor'),
  cause('sfsr', 4, 'INVTRAN', 'branch out of secure code that was not allowed'),
  cause('sfsr', 5, 'LSPERR', 'access to secure memory while saving floating-point state'),
  cause('sfsr', 7, 'LSERR', 'error while saving or restoring floating-point state'),
  cause('cfsr', 0, 'IACCVIOL', 'instruction fetch that the MPU does not allow'),
  cause('cfsr', 1, 'DACCVIOL', 'data access that the MPU does not allow'),
  cause('cfsr', 3, 'MUNSTKERR', 'MPU violation on return from an exception'),
  cause('cfsr', 4, 'MSTKERR', 'MPU violation on entry to an exception'),
  cause('cfsr', 5, 'MLSPERR', 'MPU violation while saving floating-point state'),
  cause('cfsr', 8, 'IBUSERR', 'instruction fetch where there is no memory'),
  cause('cfsr', 9, 'PRECISERR', 'data access where there is nothing'),
  cause('cfsr', 10, 'IMPRECISERR', 'data access that failed a while ago'),
  cause('cfsr', 11, 'UNSTKERR', 'bus error on return from an exception'),
  cause('cfsr', 12, 'STKERR', 'bus error on entry to an exception'),
  cause('cfsr', 13, 'LSPERR', 'bus error while saving floating-point state'),
  cause('cfsr', 16, 'UNDEFINSTR', 'undefined instruction'),
  cause('cfsr', 17, 'INVSTATE', 'branch to an address without the Thumb bit'),
  cause('cfsr', 18, 'INVPC', 'invalid exception return'),
  cause('cfsr', 19, 'NOCP', 'coprocessor or floating-point instruction without the unit'),
  cause('cfsr', 20, 'STKOF', 'stack overflow'),
  cause('cfsr', 24, 'UNALIGNED', 'unaligned access'),
  cause('cfsr', 25, 'DIVBYZERO', 'division by zero'),
  cause('hfsr', 1, 'VECTTBL', 'vector table that cannot be read'),
  cause('hfsr', 31, 'DEBUGEVT', 'breakpoint without a debugger'),
]

/** The causes that a fault's status names, most often one. */
export function causesOf(status: FaultStatus): Cause[] {
  return faultCauses.filter(({ register, bit }) => ((status[register] >>> bit) & 1) === 1)
}

/** `branch into secure memory that is no system call (INVEP)`, or an empty text if nothing is set. */
export function describeFault(status: FaultStatus): string {
  return causesOf(status)
    .map(({ name, words }) => `${words} (${name})`)
    .join(', ')
}
