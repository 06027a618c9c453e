/**
 * DLYB: delays of sampling clocks. RM0456, chapter "Delay block (DLYB)".
 *
 * Lengths are measured as drivers expect: one clock period fits into ten of the twelve unit delays
 * from UNIT 16 on. Delays have no effect, since there are no edges to sample.
 */
import { RegisterFile, reg, ro, rw } from '../registers.ts'
import type { Makers, Peripheral } from '../wiring.ts'

export const dlybLayout = {
  CR: reg(0x00, { DEN: rw(0), SEN: rw(1) }),
  CFGR: reg(0x04, { SEL: rw(0, 4), UNIT: rw(8, 7), LNG: ro(16, 12), LNGF: ro(31) }),
} as const

/** From this unit on, a period is seen within the line. */
const FIRST_UNIT = 16
/** Levels along the line: high up to the tenth delay. */
const [PERIOD, NO_PERIOD] = [0x3ff, 0xfff]

export class Dlyb implements Peripheral {
  readonly registers: RegisterFile<typeof dlybLayout> = new RegisterFile(dlybLayout, {
    CFGR: {
      writable: () => this.registers.is('CR', 'SEN'),
      read: (stored) => this.#measured(stored),
    },
  })

  reset(): void {
    this.registers.reset()
  }

  /** Valid at once while sampling is enabled. */
  #measured(stored: number): number {
    if (!this.registers.is('CR', 'SEN')) return stored & 0x7f0f
    const levels = this.registers.get('CFGR', 'UNIT') >= FIRST_UNIT ? PERIOD : NO_PERIOD
    return 2 ** 31 + levels * 2 ** 16 + (stored & 0x7f0f)
  }
}

export const dlybs = {
  DLYBSD1: () => new Dlyb(),
  DLYBSD2: () => new Dlyb(),
  DLYBOS1: () => new Dlyb(),
  DLYBOS2: () => new Dlyb(),
} satisfies Makers
