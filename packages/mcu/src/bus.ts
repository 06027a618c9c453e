/**
 * The seam inside the chip: what the CPU asks of everything that is not plain memory, and what
 * peripherals ask of the CPU. `cpu/` implements `InterruptLines` and uses `Bus`; `peripherals/`
 * and `chip.ts` do the reverse. Neither imports the other.
 *
 * Time is in cycles of HCLK since power-on, a whole number below 2^53 (650 days at 160 MHz).
 */

/** Width of one access, in bytes. */
export type AccessSize = 1 | 2 | 4

/** Who makes an access, as the bus matrix sees it (HNONSEC, HPROT[1]). */
export interface Master {
  readonly isSecure: boolean
  readonly isPrivileged: boolean
  /** Address of the instruction that makes the access; for the report of what is not modelled. */
  readonly pc: number
}

/** What a bus access that was refused looks like to the CPU. */
export const BusFault = { none: 0, error: 1, attribution: 2 } as const
export type BusFault = (typeof BusFault)[keyof typeof BusFault]

/**
 * Everything beyond flash and SRAM: peripherals at 0x4000_0000 to 0x5FFF_FFFF and holes in the
 * map. The private peripheral bus (0xE000_0000 up) belongs to the CPU and never gets here.
 */
export interface Bus {
  /** Unsigned value read, or 0 with `fault` set. */
  read(address: number, size: AccessSize, master: Master): number
  write(address: number, size: AccessSize, value: number, master: Master): void
  /** Outcome of the last read or write; the CPU turns it into BusFault or SecureFault. */
  readonly fault: BusFault
}

/** The chip's side of the NVIC: level of each of the 125 interrupt lines (RM0456, vector table). */
export interface InterruptLines {
  /** A peripheral raises or drops its line; the NVIC pends while a line is high. */
  setLine(irq: number, isHigh: boolean): void
}

/** Events on virtual time. One instance per chip; the CPU runs until the next one is due. */
export interface Scheduler {
  /** Cycles since power-on. Exact also inside a register access made by the CPU. */
  readonly now: number
  /** Runs `action` once `now >= cycle`; the return value cancels it. */
  at(cycle: number, action: () => void): () => void
  /** For an action that is asked for again and again: no more than one time of it is pending. */
  timer(action: () => void): Timer
}

export interface Timer {
  /** Instead of the time that was asked for before. */
  at(cycle: number): void
  cancel(): void
  readonly isSet: boolean
}
