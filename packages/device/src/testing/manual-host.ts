/** A host whose time moves when a test says so. Work may take time: see `spend`. */
import type { Host } from '../host.ts'

export class ManualHost implements Host {
  #now = 0
  readonly #waiting: { at: number; action: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(milliseconds: number, action: () => void): () => void {
    const entry = { at: this.#now + milliseconds, action }
    this.#waiting.push(entry)
    return () => {
      const index = this.#waiting.indexOf(entry)
      if (index >= 0) this.#waiting.splice(index, 1)
    }
  }

  soon = (action: () => void): (() => void) => this.after(0, action)

  random(into: Uint8Array): void {
    into.fill(4)
  }

  /** What runs now takes this long. */
  spend(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** Time at which something next wants to run, or Infinity. */
  get next(): number {
    return Math.min(Infinity, ...this.#waiting.map(({ at }) => at))
  }

  /** Lets time pass until `untilMs` and returns how often something ran. */
  passTo(untilMs: number): number {
    let turns = 0
    for (; this.next <= untilMs; turns++) {
      const at = this.next
      const index = this.#waiting.findIndex((entry) => entry.at === at)
      const [entry] = this.#waiting.splice(index, 1)
      this.#now = Math.max(this.#now, at)
      entry.action()
    }
    this.#now = Math.max(this.#now, untilMs)
    return turns
  }
}
