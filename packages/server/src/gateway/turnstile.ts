/**
 * So many at a time, the others in the order in which they came. A place is given on when its holder
 * leaves it, or has held it for long: whoever dawdles goes on, but holds nobody up.
 */
export class Turnstile {
  readonly #places: number
  readonly #holdMs: number
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(places: number, holdMs: number) {
    this.#places = places
    this.#holdMs = holdMs
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Calls `go` when there is a place, with what leaves it. Returns what gives up before or leaves. */
  enter(go: () => void): () => void {
    let leave: (() => void) | undefined
    const begin = () => {
      this.#waiting.delete(begin)
      leave = this.#take()
      go()
    }
    this.#waiting.add(begin)
    this.#next()
    return () => {
      this.#waiting.delete(begin)
      leave?.()
    }
  }

  #take(): () => void {
    this.#taken++
    let isHeld = true
    const leave = () => {
      if (!isHeld) return
      isHeld = false
      clearTimeout(timer)
      this.#taken--
      this.#next()
    }
    const timer = setTimeout(leave, this.#holdMs)
    return leave
  }

  #next(): void {
    if (this.#taken >= this.#places) return
    const [first] = this.#waiting
    first?.()
  }
}
