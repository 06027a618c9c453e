/**
 * What a part of a board is: settings that a board file gives it, controls that a scenario or a
 * person moves, readings that can be looked at, and a picture of itself. Each kind is one file in
 * parts/, with its registers as in the datasheet; this file holds what they have in common.
 */
import type { CanBus, CanNode } from '../lines/can-bus.ts'
import type { SdDevice } from '../lines/sd-bus.ts'
import type { XspiDevice } from '../lines/xspi-bus.ts'
import type { Picture } from './picture.ts'
import type { BusEvent, I2cPart, SpiPart } from './wires.ts'

/** What a setting in a board file may be. */
export type SettingRule =
  | {
      readonly type: 'pin'
      readonly about: string
      readonly isRequired?: boolean
      /** The part drives it: nobody else may. */
      readonly isDriven?: boolean
    }
  | {
      /** `memory bus`: an SPI, or a port of pins of the OCTOSPIs. */
      readonly type: 'i2c bus' | 'spi bus' | 'memory bus' | 'serial port'
      readonly about: string
    }
  /** A file beside the board file; its bytes are the value. */
  | { readonly type: 'file'; readonly about: string }
  | {
      readonly type: 'address'
      readonly about: string
      readonly among: readonly number[]
      readonly fallback?: number
    }
  | {
      readonly type: 'number'
      readonly about: string
      readonly unit: Unit
      readonly min: number
      readonly max: number
      readonly fallback: number
    }
  | {
      readonly type: 'choice'
      readonly about: string
      readonly among: readonly string[]
      readonly fallback: string
    }
  | { readonly type: 'text'; readonly about: string; readonly fallback: string }
  | { readonly type: 'registers'; readonly about: string }

/** Units of values; times are in seconds inside. */
export type Unit = 's' | 'C' | 'hPa' | '%' | 'g' | 'V' | 'm' | 'm/s' | 'deg' | 'Hz' | ''

export type ControlRule =
  | {
      readonly type: 'number'
      readonly about: string
      readonly unit: Unit
      readonly min: number
      readonly max: number
      readonly initial: number
    }
  | { readonly type: 'yes-no'; readonly about: string; readonly initial: boolean }

export type SettingValue = number | string | ReadonlyMap<number, number> | Uint8Array | undefined
export type ControlValue = number | boolean

/** What a part may ask of the board around it. */
export interface PartSurroundings {
  /** As the board file calls it. */
  readonly name: string
  /** Checked against the kind's rules; an absent optional one is undefined. */
  readonly settings: Readonly<Record<string, SettingValue>>
  /** Virtual time in seconds since power-up of the board. */
  seconds(): number
  /** Runs `action` after this many seconds; the return value cancels it. */
  after(seconds: number, action: () => void): () => void
  /** Seconds since 1970 of the world that the board is in. */
  worldSeconds(): number
  /** 0 to 1, from the seed. */
  random(): number
  drive(pin: string, isStrong: boolean): (level: boolean | undefined) => void
  watch(pin: string, watcher: (isHigh: boolean) => void): void
  level(pin: string): boolean
  attachI2c(bus: string, address: number, part: I2cPart): void
  /** `select` is its chip select, active low. */
  attachSpi(bus: string, part: SpiPart, select: string): void
  /** On a port of pins of the OCTOSPIs. */
  attachXspi(port: string, device: XspiDevice): void
  /** Onto the bus of a CAN controller. */
  attachCan(port: string, node: CanNode): CanBus
  /** Into the socket of an SDMMC; undefined takes it out. */
  insertCard(port: string, card: SdDevice | undefined): void
  /** Hears what the chip's port sends; the result sends to its receiver. */
  attachSerial(port: string, hear: (byte: number) => void): (bytes: readonly number[]) => void
  applyVolts(pin: string, volts: number): void
}

export interface Part {
  /** A control was moved; `name` is one of the kind's. */
  set?(control: string, value: ControlValue): void
  /** What can be looked at, by name. */
  readings?(): Readonly<Record<string, number | string | boolean>>
  picture?(): Picture
  /** The supply came back: volatile state is as after power-up, controls stay. */
  powerUp?(): void
}

export interface PartKind {
  readonly kind: string
  readonly title: string
  /** Document that its behaviour was taken from. */
  readonly source: string
  readonly notModelled: string
  readonly settings: Readonly<Record<string, SettingRule>>
  readonly controls: Readonly<Record<string, ControlRule>>
  /** Names of what `readings` gives, with what they mean. */
  readonly readings: Readonly<Record<string, string>>
  /** Where it has more than one address on its bus. */
  addresses?(settings: PartSurroundings['settings']): readonly number[]
  /** What settings that are each right do not allow together: a sentence's second half. */
  problem?(settings: PartSurroundings['settings']): string | undefined
  make(around: PartSurroundings): Part
}

export const i2cSetting = { type: 'i2c bus', about: 'the bus it is on' } as const

export function addressSetting(among: readonly number[], fallback: number): SettingRule {
  return { type: 'address', about: 'its address on the bus', among, fallback }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n)
}

/** A setting that the rules promise to be text. */
export function text(settings: PartSurroundings['settings'], name: string): string {
  return String(settings[name] ?? '')
}

/** A setting that the rules promise to be a number. */
export function number(settings: PartSurroundings['settings'], name: string): number {
  return Number(settings[name] ?? 0)
}

/** Puts an I2C part where its `bus` and `address` settings say. */
export function attach({ settings, attachI2c }: PartSurroundings, part: I2cPart): void {
  attachI2c(text(settings, 'bus'), number(settings, 'address'), part)
}

/** A pin that may be absent. */
export function optionalDriver(
  around: PartSurroundings,
  setting: string,
  isStrong = true,
): (level: boolean | undefined) => void {
  const pin = around.settings[setting]
  return typeof pin === 'string' ? around.drive(pin, isStrong) : () => {}
}

export type { BusEvent, I2cPart, SpiPart }
