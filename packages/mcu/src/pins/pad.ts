/**
 * One pin of the package, and the net that the board connects to it. RM0456, "General-purpose I/Os".
 *
 * Everybody who touches the net has a contact: the chip's output stage one, each part of the board
 * its own. A contact drives high, low or nothing, may pull, and may set a voltage for analog inputs.
 *
 *   (1) The level is what drives: the chip first, then contacts in the order in which they came;
 *       else a voltage, else a pull (the board's before the chip's), else low.
 *   (2) Two that drive against each other are a conflict: reported when it begins.
 *   (3) Listeners hear of every change of level exactly once, in order.
 */
import type { PortName } from './ports.ts'

export type PadName = `P${PortName}${number}`

/** Who the chip's own side is, in conflicts. */
export const THE_CHIP = 'the chip'

/** Supply in volts; a digital input is high from half of it. */
export const VDD_VOLTS = 3.3

export interface Contact {
  /** Drives the net, or lets it go. */
  drive(level: boolean | undefined): void
  /** A resistor to the supply, to ground, or none. */
  pull(level: boolean | undefined): void
  /** An analog source; undefined for none. */
  voltage(volts: number | undefined): void
  /** Lets go of everything, for good. */
  release(): void
}

export interface PadConflict {
  readonly pad: PadName
  /** Who drives high, who drives low. */
  readonly high: string
  readonly low: string
}

/** Cycle is the scheduler's; a listener makes time of it. */
export type PadListener = (isHigh: boolean, pad: Pad) => void

/** What a pad tells all pins. */
export interface PadNet {
  conflict(conflict: PadConflict): void
  /** Runs `tell`, now or when everything that changes at the same time has changed. */
  changed(tell: () => void): void
}

interface Side {
  readonly who: string
  level: boolean | undefined
  pull: boolean | undefined
  volts: number | undefined
}

export class Pad {
  readonly name: PadName
  readonly #sides: Side[]
  readonly #listeners: PadListener[] = []
  readonly #voltListeners: (() => void)[] = []
  #lastVolts = 0
  readonly #net: PadNet
  #isHigh = false
  #isInConflict = false
  /** The chip's side: output stage and pull of the GPIO port. */
  readonly chip: Contact

  constructor(name: PadName, net: PadNet) {
    this.name = name
    this.#net = net
    this.#sides = []
    this.chip = this.connect(THE_CHIP)
  }

  get isHigh(): boolean {
    return this.#isHigh
  }

  /** What an analog input sees. */
  get volts(): number {
    const source = this.#sides.find(({ volts }) => volts !== undefined)
    return source?.volts ?? (this.#isHigh ? VDD_VOLTS : 0)
  }

  /** True if somebody but the chip drives or sets a voltage. */
  get isDrivenFromOutside(): boolean {
    return this.#sides
      .slice(1)
      .some(({ level, volts }) => level !== undefined || volts !== undefined)
  }

  /** What the chip drives. */
  get chipLevel(): boolean | undefined {
    return this.#sides[0]?.level
  }

  connect(who: string): Contact {
    const side: Side = { who, level: undefined, pull: undefined, volts: undefined }
    this.#sides.push(side)
    const change = (changes: Partial<Side>) => {
      Object.assign(side, changes)
      this.#settle()
    }
    return {
      drive: (level) => {
        if (level !== side.level) change({ level })
      },
      pull: (pull) => {
        if (pull !== side.pull) change({ pull })
      },
      voltage: (volts) => change({ volts }),
      release: () => {
        this.#sides.splice(this.#sides.indexOf(side), 1)
        this.#settle()
      },
    }
  }

  /** The return value ends it. */
  listen(listener: PadListener): () => void {
    this.#listeners.push(listener)
    return () => {
      const at = this.#listeners.indexOf(listener)
      if (at >= 0) this.#listeners.splice(at, 1)
    }
  }

  /** Calls for every change of `volts`: what comparators and amplifiers look at. */
  listenVolts(listener: () => void): void {
    this.#voltListeners.push(listener)
  }

  #settle(): void {
    this.#findConflict()
    const level = this.#level()
    const isNew = level !== this.#isHigh
    this.#isHigh = level
    if (isNew) {
      this.#net.changed(() => {
        for (const listener of [...this.#listeners]) listener(level, this)
      })
    }
    this.#tellVolts()
  }

  #tellVolts(): void {
    if (this.#voltListeners.length === 0 || this.volts === this.#lastVolts) return
    this.#lastVolts = this.volts
    for (const listener of this.#voltListeners) listener()
  }

  #level(): boolean {
    const driver = this.#sides.find(({ level }) => level !== undefined)
    if (driver !== undefined) return driver.level === true
    const source = this.#sides.find(({ volts }) => volts !== undefined)
    if (source !== undefined) return source.volts! >= VDD_VOLTS / 2
    return this.#sides.findLast(({ pull }) => pull !== undefined)?.pull === true
  }

  #findConflict(): void {
    const high = this.#sides.find(({ level }) => level === true)
    const low = this.#sides.find(({ level }) => level === false)
    const isInConflict = high !== undefined && low !== undefined
    if (isInConflict && !this.#isInConflict) {
      this.#net.conflict({ pad: this.name, high: high.who, low: low.who })
    }
    this.#isInConflict = isInConflict
  }
}
