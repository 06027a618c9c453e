/**
 * A serial audio line: frames of slots between the block of a SAI and whatever is on the board.
 * Frames, not edges: who makes the clock says when a frame is over.
 */
import { alwaysRouted, type Routing, type Signals } from './routing.ts'

/** How frames look on the line. */
export interface AudioFormat {
  readonly slots: number
  /** Bits of data in a slot. */
  readonly bits: number
  /** Frames a second. */
  readonly frameHz: number
}

export interface AudioDevice {
  readonly name: string
  /** A frame from the chip; slots that are not active are undefined. */
  hear?(frame: readonly (number | undefined)[], format: AudioFormat): void
  /** A frame for the chip; undefined is silence. */
  next?(format: AudioFormat): readonly number[] | undefined
}

export class AudioBus {
  readonly kind = 'audio' as const
  routing: Routing = alwaysRouted
  readonly #devices: AudioDevice[] = []

  carries(signals: Signals): boolean {
    return this.routing.carries(signals)
  }

  attach(device: AudioDevice): void {
    this.#devices.push(device)
  }

  play(frame: readonly (number | undefined)[], format: AudioFormat): void {
    for (const device of this.#devices) device.hear?.(frame, format)
  }

  record(format: AudioFormat): readonly number[] {
    for (const device of this.#devices) {
      const frame = device.next?.(format)
      if (frame !== undefined) return frame
    }
    return []
  }
}
