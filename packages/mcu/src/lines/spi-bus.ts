/**
 * An SPI bus of the board: clock and two data pads, and parts that are selected by a pad of their
 * own, low while selected. Words, not edges: the controller tells when they happen.
 */
import type { Pad } from '../pins/pad.ts'
import type { AttachedBus, Pins } from '../pins/pins.ts'

export interface SpiWord {
  readonly value: number
  /** 4 to 32. */
  readonly bits: number
  /** Clock polarity and phase, 0 to 3; a part that needs another mode answers nonsense. */
  readonly mode: number
}

export interface SpiDevice {
  readonly name: string
  select(isSelected: boolean): void
  /** A word goes in, the part's word comes out at the same time. */
  transfer(word: SpiWord): number
}

export interface SpiEvent {
  readonly sent: number
  readonly received: number
  readonly bits: number
}

interface SpiPads {
  readonly sck: Pad
  /** From the controller; a display may be all there is. */
  readonly mosi?: Pad
  readonly miso?: Pad
}

export class SpiBus {
  readonly kind = 'spi' as const
  readonly carries: AttachedBus['carries']
  readonly #devices: { readonly device: SpiDevice; readonly isSelected: () => boolean }[] = []
  readonly #listeners: ((event: SpiEvent) => void)[] = []

  /** `carries` tells whether a controller with these signals reaches it; see `onPads`. */
  constructor(pins: Pins, carries: AttachedBus['carries']) {
    this.carries = carries
    pins.attachBus(this)
  }

  /** A bus on pads; data lines that it does not have need not be routed. */
  static onPads(pins: Pins, { sck, mosi, miso }: SpiPads): SpiBus {
    const pads: Readonly<Record<string, Pad | undefined>> = { sck, mosi, miso }
    return new SpiBus(pins, (signals) => {
      const own = Object.entries(signals).filter(([role]) => pads[role] !== undefined)
      return pins.carry(pads, Object.fromEntries(own))
    })
  }

  /** A part that is selected while its pad is low. */
  attach(device: SpiDevice, select: Pad): void {
    select.connect(`${device.name} pull-up`).pull(true)
    select.listen((isHigh) => device.select(!isHigh))
    this.attachSelected(device, () => !select.isHigh)
  }

  attachSelected(device: SpiDevice, isSelected: () => boolean): void {
    this.#devices.push({ device, isSelected })
  }

  listen(listener: (event: SpiEvent) => void): void {
    this.#listeners.push(listener)
  }

  /** What comes back: of the selected part, ones where none is. */
  transfer(word: SpiWord): number {
    const idle = 2 ** word.bits - 1
    let received = idle
    for (const { device, isSelected } of this.#devices) {
      if (isSelected()) received &= device.transfer(word)
    }
    received = (received & idle) >>> 0
    for (const listener of this.#listeners) {
      listener({ sent: word.value, received, bits: word.bits })
    }
    return received
  }
}
