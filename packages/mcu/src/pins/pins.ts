/**
 * All pins of the chip, and which signal of which peripheral each carries at the moment.
 *
 * Peripherals know signals (`USART1_TX`), boards know pads (`PA9`); GPIO's mode and alternate
 * function registers join the two. A signal may be on several pads or on none.
 *
 * Buses of the board (I2C, SPI, UART) are attached to pads too; a peripheral finds the bus that
 * hangs on the pads its signals are on.
 */
import { assert } from '../assert.ts'
import type { LineTransfer } from '../lines/line-edges.ts'
import type { UartReceiver } from '../lines/uart-frame.ts'
import { Pad, type PadConflict, type PadName } from './pad.ts'
import { PINS_PER_PORT, type PortName, portNames } from './ports.ts'

/** A peripheral's end of a signal. */
export interface SignalPort {
  /** What the peripheral drives onto the pads that carry it; undefined: nothing. */
  drive(level: boolean | undefined): void
  /** The frequency of a signal that is too fast to have its edges here; undefined: it has them. */
  carry(hertz: number | undefined): void
  /** Level of the first pad that carries it; `idle` where none does. */
  read(idle: boolean): boolean
  /** Called when a pad that carries it changes, or the signal moves to a pad of another level. */
  listen(listener: (isHigh: boolean) => void): void
  /** Pads that carry it now. */
  readonly pads: readonly Pad[]
}

interface Signal {
  level: boolean | undefined
  carrierHz: number | undefined
  readonly pads: Pad[]
  readonly listeners: ((isHigh: boolean) => void)[]
}

/** A bus of the board, and whether the pads it hangs on carry these signals, by role. */
export interface AttachedBus {
  readonly kind: 'i2c' | 'spi' | 'uart' | 'xspi' | 'sd' | 'can' | 'audio'
  carries(signals: Readonly<Record<string, string>>): boolean
}

export class Pins {
  readonly #pads = new Map<string, Pad>()
  readonly #signals = new Map<string, Signal>()
  readonly #signalOn = new Map<Pad, string>()
  readonly #drivers = new Map<Pad, () => void>()
  readonly #buses: AttachedBus[] = []
  /** Counts what may change the answer of `busesOn`. */
  #version = 0
  /** What is told when everything that changes at once has changed. */
  #waiting: (() => void)[] | undefined
  readonly #receivers = new Map<string, UartReceiver>()
  /** Two drivers against each other. */
  onConflict: (conflict: PadConflict) => void = () => {}
  /** A pad's level changed; after the pad's own listeners. */
  onLevel: (pad: Pad, port: PortName, pin: number) => void = () => {}
  /** A transfer has ended whose edges are not levels of pads; undefined: nobody draws them. */
  onLines: ((transfer: LineTransfer) => void) | undefined

  constructor() {
    for (const port of portNames) {
      for (let pin = 0; pin < PINS_PER_PORT; pin++) {
        const pad = new Pad(`P${port}${pin}`, {
          conflict: (conflict) => this.onConflict(conflict),
          changed: (tell) => (this.#waiting === undefined ? tell() : this.#waiting.push(tell)),
        })
        pad.listen((isHigh) => {
          this.#changed(pad, isHigh)
          this.onLevel(pad, port, pin)
        })
        this.#pads.set(pad.name, pad)
      }
    }
  }

  pad(name: PadName): Pad {
    const pad = this.#pads.get(name)
    assert(pad !== undefined, `There is no pin ${name}; pins are PA0 to PI15.`)
    return pad
  }

  /** The pads of a port by number. */
  port(port: PortName): readonly Pad[] {
    return Array.from({ length: PINS_PER_PORT }, (_, pin) => this.pad(`P${port}${pin}`))
  }

  /** Pads that `change` moves change at the same time: listeners hear of it afterwards. */
  atOnce(change: () => void): void {
    if (this.#waiting !== undefined) {
      change()
      return
    }
    const waiting: (() => void)[] = []
    this.#waiting = waiting
    change()
    this.#waiting = undefined
    for (const tell of waiting) tell()
  }

  /** The signal that a pad carries, if its alternate function is in use. */
  signalOn(pad: Pad): string | undefined {
    return this.#signalOn.get(pad)
  }

  signal(name: string): SignalPort {
    const signal = this.#signal(name)
    return {
      drive: (level) => {
        if (level === signal.level) return
        signal.level = level
        for (const pad of signal.pads) this.#drivers.get(pad)?.()
      },
      carry: (hertz) => {
        signal.carrierHz = hertz
      },
      read: (idle) => signal.pads[0]?.isHigh ?? idle,
      listen: (listener) => signal.listeners.push(listener),
      pads: signal.pads,
    }
  }

  /** What the peripheral behind a pad's signal drives. */
  drivenOn(pad: Pad): boolean | undefined {
    const name = this.#signalOn.get(pad)
    return name === undefined ? undefined : this.#signal(name).level
  }

  /** The frequency on a pad that carries a signal too fast for edges. */
  carrierHz(pad: Pad): number | undefined {
    const name = this.#signalOn.get(pad)
    return name === undefined ? undefined : this.#signal(name).carrierHz
  }

  /** GPIO: from now on the pad carries this signal, or none. */
  route(pad: Pad, name: string | undefined): void {
    const before = this.#signalOn.get(pad)
    if (before === name) return
    this.#version++
    if (before !== undefined) {
      const { pads } = this.#signal(before)
      pads.splice(pads.indexOf(pad), 1)
      this.#signalOn.delete(pad)
    }
    if (name === undefined) return
    const signal = this.#signal(name)
    signal.pads.push(pad)
    this.#signalOn.set(pad, name)
    for (const listener of signal.listeners) listener(pad.isHigh)
  }

  /** GPIO: called when what `drivenOn` says of a pad has changed. */
  onDriven(pad: Pad, listener: () => void): void {
    this.#drivers.set(pad, listener)
  }

  /** A peripheral takes the frames that arrive on the pads of a signal. */
  receive(signal: string, receiver: UartReceiver): void {
    this.#receivers.set(signal, receiver)
  }

  receiver(signal: string): UartReceiver | undefined {
    return this.#receivers.get(signal)
  }

  attachBus(bus: AttachedBus): void {
    this.#version++
    this.#buses.push(bus)
  }

  /**
   * Buses of a kind whose pads carry these signals, by role: `{ scl: 'I2C1_SCL', … }`. `Bus` is the
   * type that all buses of the kind have.
   */
  busesOn<Bus extends AttachedBus>(
    kind: Bus['kind'],
    signals: Readonly<Record<string, string>>,
  ): readonly Bus[] {
    return this.#buses.filter((bus) => bus.kind === kind && bus.carries(signals)) as Bus[]
  }

  /** As `busesOn` with the same arguments, for those who ask often. */
  finder<Bus extends AttachedBus>(
    kind: Bus['kind'],
    signals: Readonly<Record<string, string>>,
  ): () => readonly Bus[] {
    let version = -1
    let found: readonly Bus[] = []
    return () => {
      if (version !== this.#version) found = this.busesOn<Bus>(kind, signals)
      version = this.#version
      return found
    }
  }

  /** True if each of the pads that the roles name carries its signal. */
  carry(
    pads: Readonly<Record<string, Pad | undefined>>,
    signals: Readonly<Record<string, string>>,
  ): boolean {
    return Object.entries(signals).every(([role, signal]) => {
      const pad = pads[role]
      return pad !== undefined && this.#signalOn.get(pad) === signal
    })
  }

  #signal(name: string): Signal {
    let signal = this.#signals.get(name)
    if (signal === undefined) {
      signal = { level: undefined, carrierHz: undefined, pads: [], listeners: [] }
      this.#signals.set(name, signal)
    }
    return signal
  }

  #changed(pad: Pad, isHigh: boolean): void {
    const name = this.#signalOn.get(pad)
    if (name !== undefined) for (const listener of this.#signal(name).listeners) listener(isHigh)
  }
}
