/**
 * CRS: trims HSI48 by a reference. RM0456, chapter "Clock recovery system (CRS)".
 *
 * Synchronisation by LSE or by software: each event captures how far the counter is off, and sets
 * OK, warning or error by FELIM. HSI48 is exact here, so TRIM stays where it is and an error comes
 * from RELOAD alone.
 *
 * Not modelled, and reported: pin and USB as references, whose events do not come.
 */
import { interruptLevel, partly, RegisterFile, reg, ro, rw, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

export const crsLayout = {
  CR: reg(
    0x00,
    {
      ...{ SYNCOKIE: rw(0), SYNCWARNIE: rw(1), ERRIE: rw(2), ESYNCIE: rw(3), CEN: rw(5) },
      ...{ AUTOTRIMEN: rw(6), SWSYNC: wo(7), TRIM: rw(8, 7) },
    },
    0x4000,
  ),
  CFGR: reg(
    0x04,
    {
      ...{ RELOAD: rw(0, 16), FELIM: rw(16, 8), SYNCDIV: rw(24, 3) },
      ...{ SYNCSRC: partly(28, 2, [1]), SYNCPOL: rw(31) },
    },
    0x2022_bb7f,
  ),
  ISR: reg(0x08, {
    ...{ SYNCOKF: ro(0), SYNCWARNF: ro(1), ERRF: ro(2), ESYNCF: ro(3), SYNCERR: ro(8) },
    ...{ SYNCMISS: ro(9), TRIMOVF: ro(10), FEDIR: ro(15), FECAP: ro(16, 16) },
  }),
  ICR: reg(0x0c, { SYNCOKC: wo(0), SYNCWARNC: wo(1), ERRC: wo(2), ESYNCC: wo(3) }),
} as const

const BY_LSE = 1
const SWSYNC = 1 << 7
/** SYNCERR, SYNCMISS and TRIMOVF go with ERRF. */
const ERRORS = 0x700
/** Of FELIM: up to where an error is none, and up to where it is a warning. */
const [OK_FACTOR, WARNING_FACTOR] = [3, 128]

export class Crs implements Peripheral {
  readonly registers: RegisterFile<typeof crsLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(crsLayout, {
      CR: { write: (written) => this.#control(written) },
      CFGR: { writable: () => !this.registers.is('CR', 'CEN') },
      ICR: { write: (flags) => this.#clear(flags) },
    })
    this.#line = wiring.interrupt('CRS')
    this.#isInterrupting = interruptLevel(
      this.registers,
      (['SYNCOK', 'SYNCWARN', 'ERR', 'ESYNC'] as const).map((name) => [
        `CR.${name}IE`,
        `ISR.${name}F`,
      ]),
    )
  }

  reset(): void {
    this.registers.reset()
    this.#cancel?.()
    this.#cancel = undefined
    this.#line.set(false)
  }

  #control(written: number): void {
    const { registers: r } = this
    if (!r.is('CR', 'CEN')) {
      this.#cancel?.()
      this.#cancel = undefined
    } else if ((written & SWSYNC) !== 0) this.#judge(0)
    else if (this.#cancel === undefined) this.#await()
    this.#line.set(this.#isInterrupting())
  }

  /** The next edge of the reference. */
  #await(): void {
    const { registers: r } = this
    if (r.get('CFGR', 'SYNCSRC') !== BY_LSE) return
    const { clocks, scheduler } = this.#wiring
    const hz = clocks.hz('lse') / 2 ** r.get('CFGR', 'SYNCDIV')
    const cycles = clocks.cycleHz / hz
    if (!Number.isFinite(cycles)) return
    this.#cancel = scheduler.at(scheduler.now + cycles, () => {
      this.#judge(Math.round(clocks.hz('hsi48') / hz) - r.get('CFGR', 'RELOAD') - 1)
      this.#await()
    })
  }

  /** `early` ticks of HSI48 more than RELOAD says. */
  #judge(early: number): void {
    const { registers: r } = this
    const distance = Math.abs(early)
    const limit = r.get('CFGR', 'FELIM')
    r.set('ISR', 'FECAP', Math.min(distance, 0xffff))
    r.set('ISR', 'FEDIR', early > 0)
    r.set('ISR', 'ESYNCF', true)
    if (distance < OK_FACTOR * limit || distance === 0) r.set('ISR', 'SYNCOKF', true)
    else if (distance < WARNING_FACTOR * limit) r.set('ISR', 'SYNCWARNF', true)
    else {
      r.set('ISR', early > 0 ? 'SYNCMISS' : 'SYNCERR', true)
      r.set('ISR', 'ERRF', true)
    }
    this.#line.set(this.#isInterrupting())
  }

  #clear(flags: number): void {
    const cleared = (flags & 0xf) | ((flags & 4) !== 0 ? ERRORS : 0)
    this.registers.setAll('ISR', this.registers.get('ISR') & ~cleared)
    this.#line.set(this.#isInterrupting())
  }
}

export const crses = { CRS: (wiring) => new Crs(wiring) } satisfies Makers
