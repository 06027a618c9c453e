/**
 * Steps that GDB takes on its way to something else, done with fewer messages: answered before the
 * device has done them (`foresight.ts`), or done by the device before GDB asks.
 *
 *   (1) Only steps that cannot fail, and those as far as the entry of a call, where GDB does not stop: it
 *       steps over the call or goes past the prologue. As soon as GDB looks at more than it was told, or
 *       shows the stop to its user, the device is asked (`Target.settle`).
 *   (2) The device does what was foreseen first, and stops where it does not end as foreseen.
 *   (3) Behind a call that is stepped over, GDB goes on with the step through the calling line, without
 *       exception: that is told to the device in advance (`Passage`).
 */

import { foresee, type Knowledge, type Outlook, type StepRange } from './foresight.ts'
import type { Breakpoint } from './target.ts'

/** A step through a range, and where execution is at its beginning or its end. */
export interface Passage {
  readonly pc: number
  readonly sp: number
  readonly stepStart: number
  readonly stepEnd: number
}

interface Place {
  readonly pc: number
  readonly sp: number
  readonly lr: number
}

export class Foreknowledge {
  readonly #knowledge: Knowledge
  /** Told to GDB, and not yet done. */
  #steps: Passage[] = []
  /** Breakpoints when the application last went on. */
  #before: ReadonlySet<number> = new Set()
  /** The range that GDB last stepped through, while GDB has not shown where that ended. */
  #range: StepRange | undefined

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge
  }

  get steps(): readonly Passage[] {
    return this.#steps
  }

  /** The steps, which are the device's now. */
  take(): Passage[] {
    return this.#steps.splice(0)
  }

  /** GDB tells its user. */
  shown(): void {
    this.#range = undefined
  }

  /** Where the step ends, if that can be told and is nothing that anybody looks at. */
  outlook(place: Place, range: StepRange, breakpoints: ReadonlyMap<number, Breakpoint>) {
    const isOne = range.start === range.end
    const isPastBreakpoint = this.#before.has(place.pc) && !breakpoints.has(place.pc)
    if (isOne && !isPastBreakpoint) return undefined
    const isBlocked = (address: number) => breakpoints.has(address)
    const outlook = foresee(place, range, this.#knowledge, isBlocked)
    return outlook && (outlook.isCall || !outlook.mayFault) ? outlook : undefined
  }

  told({ pc, sp }: Outlook, { start, end }: StepRange): void {
    this.#steps.push({ pc, sp, stepStart: start, stepEnd: end })
  }

  /** What comes after the call that is about to be stepped over; undefined if none is. */
  passage(place: Place, breakpoints: ReadonlyMap<number, Breakpoint>): Passage | undefined {
    const range = this.#range
    const back = (place.lr & ~1) >>> 0
    if (range === undefined || back < range.start || back >= range.end) return undefined
    const added = [...breakpoints.keys()].filter((address) => !this.#before.has(address))
    if (added.length !== 1 || added[0] !== back) return undefined
    return { pc: back, sp: place.sp, stepStart: range.start, stepEnd: range.end }
  }

  /** The application goes on, or is said to. */
  goesOn(range: StepRange | undefined, breakpoints: ReadonlyMap<number, Breakpoint>): void {
    this.#before = new Set(breakpoints.keys())
    this.#range = range !== undefined && range.start !== range.end ? range : undefined
  }
}
