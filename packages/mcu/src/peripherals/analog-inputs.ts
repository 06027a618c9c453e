/**
 * What the analog inputs of converters, comparators and amplifiers are connected to, and the
 * voltages inside the chip. STM32U585 data sheet (DS13086), "Pinout", and RM0456, "ADC connectivity".
 *
 * The reference VREF+ is taken as the supply, 3.3 V; the die is at 30 degrees.
 */
import { type PadName, VDD_VOLTS } from '../pins/pad.ts'
import type { Pins } from '../pins/pins.ts'

export const VREF_VOLTS = VDD_VOLTS
/** Internal reference and temperature sensor at 30 degrees, typical (DS13086). */
export const VREFINT_VOLTS = 1.212
const SENSOR_VOLTS_AT_30 = 0.742
const SENSOR_VOLTS_A_DEGREE = 0.0025
const CORE_VOLTS = 1.2
/** Production test measures with 3.0 V at 30 and 130 degrees, in 14 bits. */
const CALIBRATION_VOLTS = 3
const CALIBRATION_STEPS = 2 ** 14

/** Where an input comes from: a pad, or a voltage inside that a bit of ADC_CCR switches on. */
export type AnalogInput =
  | { readonly pad: PadName }
  | { readonly volts: number; readonly switch: 'VREFEN' | 'VSENSESEL' | 'VBATEN' | undefined }

const pads = (first: number, ...names: readonly PadName[]) =>
  names.map((pad, n) => [first + n, { pad }] as const)

const vrefint = { volts: VREFINT_VOLTS, switch: 'VREFEN' } as const
const sensor = { volts: SENSOR_VOLTS_AT_30, switch: 'VSENSESEL' } as const
const battery = { volts: VDD_VOLTS / 4, switch: 'VBATEN' } as const

/** Channels by number. */
export const adc1Channels: ReadonlyMap<number, AnalogInput> = new Map<number, AnalogInput>([
  [0, vrefint],
  ...pads(1, 'PC0', 'PC1', 'PC2', 'PC3', 'PA0', 'PA1', 'PA2', 'PA3', 'PA4', 'PA5', 'PA6', 'PA7'),
  ...pads(13, 'PC4', 'PC5', 'PB0', 'PB1', 'PB2'),
  [18, battery],
  [19, sensor],
])

export const adc4Channels: ReadonlyMap<number, AnalogInput> = new Map<number, AnalogInput>([
  [0, vrefint],
  ...pads(1, 'PC0', 'PC1', 'PC2', 'PC3', 'PF14', 'PF15', 'PG0', 'PG1', 'PA4', 'PA5', 'PA6'),
  [12, { volts: CORE_VOLTS, switch: undefined }],
  [13, sensor],
  [14, battery],
  ...pads(15, 'PD11', 'PD12', 'PD13', 'PB0', 'PB1', 'PA7'),
  ...pads(22, 'PC4', 'PC5'),
])

export function voltsOf(
  input: AnalogInput | undefined,
  pins: Pins,
  isOn: (bit: 'VREFEN' | 'VSENSESEL' | 'VBATEN') => boolean,
): number {
  if (input === undefined) return 0
  if ('pad' in input) return pins.pad(input.pad).volts
  return input.switch === undefined || isOn(input.switch) ? input.volts : 0
}

/** Result of a conversion. */
export function convert(volts: number, bits: number): number {
  const code = Math.floor((volts / VREF_VOLTS) * 2 ** bits)
  return Math.min(Math.max(code, 0), 2 ** bits - 1)
}

/** Half-words that production test leaves in system memory, by address. */
export const analogCalibration: Readonly<Record<number, number>> = {
  /** TS_CAL1, TS_CAL2, VREFINT_CAL. */
  200935184: step(SENSOR_VOLTS_AT_30),
  200935234: step(SENSOR_VOLTS_AT_30 + 100 * SENSOR_VOLTS_A_DEGREE),
  200935333: step(VREFINT_VOLTS),
}

function step(volts: number): number {
  return Math.round((volts / CALIBRATION_VOLTS) * CALIBRATION_STEPS)
}
