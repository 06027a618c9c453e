/**
 * The chip's pins as parts of the board see them: by name (`PA5`), driven from outside, watched.
 *
 *   (1) A watcher hears of a level only when it changes, at the cycle at which it changes.
 *   (2) A pin has one outside driver; a second is refused when the board is put together.
 *   (3) Chip and part driving against each other, both strongly, is a conflict, told once per pin.
 */
import { assert } from '../assert.ts'
import type { PortName } from '../chip.ts'
import type { Gpio } from '../peripherals/gpio.ts'

const NAME = /^P([A-I])(\d|1[0-5])$/

export interface PinPlace {
  readonly port: PortName
  readonly pin: number
}

/** Undefined for what names no pin. */
export function parsePin(name: string): PinPlace | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : { port: match[1] as PortName, pin: Number(match[2]) }
}

export type PinWatcher = (isHigh: boolean, name: string) => void

interface Drive {
  readonly owner: string
  /** Undefined: let go. */
  level: boolean | undefined
  /** False: through a resistor; the chip wins without harm. */
  readonly isStrong: boolean
}

export class Pins {
  readonly #gpio: Readonly<Record<PortName, Gpio>>
  readonly #watchers = new Map<string, PinWatcher[]>()
  readonly #everywhere: PinWatcher[] = []
  readonly #drives = new Map<string, Drive>()
  readonly #conflicts = new Map<string, string>()
  /** Told with a sentence when (3) happens. */
  onConflict: (sentence: string) => void = () => {}

  constructor(gpio: Readonly<Record<PortName, Gpio>>) {
    this.#gpio = gpio
  }

  level(name: string): boolean {
    const { port, pin } = place(name)
    return this.#gpio[port].level(pin)
  }

  /** True if the pin is switched to this alternate function. */
  isAlternate(name: string, fn: number): boolean {
    const { port, pin } = place(name)
    return this.#gpio[port].isAlternate(pin, fn)
  }

  /** The owner of a pin's outside drive, or undefined. */
  ownerOf(name: string): string | undefined {
    return this.#drives.get(name)?.owner
  }

  /** What a part needs to drive a pin. */
  driver(name: string, owner: string, isStrong: boolean): (level: boolean | undefined) => void {
    const { port, pin } = place(name)
    const other = this.ownerOf(name)
    assert(other === undefined, `${name} is driven by ${other} already, not also by ${owner}.`)
    const drive: Drive = { owner, level: undefined, isStrong }
    this.#drives.set(name, drive)
    return (level) => {
      if (drive.level === level) return
      drive.level = level
      this.#gpio[port].drive(pin, level)
      this.#checkConflict(name)
    }
  }

  watch(name: string, watcher: PinWatcher): void {
    place(name)
    this.#watchers.set(name, [...(this.#watchers.get(name) ?? []), watcher])
  }

  watchAll(watcher: PinWatcher): void {
    this.#everywhere.push(watcher)
  }

  /** The chip's event. */
  changed(port: PortName, pin: number, isHigh: boolean): void {
    const name = `P${port}${pin}`
    this.#checkConflict(name)
    for (const watcher of this.#watchers.get(name) ?? []) watcher(isHigh, name)
    for (const watcher of this.#everywhere) watcher(isHigh, name)
  }

  get conflicts(): readonly string[] {
    return [...this.#conflicts.values()]
  }

  /** The chip's output stage wins in the model, so a level that is not the part's shows a fight. */
  #checkConflict(name: string): void {
    const drive = this.#drives.get(name)
    if (drive === undefined || !drive.isStrong || drive.level === undefined) return
    if (this.level(name) === drive.level || this.#conflicts.has(name)) return
    const word = (isHigh: boolean) => (isHigh ? 'high' : 'low')
    const sentence = `${name} is driven ${word(!drive.level)} by the firmware and ${word(drive.level)} by ${drive.owner}.`
    this.#conflicts.set(name, sentence)
    this.onConflict(sentence)
  }
}

function place(name: string): PinPlace {
  const found = parsePin(name)
  assert(found !== undefined, `${name} is no pin.`)
  return found
}
