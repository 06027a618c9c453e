/**
 * One direction of a line that is slow: what is carried takes its turn at a bandwidth, then a delay. In
 * order, as on a wire: a message arrives when its last byte does.
 */
export class SlowLine {
  /** How long each message takes, beside its turn. */
  delayMs = 0
  bitsPerSecond = Number.POSITIVE_INFINITY
  /** Carried so far. */
  bytes = 0
  /** When the wire is free for the next message. */
  #freeAt = 0
  readonly #queue: { readonly at: number; readonly deliver: () => void }[] = []
  #timer: NodeJS.Timeout | undefined

  carry(bytes: number, deliver: () => void): void {
    this.bytes += bytes
    const now = performance.now()
    this.#freeAt = Math.max(now, this.#freeAt) + (bytes * 8000) / this.bitsPerSecond
    const at = this.#freeAt + this.delayMs
    if (at <= now && this.#queue.length === 0) deliver()
    else {
      this.#queue.push({ at, deliver })
      this.#timer ??= this.#wait()
    }
  }

  #wait(): NodeJS.Timeout {
    const first = this.#queue[0]!
    return setTimeout(() => this.#proceed(), Math.max(0, first.at - performance.now()))
  }

  #proceed(): void {
    // Timers may be a little early.
    const now = performance.now() + 1
    while (this.#queue.length > 0 && this.#queue[0]!.at <= now) this.#queue.shift()!.deliver()
    this.#timer = this.#queue.length > 0 ? this.#wait() : undefined
  }
}
