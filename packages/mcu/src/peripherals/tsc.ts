/**
 * TSC: touch sensing. RM0456, chapter "Touch sensing controller (TSC)".
 *
 * Acquisitions run and end: groups count the charge transfers of an electrode that nobody touches,
 * with end-of-acquisition and max-count flags and their interrupt, at the pace of the pulse generator.
 *
 * Not modelled, and reported: electrodes of the board, spread spectrum, synchronisation by a pin.
 */
import { each, interruptLevel, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const GROUPS = [1, 2, 3, 4, 5, 6, 7, 8] as const
const pads = (offset: number, reset = 0) => reg(offset, { IO: rw(0, 32) }, reset)
const count = (offset: number) => reg(offset, { CNT: ro(0, 14) })

export const tscLayout = {
  CR: reg(0x00, {
    ...{
      TSCE: rw(0),
      START: rw(1),
      AM: tagged(2),
      SYNCPOL: tagged(3),
      IODEF: rw(4),
      MCV: rw(5, 3),
    },
    ...{ PGPSC: rw(12, 3), SSPSC: tagged(15), SSE: tagged(16), SSD: tagged(17, 7) },
    ...{ CTPL: rw(24, 4), CTPH: rw(28, 4) },
  }),
  IER: reg(0x04, { EOAIE: rw(0), MCEIE: rw(1) }),
  ICR: reg(0x08, { EOAIC: wo(0), MCEIC: wo(1) }),
  ISR: reg(0x0c, { EOAF: ro(0), MCEF: ro(1) }),
  IOHCR: pads(0x10, 0xffff_ffff),
  ...{ IOASCR: pads(0x18), IOSCR: pads(0x20), IOCCR: pads(0x28) },
  IOGCSR: reg(0x30, {
    ...each('GE', 8, 1, rw, 1),
    ...Object.fromEntries(GROUPS.map((n) => [`G${n}S`, ro(15 + n)])),
  }),
  ...{ IOG1CR: count(0x34), IOG2CR: count(0x38), IOG3CR: count(0x3c), IOG4CR: count(0x40) },
  ...{ IOG5CR: count(0x44), IOG6CR: count(0x48), IOG7CR: count(0x4c), IOG8CR: count(0x50) },
} as const

/** Charge transfers until an electrode's capacitor is full. */
const UNTOUCHED_COUNT = 1500
/** MCV: counts after which an acquisition gives up. */
const MAX_COUNTS = [255, 511, 1023, 2047, 4095, 8191, 16_383, 16_383]
const START = 2
const DONE_SHIFT = 16

export class Tsc implements Peripheral {
  readonly registers: RegisterFile<typeof tscLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(tscLayout, {
      CR: { write: (_written, before) => this.#control(before) },
      IER: { write: () => this.#line.set(this.#isInterrupting()) },
      ICR: { write: (flags) => this.#clear(flags) },
    })
    this.#line = wiring.interrupt('TSC')
    this.#isInterrupting = interruptLevel(this.registers, [
      ['IER.EOAIE', 'ISR.EOAF'],
      ['IER.MCEIE', 'ISR.MCEF'],
    ])
  }

  reset(): void {
    this.registers.reset()
    this.#cancel?.()
    this.#cancel = undefined
    this.#line.set(false)
  }

  #control(before: number): void {
    const { registers: r } = this
    const isRunning = r.is('CR', 'TSCE') && r.is('CR', 'START')
    if (isRunning && (before & START) === 0) this.#acquire()
    else if (!isRunning) {
      this.#cancel?.()
      this.#cancel = undefined
      r.set('CR', 'START', false)
    }
  }

  #acquire(): void {
    const { registers: r } = this
    r.setAll('IOGCSR', r.get('IOGCSR') & 0xff)
    const limit = MAX_COUNTS[r.get('CR', 'MCV')]!
    const transfers = Math.min(UNTOUCHED_COUNT, limit)
    const pulse = r.get('CR', 'CTPL') + r.get('CR', 'CTPH') + 2
    const { scheduler } = this.#wiring
    const cycles = transfers * pulse * 2 ** r.get('CR', 'PGPSC')
    this.#cancel = scheduler.at(scheduler.now + cycles, () => this.#end(transfers, limit))
  }

  #end(transfers: number, limit: number): void {
    const { registers: r } = this
    this.#cancel = undefined
    const isFull = transfers < limit
    const enabled = r.get('IOGCSR') & 0xff
    for (const n of GROUPS) if ((enabled >> (n - 1)) & 1) r.set(`IOG${n}CR`, 'CNT', transfers)
    if (isFull) r.setAll('IOGCSR', enabled | (enabled << DONE_SHIFT))
    else r.set('ISR', 'MCEF', true)
    r.set('ISR', 'EOAF', true)
    r.set('CR', 'START', false)
    this.#line.set(this.#isInterrupting())
  }

  #clear(flags: number): void {
    this.registers.setAll('ISR', this.registers.get('ISR') & ~(flags & 3))
    this.#line.set(this.#isInterrupting())
  }
}

export const tscs = { TSC: (wiring) => new Tsc(wiring) } satisfies Makers
