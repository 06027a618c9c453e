/**
 * Fast interrupts: those that the application may have taken at any moment, before everything but
 * faults, and that are therefore policed. They are enabled here and not in the NVIC; one mask holds
 * all of them back and leaves each one's own state alone.
 *
 * A handler that runs for CHECK without an end hangs; more than FLOOD_TAKEN interrupts within CHECK
 * are a flood. Either shuts the application down: its fast interrupts are off at once, and it is
 * stopped SHUTDOWN later, as after a fault. In between the calls about fast interrupts are refused.
 */
import type { ApplicationWorld, FaultName } from '../hardware.ts'
import type { Timers } from './timers.ts'

const CHECK = 10_000
const FLOOD_TAKEN = 2_000
const SHUTDOWN = 1_000

export interface FastInterruptParts {
  readonly world: ApplicationWorld
  readonly timers: Timers
  /** The application is to be stopped for this. */
  readonly misbehaved: (exception: FaultName) => void
}

interface FastInterrupt {
  isEnabled: boolean
  /** As the last check found them. */
  taken: number
  wasActive: boolean
}

export class FastInterrupts {
  readonly #parts: FastInterruptParts
  readonly #interrupts = new Map<number, FastInterrupt>()
  #isMasked = false
  #isShuttingDown = false
  #cancelTimer: () => void = () => {}

  constructor(parts: FastInterruptParts) {
    this.#parts = parts
  }

  /** The application is about to be stopped for what its fast interrupts did. */
  get isShuttingDown(): boolean {
    return this.#isShuttingDown
  }

  has(irq: number): boolean {
    return this.#interrupts.has(irq)
  }

  /** Marks an interrupt as fast; it is disabled until `enable`. */
  add(irq: number): void {
    if (this.has(irq)) return
    const { world } = this.#parts
    world.setFastInterrupt(irq, true)
    const { taken } = world.fastInterrupt(irq)
    this.#interrupts.set(irq, { isEnabled: false, taken, wasActive: false })
    world.watchFastInterrupts()
  }

  remove(irq: number): boolean {
    if (!this.#interrupts.delete(irq)) return false
    this.#parts.world.setFastInterrupt(irq, false)
    return true
  }

  enable(irq: number, isEnabled: boolean): boolean {
    const interrupt = this.#interrupts.get(irq)
    if (interrupt === undefined) return false
    interrupt.isEnabled = isEnabled
    this.#apply(irq, interrupt)
    return true
  }

  maskAll(isMasked: boolean): void {
    this.#isMasked = isMasked
    this.#applyAll()
  }

  /** The first fast interrupt since nothing was going on. */
  taken(): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#parts.timers.after(CHECK, () => this.#check())
  }

  /** The application has stopped. */
  reset(): void {
    this.#cancelTimer()
    for (const irq of this.#interrupts.keys()) this.#parts.world.setFastInterrupt(irq, false)
    this.#interrupts.clear()
    this.#isMasked = false
    this.#isShuttingDown = false
  }

  #check(): void {
    const { world } = this.#parts
    let isBusy = false
    let takenInAll = 0
    for (const [irq, interrupt] of this.#interrupts) {
      const { taken, isActive } = world.fastInterrupt(irq)
      const isSame = taken === interrupt.taken
      if (isActive && interrupt.wasActive && isSame) {
        this.#shutDown('FastInterruptHung')
        return
      }
      takenInAll += taken - interrupt.taken
      isBusy ||= isActive || !isSame
      interrupt.taken = taken
      interrupt.wasActive = isActive
    }
    if (takenInAll > FLOOD_TAKEN) this.#shutDown('FastInterruptFlood')
    else if (isBusy) this.taken()
    else world.watchFastInterrupts()
  }

  #shutDown(exception: FaultName): void {
    const { timers, misbehaved } = this.#parts
    this.#isShuttingDown = true
    this.#applyAll()
    this.#cancelTimer = timers.after(SHUTDOWN, () => misbehaved(exception))
  }

  #applyAll(): void {
    for (const [irq, interrupt] of this.#interrupts) this.#apply(irq, interrupt)
  }

  #apply(irq: number, { isEnabled }: FastInterrupt): void {
    const isOn = isEnabled && !this.#isMasked && !this.#isShuttingDown
    this.#parts.world.enableFastInterrupt(irq, isOn)
  }
}
