/**
 * A board put together: the chip's board and the parts that a board file names, connected by pins,
 * buses and serial ports. What a file may say is checked before (the device package does, with line
 * and column); here a mistake is an assertion.
 *
 * The lights and the button of the development board are parts like any other, so that a picture
 * and a scenario treat all alike.
 */
import { assert } from '../assert.ts'
import type { Board } from '../board.ts'
import { ChipPorts } from './chip-ports.ts'
import { partKinds } from './kinds.ts'
import type { ControlValue, Part, PartKind, PartSurroundings, SettingValue } from './part.ts'
import type { BoardPicture } from './picture.ts'
import type { BusPins } from './wiring.ts'

export interface PartPlan {
  readonly name: string
  readonly kind: string
  readonly settings: Readonly<Record<string, SettingValue>>
  /** Where its controls start, where that is not the kind's own initial value. */
  readonly controls: Readonly<Record<string, ControlValue>>
}

export interface BoardPlan {
  readonly name: string
  readonly parts: readonly PartPlan[]
  readonly i2c: Readonly<Record<string, BusPins>>
  readonly spi: Readonly<Record<string, BusPins>>
}

export interface AssemblyOptions {
  readonly board: Board
  readonly plan: BoardPlan
  readonly random: () => number
  /** Seconds since 1970 at virtual time zero. */
  readonly worldStartSeconds: number
  /** Something about the wiring that a person should know; once each. */
  readonly hint: (sentence: string) => void
}

interface Placed {
  readonly plan: PartPlan
  readonly kind: PartKind
  readonly part: Part
}

interface PartEvent {
  readonly atSeconds: number
  readonly action: () => void
  cancel: () => void
}

export class Assembly {
  readonly ports: ChipPorts
  readonly #options: AssemblyOptions
  readonly #parts = new Map<string, Placed>()
  /** Events of parts: the chip's reset forgets them all, the parts' time goes on. */
  readonly #pending = new Set<PartEvent>()
  /** Moved by a scenario that lets the world's clock jump. */
  worldOffsetSeconds = 0

  constructor(options: AssemblyOptions) {
    this.#options = options
    const { board, plan, hint } = options
    this.ports = new ChipPorts({ board, i2c: plan.i2c, spi: plan.spi, hint })
    for (const part of plan.parts) this.#place(part)
  }

  get seconds(): number {
    const { chip } = this.#options.board
    return chip.time.exactMicroseconds(chip.cpu.cycles) / 1e6
  }

  get worldSeconds(): number {
    return this.#options.worldStartSeconds + this.worldOffsetSeconds + this.seconds
  }

  get names(): readonly string[] {
    return [...this.#parts.keys()]
  }

  part(name: string): Part | undefined {
    return this.#parts.get(name)?.part
  }

  kindOf(name: string): PartKind | undefined {
    return this.#parts.get(name)?.kind
  }

  set(name: string, control: string, value: ControlValue): void {
    const placed = this.#parts.get(name)
    assert(placed?.kind.controls[control] !== undefined, `${name} has no control ${control}.`)
    placed.part.set?.(control, value)
  }

  /** The supply came back after a while: parts start anew, what they measure stays. */
  powerUp(): void {
    for (const { cancel } of this.#pending) cancel()
    this.#pending.clear()
    for (const { part } of this.#parts.values()) part.powerUp?.()
  }

  /** The chip was reset and forgot every event; the parts go on. */
  chipWasReset(): void {
    for (const event of this.#pending) this.#schedule(event)
  }

  picture(): BoardPicture {
    const parts = [...this.#parts.values()].flatMap(({ plan, kind, part }) => {
      const picture = part.picture?.()
      return picture === undefined ? [] : [{ name: plan.name, title: kind.title, picture }]
    })
    return { board: this.#options.plan.name, seconds: this.seconds, parts }
  }

  #place(plan: PartPlan): void {
    const kind = partKinds.get(plan.kind)
    assert(kind !== undefined, `There is no kind of part ${plan.kind}.`)
    const part = kind.make(this.#surroundings(plan))
    this.#parts.set(plan.name, { plan, kind, part })
    for (const [control, rule] of Object.entries(kind.controls)) {
      part.set?.(control, plan.controls[control] ?? rule.initial)
    }
    part.powerUp?.()
  }

  #surroundings({ name, settings }: PartPlan): PartSurroundings {
    const { ports } = this
    return {
      ...{ name, settings, random: () => this.#options.random() },
      seconds: () => this.seconds,
      worldSeconds: () => this.worldSeconds,
      after: (seconds, action) => this.#after(seconds, action),
      drive: (pin, isStrong) => ports.driver(pin, name, isStrong),
      watch: (pin, watcher) => ports.watch(pin, watcher),
      level: (pin) => ports.level(pin),
      attachI2c: (bus, address, part) => ports.attachI2c(bus, address, part),
      attachSpi: (bus, part, select) => ports.attachSpi(bus, part, select),
      attachXspi: (port, device) => ports.attachXspi(port, device),
      attachCan: (port, node) => ports.attachCan(port, node),
      insertCard: (port, card) => ports.insertCard(port, card),
      attachSerial: (port, hear) => {
        ports.hear(port, hear)
        return (bytes) => ports.send(port, bytes)
      },
      applyVolts: (pin, volts) => ports.applyVolts(pin, volts),
    }
  }

  #after(seconds: number, action: () => void): () => void {
    const event = { atSeconds: this.seconds + seconds, action, cancel: () => {} }
    this.#pending.add(event)
    this.#schedule(event)
    return () => {
      event.cancel()
      this.#pending.delete(event)
    }
  }

  #schedule(event: PartEvent): void {
    event.cancel()
    const { scheduler, time } = this.#options.board.chip
    event.cancel = scheduler.at(time.cycleAt(event.atSeconds * 1e6), () => {
      this.#pending.delete(event)
      event.action()
    })
  }
}
