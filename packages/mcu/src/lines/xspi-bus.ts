/**
 * A bus for memories on one, two, four or eight data lines, as an OCTOSPI drives it: phases of
 * bytes and of dummy clocks between a falling and a rising chip select. Bytes, not edges: how long
 * they take is the controller's business.
 */
import { alwaysRouted, type Routing, type Signals } from './routing.ts'

export const lineCounts = [1, 2, 4, 8] as const
export type LineCount = (typeof lineCounts)[number]

/** How bytes travel: on so many lines, on one or both edges of the clock. */
export interface Lanes {
  readonly lines: LineCount
  readonly isDtr: boolean
}

export interface XspiDevice {
  readonly name: string
  select(isSelected: boolean): void
  /** A byte from the controller. */
  write(byte: number, lanes: Lanes): void
  /** The next byte for the controller. */
  read(lanes: Lanes): number
  /** Clocks during which nobody drives the lines. */
  dummy(clocks: number): void
}

export class XspiBus {
  readonly kind = 'xspi' as const
  routing: Routing = alwaysRouted
  readonly #devices: XspiDevice[] = []

  carries(signals: Signals): boolean {
    return this.routing.carries(signals)
  }

  attach(device: XspiDevice): void {
    this.#devices.push(device)
  }

  select(isSelected: boolean): void {
    for (const device of this.#devices) device.select(isSelected)
  }

  write(byte: number, lanes: Lanes): void {
    for (const device of this.#devices) device.write(byte, lanes)
  }

  /** Nobody drives the lines: ones. */
  read(lanes: Lanes): number {
    return this.#devices.reduce((byte, device) => byte & device.read(lanes), 0xff)
  }

  dummy(clocks: number): void {
    for (const device of this.#devices) device.dummy(clocks)
  }
}
