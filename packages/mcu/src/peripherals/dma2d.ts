/**
 * DMA2D: rectangles of pixels. RM0456, chapter "Chrom-ART Accelerator controller (DMA2D)".
 *
 * Filling (register to memory) and copying (memory to memory), with line offsets, interrupts and
 * transfer errors. A rectangle is written when its time is up, at one pixel a cycle.
 *
 * Not modelled, and reported: pixel format conversion, blending, colour tables, line watermark,
 * suspending, the dead time.
 */
import { BusFault } from '../bus.ts'
import { interruptLevel, partly, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const word = (offset: number, name: string) => reg(offset, { [name]: rw(0, 32) })
const lineOffset = (offset: number) => reg(offset, { LO: rw(0, 16) })
const format = (offset: number) =>
  reg(offset, {
    ...{ CM: rw(0, 4), CCM: tagged(4), START: tagged(5), CS: tagged(8, 8), AM: tagged(16, 2) },
    ...{ AI: tagged(20), RBS: tagged(21), ALPHA: tagged(24, 8) },
  })

export const dma2dLayout = {
  CR: reg(0x00, {
    ...{ START: rw(0), SUSP: tagged(1), ABORT: rw(2), LOM: rw(6), TEIE: rw(8), TCIE: rw(9) },
    ...{ TWIE: rw(10), CAEIE: rw(11), CTCIE: rw(12), CEIE: rw(13), MODE: partly(16, 3, [0, 3]) },
  }),
  ISR: reg(0x04, {
    TEIF: ro(0),
    TCIF: ro(1),
    TWIF: ro(2),
    CAEIF: ro(3),
    CTCIF: ro(4),
    CEIF: ro(5),
  }),
  IFCR: reg(0x08, {
    ...{ CTEIF: wo(0), CTCIF: wo(1), CTWIF: wo(2), CAECIF: wo(3), CCTCIF: wo(4), CCEIF: wo(5) },
  }),
  ...{ FGMAR: word(0x0c, 'MA'), FGOR: lineOffset(0x10), BGMAR: word(0x14, 'MA') },
  ...{ BGOR: lineOffset(0x18), FGPFCCR: format(0x1c), FGCOLR: word(0x20, 'COLOR') },
  ...{ BGPFCCR: format(0x24), BGCOLR: word(0x28, 'COLOR'), FGCMAR: word(0x2c, 'MA') },
  BGCMAR: word(0x30, 'MA'),
  OPFCCR: reg(0x34, { CM: rw(0, 3), SB: tagged(8), AI: tagged(20), RBS: tagged(21) }),
  ...{ OCOLR: word(0x38, 'COLOR'), OMAR: word(0x3c, 'MA'), OOR: lineOffset(0x40) },
  NLR: reg(0x44, { NL: rw(0, 16), PL: rw(16, 14) }),
  LWR: reg(0x48, { LW: tagged(0, 16) }),
  AMTCR: reg(0x4c, { EN: tagged(0), DT: tagged(8, 8) }),
} as const

/** CM of a format register, in bytes: ARGB8888, RGB888, RGB565, ARGB1555, ARGB4444, L8, … */
const PIXEL_BYTES = [4, 3, 2, 2, 2, 1]
const FILL = 3
/** What DMA2D is on the bus: its accesses are not secure. */
const MASTER = { isSecure: false, isPrivileged: true, pc: 0 } as const

export class Dma2d implements Peripheral {
  readonly registers: RegisterFile<typeof dma2dLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(dma2dLayout, {
      CR: { write: (_written, before) => this.#control(before) },
      IFCR: { write: (flags) => this.#clear(flags) },
    })
    this.#line = wiring.interrupt('DMA2D')
    this.#isInterrupting = interruptLevel(this.registers, [
      ['CR.TEIE', 'ISR.TEIF'],
      ['CR.TCIE', 'ISR.TCIF'],
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
    if (r.is('CR', 'ABORT')) this.#end(undefined)
    else if (r.is('CR', 'START') && (before & 1) === 0) this.#start()
    this.#line.set(this.#isInterrupting())
  }

  #start(): void {
    const { registers: r } = this
    const { scheduler } = this.#wiring
    const pixels = r.get('NLR', 'NL') * r.get('NLR', 'PL')
    this.#cancel = scheduler.at(scheduler.now + pixels, () =>
      this.#end(this.#transfer() ? 'TCIF' : 'TEIF'),
    )
  }

  #end(flag: 'TCIF' | 'TEIF' | undefined): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const bit of ['START', 'ABORT'] as const) this.registers.set('CR', bit, false)
    if (flag !== undefined) this.registers.set('ISR', flag, true)
    this.#line.set(this.#isInterrupting())
  }

  #clear(flags: number): void {
    this.registers.setAll('ISR', this.registers.get('ISR') & ~flags)
    this.#line.set(this.#isInterrupting())
  }

  /** False where the bus refused. */
  #transfer(): boolean {
    const { registers: r } = this
    const isFill = r.get('CR', 'MODE') === FILL
    const bytes = PIXEL_BYTES[isFill ? r.get('OPFCCR', 'CM') : r.get('FGPFCCR', 'CM')] ?? 1
    const unit = r.is('CR', 'LOM') ? 1 : bytes
    const width = r.get('NLR', 'PL') * bytes
    const colour = r.get('OCOLR')
    let [from, to] = [r.get('FGMAR'), r.get('OMAR')]
    for (let line = 0; line < r.get('NLR', 'NL'); line++) {
      for (let at = 0; at < width; at++) {
        const value = isFill ? (colour >>> ((at % bytes) * 8)) & 0xff : this.#read(from + at)
        if (value === undefined || !this.#write(to + at, value)) return false
      }
      from += width + r.get('FGOR', 'LO') * unit
      to += width + r.get('OOR', 'LO') * unit
    }
    return true
  }

  #read(address: number): number | undefined {
    const value = this.#wiring.memory.read(address, 1, MASTER)
    return this.#wiring.memory.fault === BusFault.none ? value : undefined
  }

  #write(address: number, value: number): boolean {
    this.#wiring.memory.write(address, 1, value, MASTER)
    return this.#wiring.memory.fault === BusFault.none
  }
}

export const dma2ds = { DMA2D: (wiring) => new Dma2d(wiring) } satisfies Makers
