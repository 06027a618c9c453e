/**
 * FMAC: filters in fixed point. RM0456, chapter "Filter math accelerator (FMAC)".
 *
 * Loads of X1, X2 and Y, convolution (FIR) and IIR direct form 1 over circular buffers in the local
 * memory of 256 words of q1.15; gain, clipping, watermarks, interrupts, DMA, errors. A sample takes
 * two cycles for every four products and six more. Accumulation is exact to 26 bits, as in hardware.
 */
import { interruptLevel, RegisterFile, reg, ro, rw, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

export const fmacLayout = {
  X1BUFCFG: reg(0x00, { X1_BASE: rw(0, 8), X1_BUF_SIZE: rw(8, 8), FULL_WM: rw(24, 2) }),
  X2BUFCFG: reg(0x04, { X2_BASE: rw(0, 8), X2_BUF_SIZE: rw(8, 8) }),
  YBUFCFG: reg(0x08, { Y_BASE: rw(0, 8), Y_BUF_SIZE: rw(8, 8), EMPTY_WM: rw(24, 2) }),
  PARAM: reg(0x0c, { P: rw(0, 8), Q: rw(8, 8), R: rw(16, 8), FUNC: rw(24, 7), START: rw(31) }),
  CR: reg(0x10, {
    ...{ RIEN: rw(0), WIEN: rw(1), OVFLIEN: rw(2), UNFLIEN: rw(3), SATIEN: rw(4), DMAREN: rw(8) },
    ...{ DMAWEN: rw(9), CLIPEN: rw(15), RESET: rw(16) },
  }),
  SR: reg(0x14, { YEMPTY: ro(0), X1FULL: ro(1), OVFL: ro(8), UNFL: ro(9), SAT: ro(10) }, 0x1),
  WDATA: reg(0x18, { WDATA: wo(0, 16) }),
  RDATA: reg(0x1c, { RDATA: ro(0, 16) }),
} as const

const WORDS = 256
const FUNC = { none: 0, loadX1: 1, loadX2: 2, loadY: 3, convolution: 8, iir: 9 } as const
const START = 0x8000_0000
/** The accumulator has 26 bits: 4 before the point, 22 behind; products are q2.30. */
const PRODUCT_SHIFT = 8
const ACCUMULATOR_BITS = 26
const RESULT_SHIFT = 7
const [MIN_16, MAX_16] = [-0x8000, 0x7fff]

/** A circular buffer in the local memory. */
class Ring {
  base = 0
  size = 0
  head = 0
  count = 0

  begin(base: number, size: number): void {
    this.base = base
    this.size = size
    this.head = 0
    this.count = 0
  }

  /** Place of the entry that is `back` before the next one to be written. */
  place(back: number): number {
    const at = (((this.head - back) % this.size) + this.size) % this.size
    return (this.base + at) % WORDS
  }

  push(memory: Int16Array, value: number): void {
    memory[(this.base + this.head) % WORDS] = value
    this.head = (this.head + 1) % Math.max(1, this.size)
  }
}

export class Fmac implements Peripheral {
  readonly registers: RegisterFile<typeof fmacLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #read: Output
  readonly #write: Output
  readonly #isInterrupting: () => boolean
  readonly #memory = new Int16Array(WORDS)
  readonly #x1 = new Ring()
  readonly #y = new Ring()
  /** Values that are still to be loaded. */
  #toLoad = 0
  #loadAt = 0
  /** Written samples that the filter has not used, and results that nobody has read. */
  #waiting = 0
  #unread = 0
  #isFiltering = false
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(fmacLayout, {
      PARAM: { write: (written, before) => this.#parameters(written, before) },
      CR: { write: () => this.#control() },
      SR: { read: (stored) => this.#status(stored) },
      WDATA: { write: (value) => this.#take((value << 16) >> 16) },
      RDATA: { read: () => this.#oldest, taken: () => this.#taken() },
    })
    this.#line = wiring.interrupt('FMAC')
    this.#read = wiring.dmaRequest('FMAC_RD')
    this.#write = wiring.dmaRequest('FMAC_WR')
    this.#isInterrupting = interruptLevel(this.registers, [
      ['CR.OVFLIEN', 'SR.OVFL'],
      ['CR.UNFLIEN', 'SR.UNFL'],
      ['CR.SATIEN', 'SR.SAT'],
    ])
  }

  reset(): void {
    this.registers.reset()
    this.#memory.fill(0)
    this.#clear()
  }

  /** RESET: pointers, flags and START, not the configuration. */
  #clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#isFiltering = false
    this.#toLoad = 0
    this.#waiting = 0
    this.#unread = 0
    this.#x1.begin(0, 0)
    this.#y.begin(0, 0)
    this.registers.setAll('SR', 1)
    this.registers.set('PARAM', 'START', false)
    this.#update()
  }

  #control(): void {
    if (this.registers.is('CR', 'RESET')) {
      this.registers.set('CR', 'RESET', false)
      this.#clear()
    }
    this.#update()
  }

  #parameters(written: number, before: number): void {
    const starts = (written & ~before & START) !== 0
    const stops = (~written & before & START) !== 0
    if (starts) this.#start(this.registers.get('PARAM', 'FUNC'))
    else if (stops) this.#stop()
    this.#update()
  }

  #start(func: number): void {
    const { registers: r } = this
    const [p, q] = [r.get('PARAM', 'P'), r.get('PARAM', 'Q')]
    if (func === FUNC.loadX1) this.#load(r.get('X1BUFCFG', 'X1_BASE'), p)
    else if (func === FUNC.loadX2) this.#load(r.get('X2BUFCFG', 'X2_BASE'), p + q)
    else if (func === FUNC.loadY) this.#load(r.get('YBUFCFG', 'Y_BASE'), p)
    else if (func === FUNC.convolution || func === FUNC.iir) this.#filter()
    else r.set('PARAM', 'START', false)
    if (func === FUNC.loadX1) this.#x1.count = p
    if (func === FUNC.loadY) this.#y.count = p
  }

  #load(base: number, count: number): void {
    this.#loadAt = base
    this.#toLoad = count
    if (count === 0) this.registers.set('PARAM', 'START', false)
  }

  /** What was loaded into X1 and Y are the samples before the first. */
  #filter(): void {
    const { registers: r } = this
    const [loadedX, loadedY] = [this.#x1.count, this.#y.count]
    this.#x1.begin(r.get('X1BUFCFG', 'X1_BASE'), Math.max(1, r.get('X1BUFCFG', 'X1_BUF_SIZE')))
    this.#y.begin(r.get('YBUFCFG', 'Y_BASE'), Math.max(1, r.get('YBUFCFG', 'Y_BUF_SIZE')))
    this.#x1.head = loadedX % this.#x1.size
    this.#y.head = loadedY % this.#y.size
    // Samples that were preloaded count: results begin when the filter is full.
    this.#waiting = 0
    this.#have = loadedX
    this.#unread = 0
    this.#isFiltering = true
    this.#advance()
  }

  /** Samples in X1 that the filter may use, old ones included. */
  #have = 0

  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#isFiltering = false
    this.#toLoad = 0
    this.#x1.count = 0
    this.#y.count = 0
  }

  #take(value: number): void {
    const { registers: r } = this
    if (this.#toLoad > 0) {
      this.#memory[this.#loadAt % WORDS] = value
      this.#loadAt++
      if (--this.#toLoad === 0) r.set('PARAM', 'START', false)
      this.#update()
      return
    }
    if (!this.#isFiltering) return
    if (this.#room <= 0) r.set('SR', 'OVFL', true)
    else {
      this.#x1.push(this.#memory, value)
      this.#waiting++
      this.#have++
      this.#advance()
    }
    this.#update()
  }

  /** Free places of X1: the buffer less the samples that the next result needs. */
  get #room(): number {
    const taps = this.registers.get('PARAM', 'P')
    return this.#x1.size - Math.max(0, taps - 1) - this.#waiting
  }

  get #canCompute(): boolean {
    const taps = this.registers.get('PARAM', 'P')
    const feedback = this.#isIir ? this.registers.get('PARAM', 'Q') : 0
    return this.#waiting > 0 && this.#have >= taps && this.#unread < this.#y.size - feedback
  }

  get #isIir(): boolean {
    return this.registers.get('PARAM', 'FUNC') === FUNC.iir
  }

  /** The next result, in its time. */
  #advance(): void {
    if (!this.#isFiltering || this.#cancel !== undefined) return
    // Samples that only fill the filter give no result.
    const taps = this.registers.get('PARAM', 'P')
    while (this.#waiting > 0 && this.#have - this.#waiting + 1 < taps) this.#waiting--
    if (!this.#canCompute) return
    const products = taps + (this.#isIir ? this.registers.get('PARAM', 'Q') : 0)
    const { scheduler } = this.#wiring
    const cycles = 2 * Math.ceil(products / 4) + 6
    this.#cancel = scheduler.at(scheduler.now + cycles, () => {
      this.#cancel = undefined
      this.#compute()
      this.#advance()
      this.#update()
    })
  }

  #compute(): void {
    const { registers: r } = this
    const [p, q] = [r.get('PARAM', 'P'), r.get('PARAM', 'Q')]
    const coefficients = r.get('X2BUFCFG', 'X2_BASE')
    const coefficient = (n: number) => this.#memory[(coefficients + n) % WORDS]!
    let sum = 0
    for (let n = 0; n < p; n++) {
      sum += product(coefficient(n), this.#memory[this.#x1.place(this.#waiting + n)]!)
    }
    for (let n = 0; n < (this.#isIir ? q : 0); n++) {
      sum += product(coefficient(p + n), this.#memory[this.#y.place(1 + n)]!)
    }
    this.#waiting--
    this.#y.push(this.#memory, this.#scaled(this.#accumulated(sum)))
    this.#unread++
  }

  #accumulated(sum: number): number {
    const span = 2 ** ACCUMULATOR_BITS
    const wrapped = ((((sum + span / 2) % span) + span) % span) - span / 2
    if (wrapped !== sum) this.registers.set('SR', 'SAT', true)
    return wrapped
  }

  /** The gain 2^R, then 16 bits: clipped, or what is left of it. */
  #scaled(accumulator: number): number {
    const value = Math.floor(
      (accumulator * 2 ** this.registers.get('PARAM', 'R')) / 2 ** RESULT_SHIFT,
    )
    const clipped = Math.min(Math.max(value, MIN_16), MAX_16)
    if (clipped === value) return value
    this.registers.set('SR', 'SAT', true)
    return this.registers.is('CR', 'CLIPEN') ? clipped : Number(BigInt.asIntN(16, BigInt(value)))
  }

  get #oldest(): number {
    return this.#unread > 0 ? this.#memory[this.#y.place(this.#unread)]! & 0xffff : 0
  }

  #taken(): void {
    if (this.#unread === 0) this.registers.set('SR', 'UNFL', this.#isFiltering)
    else {
      this.#unread--
      this.#advance()
    }
    this.#update()
  }

  /** X1FULL and YEMPTY, with their watermarks of 1, 2, 4 or 8 places. */
  #status(stored: number): number {
    const { registers: r } = this
    const isFull = this.#isFiltering
      ? this.#room < 2 ** r.get('X1BUFCFG', 'FULL_WM')
      : this.#toLoad === 0 && r.is('PARAM', 'START')
    const isEmpty = this.#unread < 2 ** r.get('YBUFCFG', 'EMPTY_WM')
    return (stored & 0x700) | Number(isEmpty) | (Number(isFull) << 1)
  }

  #update(): void {
    const { registers: r } = this
    const status = this.#status(r.get('SR'))
    const isWanting = r.is('PARAM', 'START') && (status & 2) === 0
    const hasResult = (status & 1) === 0
    const isAsking = (r.is('CR', 'RIEN') && hasResult) || (r.is('CR', 'WIEN') && isWanting)
    this.#line.set(isAsking || this.#isInterrupting())
    this.#read.set(r.is('CR', 'DMAREN') && hasResult)
    this.#write.set(r.is('CR', 'DMAWEN') && isWanting)
  }
}

/** In units of the accumulator's last bit. */
function product(one: number, other: number): number {
  return Math.floor((one * other) / 2 ** PRODUCT_SHIFT)
}

export const fmacs = { FMAC: (wiring) => new Fmac(wiring) } satisfies Makers
