/** One part on a bench: virtual time in the test's hand, its bus, its pins by name. */
import { assert } from '../../assert.ts'
import { CanBus } from '../../lines/can-bus.ts'
import type { SdDevice } from '../../lines/sd-bus.ts'
import type { XspiDevice } from '../../lines/xspi-bus.ts'
import { partKinds } from '../kinds.ts'
import type { I2cPart, Part, PartSurroundings, SettingValue, SpiPart } from '../part.ts'

export class PartBench {
  readonly part: Part
  /** Levels that the part drives, by pin. */
  readonly driven = new Map<string, boolean | undefined>()
  /** What the chip's side of a serial port hears. */
  readonly heard: number[] = []
  volts = new Map<string, number>()
  seconds = 0
  readonly #events: { at: number; action: () => void }[] = []
  readonly #targets = new Map<number, I2cPart>()
  readonly #watchers = new Map<string, ((isHigh: boolean) => void)[]>()
  readonly #levels = new Map<string, boolean>()
  spi: SpiPart | undefined
  xspi: XspiDevice | undefined
  card: SdDevice | undefined
  readonly can = new CanBus()

  constructor(kindName: string, given: Readonly<Record<string, SettingValue>> = {}) {
    const kind = partKinds.get(kindName)
    assert(kind !== undefined, `There is no ${kindName}.`)
    const fallbacks = Object.entries(kind.settings).map(([name, rule]) => [
      name,
      'fallback' in rule ? rule.fallback : undefined,
    ])
    const settings = { bus: 'I2C1', ...Object.fromEntries(fallbacks), ...given }
    this.part = kind.make(this.#surroundings(settings))
    for (const [name, rule] of Object.entries(kind.controls)) this.part.set?.(name, rule.initial)
    this.part.powerUp?.()
  }

  /** Lets time pass; events happen in their order. */
  pass(seconds: number): void {
    const end = this.seconds + seconds
    for (;;) {
      this.#events.sort((a, b) => a.at - b.at)
      const [first] = this.#events
      if (first === undefined || first.at > end) break
      this.#events.shift()
      this.seconds = first.at
      first.action()
    }
    this.seconds = end
  }

  /** The chip drives a pin. */
  level(pin: string, isHigh: boolean): void {
    this.#levels.set(pin, isHigh)
    for (const watcher of this.#watchers.get(pin) ?? []) watcher(isHigh)
  }

  /** Writes bytes after an address; false if one was not acknowledged. */
  write(address: number, ...bytes: number[]): boolean {
    const target = this.#targets.get(address)
    if (target === undefined || !target.begin(false)) return false
    const isTaken = bytes.every((byte) => target.write(byte))
    target.end(false)
    return isTaken
  }

  /** A register pointer, then that many bytes. */
  read(address: number, pointer: readonly number[], count: number): number[] {
    const target = this.#targets.get(address)
    assert(target?.begin(false) === true, `0x${address.toString(16)} does not answer.`)
    for (const byte of pointer) target.write(byte)
    target.end(false)
    target.begin(true)
    const bytes = Array.from({ length: count }, () => target.read())
    target.end(true)
    return bytes
  }

  #surroundings(settings: Readonly<Record<string, SettingValue>>): PartSurroundings {
    let random = 1
    return {
      ...{ name: 'part', settings, seconds: () => this.seconds },
      worldSeconds: () => 1_767_225_600 + this.seconds,
      random: () => {
        random = (random * 48_271) % 0x7fff_ffff
        return random / 0x7fff_ffff
      },
      after: (seconds, action) => {
        const event = { at: this.seconds + seconds, action }
        this.#events.push(event)
        return () => {
          const at = this.#events.indexOf(event)
          if (at >= 0) this.#events.splice(at, 1)
        }
      },
      drive: (pin) => (level) => void this.driven.set(pin, level),
      watch: (pin, watcher) =>
        void this.#watchers.set(pin, [...(this.#watchers.get(pin) ?? []), watcher]),
      level: (pin) => this.#levels.get(pin) ?? false,
      attachI2c: (_, address, part) => void this.#targets.set(address, part),
      attachSpi: (_, part) => {
        this.spi = part
      },
      attachXspi: (_, device) => {
        this.xspi = device
      },
      attachCan: (_, node) => {
        this.can.attach(node)
        return this.can
      },
      insertCard: (_, card) => {
        this.card = card
      },
      attachSerial: (_, hear) => {
        this.hear = hear
        return (bytes) => void this.heard.push(...bytes)
      },
      applyVolts: (pin, volts) => void this.volts.set(pin, volts),
    }
  }

  /** The chip sends a byte to the part. */
  hear: (byte: number) => void = () => {}
}
