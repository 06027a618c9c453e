/**
 * Events on virtual time: a binary heap ordered by cycle, then by age, so that a run is repeatable.
 *
 *   (1) `now` never goes back.
 *   (2) Actions run in order of their cycle; equal cycles in the order in which they were asked for.
 *   (3) An action that asks for a time in the past or the present runs in the same `runDue`.
 */
import { assert } from './assert.ts'
import type { Scheduler, Timer } from './bus.ts'

interface Entry {
  cycle: number
  order: number
  action: (() => void) | undefined
  isQueued: boolean
}

export class EventQueue implements Scheduler {
  readonly #readCycle: () => number
  readonly #heap: Entry[] = []
  #order = 0
  /** Told when a new event becomes the next one: the CPU has to stop for it. */
  onEarlier: (cycle: number) => void = () => {}

  /** `readCycle` is the chip's cycle counter; the CPU keeps it exact while an instruction runs. */
  constructor(readCycle: () => number) {
    this.#readCycle = readCycle
  }

  get now(): number {
    return this.#readCycle()
  }

  /** Cycle of the next event, or Infinity. */
  get next(): number {
    this.#dropCancelled()
    return this.#heap[0]?.cycle ?? Infinity
  }

  at(cycle: number, action: () => void): () => void {
    assert(!Number.isNaN(cycle), 'An event needs a time; it got NaN.')
    const entry: Entry = { cycle, order: 0, action, isQueued: false }
    this.#enter(entry)
    return () => {
      entry.action = undefined
    }
  }

  timer(action: () => void): Timer {
    let entry: Entry = { cycle: 0, order: 0, action: undefined, isQueued: false }
    const cancel = () => {
      entry.action = undefined
    }
    return {
      at: (cycle) => {
        // One that is still in the queue stays there, without its action, until it comes up.
        if (entry.isQueued) {
          cancel()
          entry = { cycle, order: 0, action, isQueued: false }
        }
        entry.cycle = cycle
        entry.action = action
        this.#enter(entry)
      },
      cancel,
      get isSet() {
        return entry.action !== undefined
      },
    }
  }

  #enter(entry: Entry): void {
    const { now } = this
    entry.cycle = Math.max(Math.ceil(entry.cycle), now)
    entry.order = this.#order++
    entry.isQueued = true
    this.#push(entry)
    if (this.#heap[0] === entry) this.onEarlier(entry.cycle)
  }

  /** Runs every action that is due now; false if none was. */
  runDue(): boolean {
    let hasRun = false
    while (this.next <= this.now) {
      const entry = this.#pop()
      const { action } = entry
      entry.action = undefined
      action?.()
      hasRun = true
    }
    return hasRun
  }

  /** Forgets every event: the chip was reset. */
  clear(): void {
    for (const entry of this.#heap) {
      entry.action = undefined
      entry.isQueued = false
    }
    this.#heap.length = 0
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]?.action === undefined) this.#pop()
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!precedes(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Entry {
    const heap = this.#heap
    const top = heap[0]!
    const last = heap.pop()!
    top.isQueued = false
    if (heap.length > 0) this.#sink(last)
    return top
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && precedes(heap[child + 1]!, heap[child]!)) child++
      if (!precedes(heap[child]!, entry)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = entry
  }
}

function precedes(a: Entry, b: Entry): boolean {
  return a.cycle < b.cycle || (a.cycle === b.cycle && a.order < b.order)
}
