/**
 * A fault as a signal, by its cause: one that had no handler of its own arrives as HardFault, and keeps the
 * bits of CFSR (Armv8-M ARM, D1.2). GDB's remote protocol and core files have numbers of their own.
 */

interface Fault {
  readonly exception: string
  readonly cfsr?: number | undefined
}

type Signal = 'SIGILL' | 'SIGFPE' | 'SIGBUS' | 'SIGSEGV'

/** include/gdb/signals.def */
export const REMOTE_SIGNALS = { SIGILL: 4, SIGFPE: 8, SIGBUS: 10, SIGSEGV: 11 } as const
/** asm-generic/signal.h, as in a core file for Arm. */
export const CORE_SIGNALS = { SIGILL: 4, SIGFPE: 8, SIGBUS: 7, SIGSEGV: 11 } as const

const DIVBYZERO = 1 << 25
const USAGE_FAULT = 0xffff_0000
const BUS_FAULT = 0x0000_ff00

export function faultSignal({ exception, cfsr = 0 }: Fault): Signal {
  if ((cfsr & DIVBYZERO) !== 0) return 'SIGFPE'
  if (exception === 'UsageFault' || (cfsr & USAGE_FAULT) !== 0) return 'SIGILL'
  if (exception === 'BusFault' || (cfsr & BUS_FAULT) !== 0) return 'SIGBUS'
  return 'SIGSEGV'
}
