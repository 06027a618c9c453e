/** What a value has to be: `5`, `>= 5`, `20..25`, `/text/`, `38 kHz ± 1 %`. */
import type { Unit } from '@microvisor/mcu'
import { parseQuantity, unitWords } from '../board/quantities.ts'
import { describe, type Located } from '../board/yaml-reader.ts'

export interface Comparison {
  /** As the file has it. */
  readonly text: string
  accepts(value: number | string | boolean): boolean
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
}

/** A number, with unit, tolerance, range or operator. */
export function readComparison(value: Located, what: string, unit: Unit): Comparison | undefined {
  const { text } = value
  const accepts = numeric(text, unit)
  if (accepts !== undefined) {
    return { text, accepts: (seen) => typeof seen !== 'string' && accepts(Number(seen)) }
  }
  const words = Object.keys(unitWords[unit])
  const number = unit === '' ? '5' : `20 ${words[0]}`
  return value.refuse(
    `${what} has to be a number like \`${number}\`, \`>= ${number}\`, \`${number}..30${unit === '' ? '' : ` ${words[0]}`}\` or \`${number} ± 1 %\`, not ${describe(value)}.`,
  )
}

/** A number as above, yes or no, or a regular expression for text. */
export function readAnyComparison(value: Located, what: string): Comparison | undefined {
  const { text, scalar } = value
  if (typeof scalar === 'boolean' || text === 'yes' || text === 'no') {
    const wanted = scalar === true || text === 'yes'
    return { text, accepts: (seen) => seen === wanted || seen === Number(wanted) }
  }
  const accepts = numeric(text, '')
  const pattern = readPattern(value, what)
  if (pattern === undefined) return undefined
  return {
    text,
    accepts: (seen) =>
      typeof seen === 'string' ? pattern.test(seen) : (accepts?.(Number(seen)) ?? false),
  }
}

function numeric(text: string, unit: Unit): ((value: number) => boolean) | undefined {
  const plain = (part: string) => parseNumber(part, unit)
  const range = /^(.*?[^.])\.\.([^.].*)$/.exec(text)
  if (range !== null) {
    const high = plain(range[2]!)
    const low =
      plain(range[1]!) ?? parseNumber(`${range[1]} ${/[^\d\s.]+$/.exec(range[2]!)?.[0]}`, unit)
    return low === undefined || high === undefined ? undefined : (v) => v >= low && v <= high
  }
  const around = /^(.+?)\s*(?:±|\+-|\+\/-)\s*(.+)$/.exec(text)
  if (around !== null) {
    const middle = plain(around[1]!)
    if (middle === undefined) return undefined
    const percent = /^([\d.]+)\s*%$/.exec(around[2]!)
    const slack = percent ? (Math.abs(middle) * Number(percent[1])) / 100 : plain(around[2]!)
    return slack === undefined ? undefined : (v) => Math.abs(v - middle) <= slack
  }
  const compared = /^(>=|<=|!=|>|<)\s*(.+)$/.exec(text)
  if (compared !== null) {
    const limit = plain(compared[2]!)
    return limit === undefined ? undefined : (v) => OPERATORS[compared[1]!]!(v, limit)
  }
  const exact = plain(text)
  return exact === undefined ? undefined : (v) => v === exact
}

function parseNumber(text: string, unit: Unit): number | undefined {
  if (unit === '' && /^0x[\da-f_]+$/i.test(text.trim()))
    return Number(text.trim().replaceAll('_', ''))
  return parseQuantity(text, unit)
}

const PATTERN_CHARACTERS_MAX = 1000

/** `/…/flags`, or the expression alone. */
export function readPattern(value: Located, what: string): RegExp | undefined {
  if (value.scalar === undefined)
    return value.refuse(`${what} has to be text, not ${describe(value)}.`)
  const { text } = value
  const delimited = /^\/(.*)\/([imsu]*)$/s.exec(String(value.scalar))
  const [source, flags] = delimited ? [delimited[1]!, delimited[2]!] : [String(value.scalar), '']
  if (text.length > PATTERN_CHARACTERS_MAX) {
    return value.refuse(`${what} has ${text.length} characters; at most ${PATTERN_CHARACTERS_MAX}.`)
  }
  try {
    return new RegExp(source, [...new Set([...flags, 'm'])].join(''))
  } catch (error) {
    return value.refuse(`${what} is no regular expression: ${(error as Error).message}.`)
  }
}
