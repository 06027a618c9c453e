/**
 * A wire inside the chip: an interrupt line, a DMA request, a trigger from one peripheral to
 * another. Several outputs may share it; it is high while any of them is.
 */

export interface Output {
  set(isHigh: boolean): void
  /** Up and down again at once, for those who look at edges. */
  pulse(): void
}

/** A pulse is told as a rise and a fall, both with `isPulse`. */
export type WireListener = (isHigh: boolean, isPulse: boolean) => void

export class Wire {
  readonly name: string
  readonly #listeners: WireListener[] = []
  #highOutputs = 0

  constructor(name: string) {
    this.name = name
  }

  get isHigh(): boolean {
    return this.#highOutputs > 0
  }

  /** Somebody looks at its edges. */
  get isWatched(): boolean {
    return this.#listeners.length > 0
  }

  /** One more output on this wire; low to begin with. */
  connect(): Output {
    let own = false
    return {
      set: (isHigh) => {
        if (isHigh === own) return
        own = isHigh
        const before = this.isHigh
        this.#highOutputs += isHigh ? 1 : -1
        if (before !== this.isHigh) this.#tell(this.isHigh, false)
      },
      pulse: () => this.pulse(),
    }
  }

  pulse(): void {
    if (this.isHigh) return
    this.#highOutputs++
    this.#tell(true, true)
    this.#highOutputs--
    this.#tell(false, true)
  }

  #tell(isHigh: boolean, isPulse: boolean): void {
    for (const listener of [...this.#listeners]) listener(isHigh, isPulse)
  }

  /** Called with every change of level. The return value ends it. */
  listen(listener: WireListener): () => void {
    this.#listeners.push(listener)
    return () => {
      const at = this.#listeners.indexOf(listener)
      if (at >= 0) this.#listeners.splice(at, 1)
    }
  }
}

/** Wires by name, made when first asked for. */
export class WireSet {
  readonly #wires = new Map<string, Wire>()
  readonly #onCreate: (wire: Wire) => void

  constructor(onCreate: (wire: Wire) => void = () => {}) {
    this.#onCreate = onCreate
  }

  get(name: string): Wire {
    let wire = this.#wires.get(name)
    if (wire === undefined) {
      wire = new Wire(name)
      this.#wires.set(name, wire)
      this.#onCreate(wire)
    }
    return wire
  }
}
