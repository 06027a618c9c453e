/**
 * A serial line of the board: what hangs on a pad that the chip transmits on and one that it
 * receives on. Frames, not edges. Flow control goes over pads of its own, as plain levels.
 */
import type { Pad } from '../pins/pad.ts'
import type { AttachedBus, Pins } from '../pins/pins.ts'
import type { UartFrame } from './uart-frame.ts'

/** What every line of kind `uart` is to the port that sends. */
export interface FrameListener extends AttachedBus {
  sent(frame: UartFrame): void
}

interface UartPads {
  /** As the chip calls them. */
  readonly tx?: Pad
  readonly rx?: Pad
}

export class UartLine implements FrameListener {
  readonly kind = 'uart' as const
  readonly pads: Readonly<Record<string, Pad>>
  readonly #pins: Pins
  readonly #listeners: ((frame: UartFrame) => void)[] = []

  constructor(pins: Pins, { tx, rx }: UartPads) {
    this.#pins = pins
    this.pads = { ...(tx && { tx }), ...(rx && { rx }) }
    rx?.connect('idle serial line').pull(true)
    pins.attachBus(this)
  }

  carries(signals: Readonly<Record<string, string>>): boolean {
    return this.#pins.carry(this.pads, signals)
  }

  /** Frames that the chip has sent. */
  listen(listener: (frame: UartFrame) => void): void {
    this.#listeners.push(listener)
  }

  /** Bytes for the chip, one after the other. False: no receiver is on the pad, they are lost. */
  send(bytes: Iterable<number>, baud?: number): boolean {
    return this.sendFrames([...bytes].map((data) => ({ data, baud })))
  }

  sendFrames(frames: readonly UartFrame[]): boolean {
    const { rx } = this.pads
    const signal = rx && this.#pins.signalOn(rx)
    const receiver = signal === undefined ? undefined : this.#pins.receiver(signal)
    receiver?.(frames)
    return receiver !== undefined
  }

  /** The chip has sent a frame. */
  sent(frame: UartFrame): void {
    for (const listener of this.#listeners) listener(frame)
  }
}
