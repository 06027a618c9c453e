/**
 * What lies between the chip's peripherals and the parts of a board: I2C and SPI buses, analog
 * pins. A controller in the chip calls `start`, `write`, `exchange`, `volts`; a part implements
 * `I2cPart` or `SpiPart`. Bytes, not levels: how long they take is the controller's to say.
 *
 * A part that is not reached (its pins are not switched to the controller) does not answer, as on
 * the real board: `isWired` is the board's to set.
 */
import { assert } from '../assert.ts'
import { CanBus } from '../lines/can-bus.ts'
import { SdBus } from '../lines/sd-bus.ts'
import { XspiBus } from '../lines/xspi-bus.ts'

/** A target on an I2C bus. UM10204, "I2C-bus specification and user manual". */
export interface I2cPart {
  /** Addressed after START or repeated START. False: no acknowledge. */
  begin(isRead: boolean): boolean
  /** A byte from the controller. False: no acknowledge. */
  write(byte: number): boolean
  /** The next byte for the controller. */
  read(): number
  /** STOP, or a repeated START. */
  end(isRead: boolean): void
}

/** What happened on a bus, for waveforms and logs. */
export type BusEvent =
  | { readonly kind: 'start'; readonly address: number; readonly isRead: boolean; isAcked: boolean }
  | { readonly kind: 'write'; readonly byte: number; readonly isAcked: boolean }
  | { readonly kind: 'read'; readonly byte: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'exchange'; readonly out: number; readonly in: number }

/** Highest addresses; 10-bit ones are told apart by the caller. */
const ADDRESSES_MAX = 1024

export class I2cBus {
  readonly #parts = new Map<number, I2cPart>()
  #addressed: { part: I2cPart; isRead: boolean } | undefined
  /** False while the controller's pins do not lead to this bus. */
  isWired: () => boolean = () => true
  /** Something that is not a part holds SDA low: a start loses arbitration. */
  isHeld = false
  onEvent: (event: BusEvent) => void = () => {}

  /** `address` without the R/W bit. */
  attach(address: number, part: I2cPart): void {
    assert(
      !this.#parts.has(address) && address < ADDRESSES_MAX,
      `I2C address ${address} is taken or too large.`,
    )
    this.#parts.set(address, part)
  }

  /** START or repeated START and an address; true if a part acknowledges. */
  start(address: number, isRead: boolean): boolean {
    this.#leave()
    const part = this.isWired() && !this.isHeld ? this.#parts.get(address) : undefined
    const isAcked = part?.begin(isRead) ?? false
    if (part !== undefined && isAcked) this.#addressed = { part, isRead }
    this.onEvent({ kind: 'start', address, isRead, isAcked })
    return isAcked
  }

  /** True if the addressed part acknowledges. */
  write(byte: number): boolean {
    const isAcked = this.#addressed?.part.write(byte & 0xff) ?? false
    this.onEvent({ kind: 'write', byte: byte & 0xff, isAcked })
    return isAcked
  }

  /** A byte from the addressed part; nobody drives the line: 0xFF. */
  read(): number {
    const byte = (this.#addressed?.part.read() ?? 0xff) & 0xff
    this.onEvent({ kind: 'read', byte })
    return byte
  }

  stop(): void {
    this.#leave()
    this.onEvent({ kind: 'stop' })
  }

  #leave(): void {
    const was = this.#addressed
    this.#addressed = undefined
    was?.part.end(was.isRead)
  }
}

/** A device on an SPI bus. */
export interface SpiPart {
  /** Its chip select became active or inactive. */
  select(isSelected: boolean): void
  /** What it shifts out while this word comes in. */
  exchange(word: number): number
}

export class SpiBus {
  readonly #parts: { readonly part: SpiPart; readonly isSelected: () => boolean }[] = []
  isWired: () => boolean = () => true
  onEvent: (event: BusEvent) => void = () => {}

  attach(part: SpiPart, isSelected: () => boolean): void {
    this.#parts.push({ part, isSelected })
  }

  /** One word out and one in; `bits` is its length. Nobody drives the line: all ones. */
  exchange(word: number, bits: number): number {
    const ones = bits >= 32 ? 0xffff_ffff : 2 ** bits - 1
    let answer = ones
    if (this.isWired()) {
      for (const { part, isSelected } of this.#parts) {
        if (isSelected()) answer = (answer & part.exchange(word)) >>> 0
      }
    }
    this.onEvent({ kind: 'exchange', out: word, in: answer & ones })
    return (answer & ones) >>> 0
  }
}

/** Voltages at pins, by name (`PA0`): what parts apply, and what the chip's DAC gives. */
export class AnalogPins {
  readonly #volts = new Map<string, number>()
  onChange: (pin: string, volts: number) => void = () => {}

  /** Undefined: nothing is connected. */
  apply(pin: string, volts: number | undefined): void {
    if (volts === undefined) this.#volts.delete(pin)
    else this.#volts.set(pin, volts)
    this.onChange(pin, volts ?? 0)
  }

  /** An open pin reads 0 V. */
  volts(pin: string): number {
    return this.#volts.get(pin) ?? 0
  }
}

export const I2C_NAMES = ['I2C1', 'I2C2', 'I2C3', 'I2C4'] as const
export type I2cName = (typeof I2C_NAMES)[number]
export const SPI_NAMES = ['SPI1', 'SPI2', 'SPI3'] as const
export type SpiName = (typeof SPI_NAMES)[number]
/** Ports of pins that the OCTOSPIs are led to. */
export const XSPI_NAMES = ['OCTOSPIM_P1', 'OCTOSPIM_P2'] as const
export type XspiName = (typeof XSPI_NAMES)[number]
export type SdName = 'SDMMC1' | 'SDMMC2'

/** Everything that leads out of one chip beside its digital pins and serial ports. */
export class Wires {
  readonly i2c: Readonly<Record<I2cName, I2cBus>> = {
    ...{ I2C1: new I2cBus(), I2C2: new I2cBus(), I2C3: new I2cBus(), I2C4: new I2cBus() },
  }
  readonly spi: Readonly<Record<SpiName, SpiBus>> = {
    ...{ SPI1: new SpiBus(), SPI2: new SpiBus(), SPI3: new SpiBus() },
  }
  readonly xspi: Readonly<Record<XspiName, XspiBus>> = {
    ...{ OCTOSPIM_P1: new XspiBus(), OCTOSPIM_P2: new XspiBus() },
  }
  readonly sd: Readonly<Record<SdName, SdBus>> = { SDMMC1: new SdBus(), SDMMC2: new SdBus() }
  readonly can: Readonly<Record<'FDCAN1', CanBus>> = { FDCAN1: new CanBus() }
  readonly analog = new AnalogPins()
  /** A bus is used whose signals are not all on a pin. */
  onUnrouted: (bus: string, signals: readonly string[]) => void = () => {}
}
