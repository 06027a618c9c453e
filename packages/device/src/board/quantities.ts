/** Values with units, as people write them: `20 ms`, `31.5 C`, `38 kHz`, `0x18`. */
import type { Unit } from '@microvisor/mcu'
import { describe, type Located } from './yaml-reader.ts'

/** What may stand behind a number, and what it makes of it. */
export const unitWords: Readonly<Record<Unit, Readonly<Record<string, (n: number) => number>>>> = {
  s: {
    ...{ us: (n) => n / 1e6, µs: (n) => n / 1e6, ms: (n) => n / 1000, s: (n) => n },
    ...{ min: (n) => n * 60, h: (n) => n * 3600, d: (n) => n * 86_400 },
  },
  C: { C: (n) => n, '°C': (n) => n, F: (n) => ((n - 32) * 5) / 9, K: (n) => n - 273.15 },
  hPa: { hPa: (n) => n, Pa: (n) => n / 100, kPa: (n) => n * 10 },
  '%': { '%': (n) => n },
  g: { g: (n) => n, mg: (n) => n / 1000 },
  V: { V: (n) => n, mV: (n) => n / 1000 },
  m: { m: (n) => n, km: (n) => n * 1000 },
  'm/s': { 'm/s': (n) => n, 'km/h': (n) => n / 3.6, kn: (n) => n / 1.943_844 },
  deg: { deg: (n) => n, '°': (n) => n },
  Hz: { Hz: (n) => n, kHz: (n) => n * 1000, MHz: (n) => n * 1e6 },
  '': {},
}

const QUANTITY = /^([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(.*)$/i

/** The number in the unit's base; undefined if the text is none. */
export function parseQuantity(text: string, unit: Unit): number | undefined {
  const match = QUANTITY.exec(text.trim())
  if (match === null) return undefined
  const number = Number(match[1]!.replaceAll('_', ''))
  const word = match[2]!
  if (unit === '') return word === '' ? number : undefined
  return Object.hasOwn(unitWords[unit], word) ? unitWords[unit][word]!(number) : undefined
}

export interface QuantityRule {
  readonly unit: Unit
  readonly min: number
  readonly max: number
}

/** Complains unless it is a number with its unit, within its limits. */
export function readQuantity(value: Located, what: string, rule: QuantityRule): number | undefined {
  const { unit, min, max } = rule
  const number = value.scalar === undefined ? undefined : parseQuantity(value.text, unit)
  const words = Object.keys(unitWords[unit])
  const form = unit === '' ? 'a number' : `a number with a unit (${words.join(', ')})`
  if (number === undefined) {
    return value.refuse(
      `${what} has to be ${form}, like \`${example(rule)}\`, not ${describe(value)}.`,
    )
  }
  if (number < min || number > max) {
    const shown = unit === '' ? '' : ` ${unit}`
    return value.refuse(`${what} is ${value.text}; it can be from ${min} to ${max}${shown}.`)
  }
  return number
}

function example({ unit, min, max }: QuantityRule): string {
  const number = Math.min(Math.max(min, 20), max)
  return unit === '' ? `${number}` : `${number} ${unit}`
}

/** A whole number, decimal or hexadecimal. */
export function parseWhole(text: string): number | undefined {
  const plain = text.trim().replaceAll('_', '')
  if (!/^(0x[\da-f]+|\d+)$/i.test(plain)) return undefined
  const number = Number(plain)
  return Number.isSafeInteger(number) ? number : undefined
}
