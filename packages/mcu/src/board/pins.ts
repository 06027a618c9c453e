/**
 * The chip's pins as parts of the board see them: by name (`PA5`), driven from outside, watched.
 *
 *   (1) A watcher hears of a level only when it changes, at the cycle at which it changes.
 *   (2) A pin has one outside driver; a second is refused when the board is put together.
 *   (3) Chip and part driving against each other, both strongly, is a conflict, told once per pin.
 */
import { assert } from '../assert.ts'
import type { Gpio } from '../peripherals/gpio.ts'
import { type PadConflict, type PadName, THE_CHIP } from '../pins/pad.ts'
import type { Pins as ChipPins } from '../pins/pins.ts'
import type { PortName } from '../pins/ports.ts'

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

export class Pins {
  readonly #pads: ChipPins
  readonly #gpio: Readonly<Record<PortName, Gpio>>
  readonly #watchers = new Map<string, PinWatcher[]>()
  readonly #everywhere: PinWatcher[] = []
  readonly #owners = new Map<string, string>()
  readonly #conflicts = new Map<string, string>()
  /** Told with a sentence when (3) happens. */
  onConflict: (sentence: string) => void = () => {}

  constructor(pads: ChipPins, gpio: Readonly<Record<PortName, Gpio>>) {
    this.#pads = pads
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
    return this.#owners.get(name)
  }

  /** What a part needs to drive a pin; not strongly is through a resistor. */
  driver(name: string, owner: string, isStrong: boolean): (level: boolean | undefined) => void {
    place(name)
    const other = this.ownerOf(name)
    assert(other === undefined, `${name} is driven by ${other} already, not also by ${owner}.`)
    this.#owners.set(name, owner)
    const contact = this.#pads.pad(name as PadName).connect(owner)
    return (level) => (isStrong ? contact.drive(level) : contact.pull(level))
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
    for (const watcher of this.#watchers.get(name) ?? []) watcher(isHigh, name)
    for (const watcher of this.#everywhere) watcher(isHigh, name)
  }

  /** The chip's event, too. */
  conflict({ pad, high, low }: PadConflict): void {
    if (this.#conflicts.has(pad)) return
    const [isChipHigh, isChipLow] = [high === THE_CHIP, low === THE_CHIP]
    const by = (who: string, isChip: boolean) => (isChip ? 'the firmware' : who)
    const highPart = `high by ${by(high, isChipHigh)}`
    const lowPart = `low by ${by(low, isChipLow)}`
    const parts = isChipHigh ? [highPart, lowPart] : [lowPart, highPart]
    const sentence = `${pad} is driven ${parts.join(' and ')}.`
    this.#conflicts.set(pad, sentence)
    this.onConflict(sentence)
  }

  get conflicts(): readonly string[] {
    return [...this.#conflicts.values()]
  }
}

function place(name: string): PinPlace {
  const found = parsePin(name)
  assert(found !== undefined, `${name} is no pin.`)
  return found
}
