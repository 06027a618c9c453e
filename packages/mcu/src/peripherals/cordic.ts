/**
 * CORDIC co-processor. RM0456, chapter "CORDIC co-processor (CORDIC)".
 *
 * All ten functions in q1.31 and q1.15, one or two arguments and results, interrupt and DMA. A
 * result is the exact value, rounded: the small error that hardware makes at a given PRECISION is
 * not reproduced; PRECISION only sets how long it takes (four iterations a cycle).
 */
import { RegisterFile, reg, ro, rw, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

export const cordicLayout = {
  CSR: reg(
    0x00,
    {
      ...{ FUNC: rw(0, 4), PRECISION: rw(4, 4), SCALE: rw(8, 3), IEN: rw(16), DMAREN: rw(17) },
      ...{ DMAWEN: rw(18), NRES: rw(19), NARGS: rw(20), RESSIZE: rw(21), ARGSIZE: rw(22) },
      RRDY: ro(31),
    },
    0x50,
  ),
  WDATA: reg(0x04, { ARG: wo(0, 32) }),
  RDATA: reg(0x08, { RES: ro(0, 32) }),
} as const

type Arguments = readonly [first: number, second: number, scale: number]

/** By CSR.FUNC: both results, in units of 1. Angles are in units of pi. RM0456, "CORDIC functions". */
const functions: readonly ((...of: Arguments) => readonly [number, number])[] = [
  (angle, modulus) => [modulus * Math.cos(angle * Math.PI), modulus * Math.sin(angle * Math.PI)],
  (angle, modulus) => [modulus * Math.sin(angle * Math.PI), modulus * Math.cos(angle * Math.PI)],
  (x, y) => [Math.atan2(y, x) / Math.PI, Math.hypot(x, y)],
  (x, y) => [Math.hypot(x, y), Math.atan2(y, x) / Math.PI],
  (x, _y, scale) => [Math.atan(x * 2 ** scale) / Math.PI / 2 ** scale, 0],
  (x) => [Math.cosh(x * 2) / 2, Math.sinh(x * 2) / 2],
  (x) => [Math.sinh(x * 2) / 2, Math.cosh(x * 2) / 2],
  (x, _y, scale) => [Math.atanh(x * 2 ** scale) / 2 ** scale, 0],
  (x, _y, scale) => [Math.log(x * 2 ** scale) / 2 ** (scale + 1), 0],
  (x, _y, scale) => [Math.sqrt(x * 2 ** scale) / 2 ** scale, 0],
]
const ITERATIONS_A_CYCLE = 4
const ONE_31 = 2 ** 31
const ONE_15 = 2 ** 15

export class Cordic implements Peripheral {
  readonly registers: RegisterFile<typeof cordicLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #read: Output
  readonly #write: Output
  #arguments: number[] = []
  /** The second argument stays until it is written again; +1 after reset. */
  #second = 1
  #results: number[] = []
  /** Results on their way. */
  #pending: readonly number[] | undefined
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(cordicLayout, {
      CSR: { write: () => this.#update() },
      WDATA: { write: (word) => this.#take(word) },
      RDATA: {
        read: () => this.#results[0] ?? this.#pending?.[0] ?? 0,
        taken: () => this.#taken(),
      },
    })
    this.#line = wiring.interrupt('CORDIC')
    this.#read = wiring.dmaRequest('CORDIC_RD')
    this.#write = wiring.dmaRequest('CORDIC_WR')
  }

  reset(): void {
    this.registers.reset()
    this.#cancel?.()
    this.#cancel = undefined
    this.#arguments = []
    this.#results = []
    this.#pending = undefined
    this.#second = 1
    this.#update()
  }

  #take(word: number): void {
    const { registers: r } = this
    if (r.is('CSR', 'ARGSIZE')) {
      this.#arguments = [halfWord(word), halfWord(word >>> 16)]
      this.#start()
      return
    }
    this.#arguments.push((word | 0) / ONE_31)
    if (this.#arguments.length > r.get('CSR', 'NARGS')) this.#start()
  }

  #start(): void {
    const { registers: r } = this
    const [first, second = this.#second] = this.#arguments
    this.#arguments = []
    this.#second = second
    const results = functions[r.get('CSR', 'FUNC')]?.(first, second, r.get('CSR', 'SCALE')) ?? [
      0, 0,
    ]
    const { scheduler } = this.#wiring
    const cycles = (Math.max(1, r.get('CSR', 'PRECISION')) * 4) / ITERATIONS_A_CYCLE
    this.#cancel?.()
    this.#pending = this.#packed(results)
    this.#cancel = scheduler.at(scheduler.now + cycles, () => this.#deliver())
    this.#update()
  }

  #packed([first, second]: readonly [number, number]): readonly number[] {
    const { registers: r } = this
    if (r.is('CSR', 'RESSIZE')) {
      return [((fixed(second, ONE_15) << 16) | (fixed(first, ONE_15) & 0xffff)) >>> 0]
    }
    const both = [fixed(first, ONE_31) >>> 0, fixed(second, ONE_31) >>> 0]
    return both.slice(0, r.get('CSR', 'NRES') + 1)
  }

  #deliver(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#results = [...(this.#pending ?? [])]
    this.#pending = undefined
    this.#update()
  }

  /** A read before the result is there waits for it on the bus. */
  #taken(): void {
    if (this.#pending !== undefined) this.#deliver()
    this.#results.shift()
    this.#update()
  }

  #update(): void {
    const { registers: r } = this
    const isReady = this.#results.length > 0
    r.set('CSR', 'RRDY', isReady)
    this.#line.set(isReady && r.is('CSR', 'IEN'))
    this.#read.set(isReady && r.is('CSR', 'DMAREN'))
    this.#write.set(r.is('CSR', 'DMAWEN') && this.#cancel === undefined && !isReady)
  }
}

function halfWord(word: number): number {
  return ((word << 16) >> 16) / ONE_15
}

/** Rounds to fixed point and stays in range. */
function fixed(value: number, one: number): number {
  return Math.min(Math.max(Math.round(value * one), -one), one - 1)
}

export const cordics = { CORDIC: (wiring) => new Cordic(wiring) } satisfies Makers
