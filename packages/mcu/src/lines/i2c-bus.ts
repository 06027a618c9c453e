/**
 * An I2C bus of the board: two pads with pull-ups and the parts between them. Bytes, not edges: the
 * controller tells when they happen. UM10204, "I2C-bus specification".
 *
 * A controller (the chip's I2C where it is one) calls `start`, `write`, `read`, `stop`; a part is an
 * `I2cDevice`. The chip as a target attaches itself as a device, too.
 */
import type { Pad } from '../pins/pad.ts'
import type { AttachedBus, Pins } from '../pins/pins.ts'

export interface I2cAddress {
  /** 7 or 10 bits, without the read bit. */
  readonly value: number
  readonly isTenBit: boolean
  readonly isRead: boolean
}

export interface I2cDevice {
  /** For messages and traces. */
  readonly name: string
  /** A (repeated) start with this address; true acknowledges it. */
  start(address: I2cAddress): boolean
  /** A byte from the controller; true acknowledges it. */
  write(byte: number): boolean
  /** The next byte for the controller, which acknowledges it unless it was the last. */
  read(isAcknowledged: boolean): number
  /** Stop, or a repeated start for somebody else. */
  stop(): void
  /** A device that stretches the clock: calls `then` once it does not, at once if it may. */
  whenReady?(then: () => void): void
}

export type I2cEvent =
  | ({ readonly what: 'start'; readonly isAcknowledged: boolean } & I2cAddress)
  | {
      readonly what: 'write' | 'read'
      readonly byte: number
      readonly isAcknowledged: boolean
    }
  | { readonly what: 'stop' | 'seized' }

export class I2cBus {
  readonly kind = 'i2c' as const
  readonly carries: AttachedBus['carries']
  readonly #devices: I2cDevice[] = []
  readonly #listeners: ((event: I2cEvent) => void)[] = []
  #addressed: I2cDevice | undefined
  #isBusy = false

  /** `carries` tells whether a controller with these signals reaches it; see `onPads`. */
  constructor(pins: Pins, carries: AttachedBus['carries']) {
    this.carries = carries
    pins.attachBus(this)
  }

  /** A bus between two pads, with pull-ups. */
  static onPads(pins: Pins, pads: { readonly scl: Pad; readonly sda: Pad }): I2cBus {
    for (const pad of [pads.scl, pads.sda]) pad.connect('I2C pull-up').pull(true)
    return new I2cBus(pins, (signals) => pins.carry(pads, signals))
  }

  /** Between a start and its stop. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  get devices(): readonly I2cDevice[] {
    return this.#devices
  }

  /** The return value takes the device off the bus. */
  attach(device: I2cDevice): () => void {
    this.#devices.push(device)
    return () => {
      this.#devices.splice(this.#devices.indexOf(device), 1)
      if (this.#addressed === device) this.#addressed = undefined
    }
  }

  listen(listener: (event: I2cEvent) => void): void {
    this.#listeners.push(listener)
  }

  /** True if a device acknowledges the address. */
  start(address: I2cAddress): boolean {
    const before = this.#addressed
    this.#isBusy = true
    this.#addressed = this.#devices.find((device) => device.start(address))
    if (before !== undefined && before !== this.#addressed) before.stop()
    const isAcknowledged = this.#addressed !== undefined
    this.#tell({ what: 'start', ...address, isAcknowledged })
    return isAcknowledged
  }

  /** True if the addressed device acknowledges the byte. */
  write(byte: number): boolean {
    const isAcknowledged = this.#addressed?.write(byte) ?? false
    this.#tell({ what: 'write', byte, isAcknowledged })
    return isAcknowledged
  }

  /** The next byte of the addressed device; an idle bus reads as ones. */
  read(isAcknowledged: boolean): number {
    const byte = this.#addressed?.read(isAcknowledged) ?? 0xff
    this.#tell({ what: 'read', byte, isAcknowledged })
    return byte
  }

  /** Calls `then` once the addressed device does not hold the clock. */
  whenReady(then: () => void): void {
    if (this.#addressed?.whenReady === undefined) then()
    else this.#addressed.whenReady(then)
  }

  /** Another controller wins the bus: whoever was in a transfer has lost arbitration. */
  seize(): void {
    this.#addressed?.stop()
    this.#addressed = undefined
    this.#isBusy = true
    this.#tell({ what: 'seized' })
  }

  stop(): void {
    this.#addressed?.stop()
    this.#addressed = undefined
    this.#isBusy = false
    this.#tell({ what: 'stop' })
  }

  #tell(event: I2cEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
