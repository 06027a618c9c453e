/**
 * A listener's queue: what happens is put in at one end, and one reader takes it out at its own pace.
 * It never holds more than its limit; for a slow reader the oldest events are dropped, and the next
 * one that it gets says how many.
 */
export class Feed<Event extends { dropped?: number | undefined }> {
  readonly #limit: number
  readonly #onEnd: () => void
  readonly #queue: Event[] = []
  #dropped = 0
  #isEnded = false
  #wake: () => void = () => undefined

  constructor(limit: number, onEnd: () => void) {
    this.#limit = limit
    this.#onEnd = onEnd
  }

  push(event: Event): void {
    if (this.#isEnded) return
    this.#queue.push(event)
    if (this.#queue.length > this.#limit) this.#dropped += 1 + (this.#queue.shift()?.dropped ?? 0)
    this.#wake()
  }

  /** The next event; undefined once the feed has ended and everything in it was taken. */
  async next(): Promise<Event | undefined> {
    while (this.#queue.length === 0 && !this.#isEnded)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    const event = this.#queue.shift()
    if (event === undefined || this.#dropped === 0) return event
    const dropped = this.#dropped + (event.dropped ?? 0)
    this.#dropped = 0
    return { ...event, dropped }
  }

  /** No more events come. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onEnd()
    this.#wake()
  }
}
