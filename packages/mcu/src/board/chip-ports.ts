/**
 * How parts reach the chip: pins, I2C and SPI buses, serial ports, analog pins, by the names that a
 * board file uses. The one place of the board that knows how the chip offers them.
 */
import type { Board } from '../board.ts'
import type { CanBus, CanNode } from '../lines/can-bus.ts'
import type { SdDevice } from '../lines/sd-bus.ts'
import type { XspiDevice } from '../lines/xspi-bus.ts'
import type { SerialPort } from '../outside.ts'
import type { PadName } from '../pins/pad.ts'
import type { BusEvent, I2cPart, SpiPart } from './part.ts'
import type { I2cName, SdName, SpiName, XspiName } from './wires.ts'
import { type BusPins, boardPins, i2cFunction, serialPins, spiFunction } from './wiring.ts'

export interface PortsOptions {
  readonly board: Board
  readonly i2c: Readonly<Record<string, BusPins>>
  readonly spi: Readonly<Record<string, BusPins>>
  /** Something a person should know, once. */
  readonly hint: (sentence: string) => void
}

export class ChipPorts {
  readonly #options: PortsOptions
  readonly #listeners = new Map<string, ((byte: number) => void)[]>()
  readonly #hinted = new Set<string>()

  constructor(options: PortsOptions) {
    this.#options = options
    const { board } = options
    const { i2c, spi } = board.chip.wires
    board.chip.wires.onUnrouted = (bus, signals) => this.#unrouted(bus, signals)
    board.onSerial = (port, data) => this.#heard(port, data)
    for (const [name, pins] of Object.entries(options.i2c)) {
      i2c[name as I2cName].isWired = () => this.#check(name, pins, i2cFunction())
    }
    for (const [name, pins] of Object.entries(options.spi)) {
      spi[name as SpiName].isWired = () => this.#check(name, pins, spiFunction(name))
    }
  }

  level(pin: string): boolean {
    return this.#options.board.pins.level(pin)
  }

  /** The frequency on a pin that carries a clock too fast to have its edges here. */
  carrierHz(pin: string): number | undefined {
    const { pins } = this.#options.board.chip
    return pins.carrierHz(pins.pad(pin as PadName))
  }

  driver(pin: string, owner: string, isStrong: boolean): (level: boolean | undefined) => void {
    const { board } = this.#options
    // The development board has a button there already.
    if (pin === boardPins.userButton) return (level) => board.press(level === true)
    return board.pins.driver(pin, owner, isStrong)
  }

  watch(pin: string, watcher: (isHigh: boolean) => void): void {
    this.#options.board.pins.watch(pin, watcher)
  }

  applyVolts(pin: string, volts: number): void {
    this.#options.board.chip.wires.analog.apply(pin, volts)
  }

  attachI2c(bus: string, address: number, part: I2cPart): void {
    this.#options.board.chip.wires.i2c[bus as I2cName].attach(address, part)
  }

  attachSpi(bus: string, part: SpiPart, select: string): void {
    const isSelected = () => !this.level(select)
    this.watch(select, () => part.select(isSelected()))
    this.#options.board.chip.wires.spi[bus as SpiName].attach(part, isSelected)
  }

  attachXspi(port: string, device: XspiDevice): void {
    this.#options.board.chip.wires.xspi[port as XspiName].attach(device)
  }

  attachCan(port: string, node: CanNode): CanBus {
    const bus = this.#options.board.chip.wires.can[port as 'FDCAN1']
    bus.attach(node)
    return bus
  }

  insertCard(port: string, card: SdDevice | undefined): void {
    this.#options.board.chip.wires.sd[port as SdName].insert(card)
  }

  /** Bytes for the chip's receiver. */
  send(port: string, bytes: readonly number[]): void {
    this.#options.board.chip.serial[port as SerialPort].receive(bytes)
  }

  hear(port: string, listener: (byte: number) => void): void {
    this.#listeners.set(port, [...(this.#listeners.get(port) ?? []), listener])
  }

  watchBus(bus: string, watcher: (event: BusEvent) => void): void {
    const { i2c, spi } = this.#options.board.chip.wires
    const found = i2c[bus as I2cName] ?? spi[bus as SpiName]
    found.onEvent = watcher
  }

  #heard(port: SerialPort, data: number): void {
    const listeners = this.#listeners.get(port)
    if (listeners === undefined) return
    const { tx, fn } = serialPins[port]
    if (this.#isSwitched([tx], fn)) for (const listener of listeners) listener(data & 0xff)
    else this.#hint(`${port} sends, but ${tx} is not switched to it (alternate function ${fn}).`)
  }

  #check(bus: string, pins: BusPins, fn: number): boolean {
    if (this.#isSwitched(Object.values(pins), fn)) return true
    const list = Object.entries(pins).map(([signal, pin]) => `${pin} (${signal})`)
    this.#hint(
      `${bus} is used, but the board has it on ${list.join(', ')}: not all are switched to it (alternate function ${fn}).`,
    )
    return false
  }

  #unrouted(bus: string, signals: readonly string[]): void {
    this.#hint(`${bus} is used, but no pin is switched to ${signals.join(', ')}.`)
  }

  #isSwitched(pins: readonly string[], fn: number): boolean {
    return pins.every((pin) => this.#options.board.pins.isAlternate(pin, fn))
  }

  #hint(sentence: string): void {
    if (this.#hinted.has(sentence)) return
    this.#hinted.add(sentence)
    this.#options.hint(sentence)
  }
}
