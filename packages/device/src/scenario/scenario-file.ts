/**
 * Scenario files: which firmware runs on which board, and what is done to it and expected of it.
 * Everything is checked before anything runs: words, units, pins, parts, variables.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import {
  type BoardPlan,
  I2C_NAMES,
  parsePin,
  partKinds,
  SPI_NAMES,
  serialPins,
} from '@microvisor/mcu'
import type { ElfSymbol } from '@microvisor/protocol'
import { developmentBoard, readBoard, readBoardFile } from '../board/board-file.ts'
import { parseWhole, readQuantity } from '../board/quantities.ts'
import { DescriptionFile, describe, type Located, refuseUnknown } from '../board/yaml-reader.ts'
import type { Context } from './expectations.ts'
import { outsideKeys, readOutside } from './outside-plan.ts'
import { policyKeys, readPolicies } from './policies.ts'
import { type Scenario, type Step, type Steps, type Trouble, troubles } from './scenario.ts'
import { readAfter, SECONDS_MAX, serialPorts, verbs } from './verbs.ts'
import { CAN } from './waves.ts'

const STEPS_MAX = 10_000

/** The keys of a scenario file. */
export const scenarioKeys = {
  scenario: 'its name; that of the file unless given',
  firmware: 'ELF file, raw image (.bin) or bundle (.zip), from the folder of the scenario',
  symbols: 'ELF file with the symbols of a firmware that has none',
  run: '`bare` (the default): the chip alone; `microvisor`: the application under the kernel; `factory`: likewise, and on the bench of the factory test',
  board: 'a board file, or its content; the development board unless given',
  policies: `under the microvisor: how the application wants to be treated (${Object.keys(policyKeys).join(', ')}), instead of what its bundle says`,
  outside: `under the microvisor: the world that the cloud reaches for the application (${Object.keys(outsideKeys).join(', ')})`,
  seed: 'for everything random; 1 unless given here or with --seed',
  start: 'date and time of the world, as 2026-01-01T00:00:00Z',
  allow: `what does not fail the scenario: ${Object.keys(troubles).join(', ')}`,
  waves:
    'pins, buses and serial ports to record with every edge, or byte by byte (`I2C1:bytes`); those of the parts unless given',
  steps: 'what happens, in order',
} as const

/** The keys of a step beside its verb. */
export const modifierKeys = {
  at: 'the step happens at this time after the start',
  after: 'the step happens after `log`, `uart`, `kernel` text, or a `rise` or `fall` of a pin',
  within: 'how long to wait for what is expected, or for `after`',
  for: 'how long it lasts',
} as const

const DEFAULT_START_SECONDS = Date.UTC(2026, 0, 1) / 1000

export interface ReadOptions {
  /** Reads the firmware that the scenario names, for its symbols. */
  readonly symbolsOf: (firmware: string, symbols: string | undefined) => readonly ElfSymbol[]
}

export function readScenarioFile(path: string, options: ReadOptions): Scenario {
  return parseScenario(path, readFileSync(path, 'utf8'), options)
}

export function parseScenario(name: string, text: string, options: ReadOptions): Scenario {
  const file = new DescriptionFile(name, text, 'SCENARIO_INVALID')
  const byKey = new Map<string, Located>()
  for (const { key, keyNode, value } of file.root.entries('a scenario')) {
    if (Object.hasOwn(scenarioKeys, key)) byKey.set(key, value)
    else refuseUnknown('key', keyNode, Object.keys(scenarioKeys))
  }
  const reader = new ScenarioReader(name, byKey, options)
  const scenario = reader.read(file.root)
  file.check()
  return scenario
}

class ScenarioReader {
  readonly #name: string
  readonly #byKey: ReadonlyMap<string, Located>
  readonly #options: ReadOptions

  constructor(name: string, byKey: ReadonlyMap<string, Located>, options: ReadOptions) {
    this.#name = name
    this.#byKey = byKey
    this.#options = options
  }

  read(root: Located): Scenario {
    const firmware = this.#path('firmware')
    if (firmware === undefined) root.refuse('A scenario needs a `firmware`.')
    const board = this.#board()
    const symbols = this.#path('symbols')
    const read = firmware === undefined ? undefined : this.#read(firmware, symbols)
    const context = contextOf(board, read)
    return {
      file: this.#name,
      name: this.#byKey.get('scenario')?.text ?? basename(this.#name).replace(/\.ya?ml$/, ''),
      firmware: firmware ?? '',
      symbols,
      ...this.#run(),
      board,
      outside: readOutside(this.#byKey.get('outside')),
      policies: readPolicies(this.#byKey.get('policies')),
      seed: this.#seed(),
      worldStartSeconds: this.#start(),
      allow: this.#allow(),
      waves: this.#waves(),
      steps: this.#steps(context),
    }
  }

  /** The symbols; what is wrong with the file is told where the scenario names it. */
  #read(firmware: string, symbols: string | undefined): readonly ElfSymbol[] | undefined {
    try {
      return this.#options.symbolsOf(firmware, symbols)
    } catch (error) {
      return this.#byKey.get('firmware')?.refuse(`The firmware cannot be read: ${sentence(error)}`)
    }
  }

  #waves(): readonly string[] {
    const lines = [...I2C_NAMES, ...SPI_NAMES, ...Object.keys(serialPins)]
    const known = [...lines, CAN, ...lines.map((name) => `${name}:bytes`)]
    return (this.#byKey.get('waves')?.items('`waves`') ?? []).flatMap((item) => {
      if (known.includes(item.text) || parsePin(item.text) !== undefined) return [item.text]
      refuseUnknown('pin, bus or serial port', item, known)
      return []
    })
  }

  #path(key: string): string | undefined {
    const value = this.#byKey.get(key)
    if (value === undefined) return undefined
    if (typeof value.scalar === 'string' && value.scalar !== '') {
      return resolve(dirname(this.#name), value.scalar)
    }
    return value.refuse(`\`${key}\` has to be a path, not ${describe(value)}.`)
  }

  #board(): BoardPlan {
    const value = this.#byKey.get('board')
    if (value === undefined) return developmentBoard
    if (value.isMap) return readBoard(value)
    const path = this.#path('board')
    if (path === undefined) return developmentBoard
    try {
      return readBoardFile(path)
    } catch (error) {
      if (!(error instanceof Error) || !('syscall' in error)) throw error
      value.refuse(`The board file cannot be read: ${sentence(error)}`)
      return developmentBoard
    }
  }

  #run(): Pick<Scenario, 'isMicrovisor' | 'isOnBench'> {
    const run = this.#choice('run', ['bare', 'microvisor', 'factory']) ?? 'bare'
    return { isMicrovisor: run !== 'bare', isOnBench: run === 'factory' }
  }

  #choice(key: string, known: readonly string[]): string | undefined {
    const value = this.#byKey.get(key)
    if (value === undefined || known.includes(value.text)) return value?.text
    return refuseUnknown(key, value, known)
  }

  #seed(): number | undefined {
    const value = this.#byKey.get('seed')
    const seed = value && parseWhole(value.text)
    if (value !== undefined && (seed === undefined || seed > 0xffff_ffff)) {
      value.refuse(`\`seed\` has to be a whole number below 2^32, not ${describe(value)}.`)
    }
    return seed
  }

  #start(): number {
    const value = this.#byKey.get('start')
    if (value === undefined) return DEFAULT_START_SECONDS
    const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value.text)
    const seconds = isDate ? Date.parse(value.text) / 1000 : Number.NaN
    if (Number.isNaN(seconds)) {
      value.refuse(`\`start\` has to be like 2026-01-01T00:00:00Z, not ${describe(value)}.`)
    }
    return seconds
  }

  #allow(): readonly Trouble[] {
    const known = Object.keys(troubles)
    return (this.#byKey.get('allow')?.items('`allow`') ?? []).flatMap((item) => {
      if (known.includes(item.text)) return [item.text as Trouble]
      refuseUnknown('trouble', item, known)
      return []
    })
  }

  #steps(context: Context): readonly Step[] {
    const value = this.#byKey.get('steps')
    const items = value?.items('`steps`') ?? []
    if (items.length > STEPS_MAX)
      value?.refuse(`There are ${items.length} steps; at most ${STEPS_MAX}.`)
    return items.slice(0, STEPS_MAX).flatMap((item) => readStep(item, context) ?? [])
  }
}

function contextOf(board: BoardPlan, symbols: readonly ElfSymbol[] | undefined): Context {
  const kinds = new Map(board.parts.map(({ name, kind }) => [name, partKinds.get(kind)!]))
  return {
    partNames: [...kinds.keys()],
    readings: (part) => Object.keys(kinds.get(part)?.readings ?? {}),
    controls: (part) => kinds.get(part)?.controls ?? {},
    kindOf: (part) => kinds.get(part)?.title ?? '',
    canNodes: [...kinds].flatMap(([part, kind]) => (kind?.kind === 'can' ? [part] : [])),
    ...{ symbols, serialPorts },
  }
}

function readStep(item: Located, context: Context): Step | undefined {
  const entries = item.entries('a step')
  const words = [...Object.keys(verbs), ...Object.keys(modifierKeys)]
  for (const { key, keyNode } of entries) {
    if (!words.includes(key)) refuseUnknown('verb', keyNode, words)
  }
  const found = entries.filter(({ key }) => Object.hasOwn(verbs, key))
  const modifier = (name: string) => entries.find(({ key }) => key === name)?.value
  const times = Object.fromEntries(
    (['at', 'within', 'for'] as const).map((name) => {
      const value = modifier(name)
      const rule = { unit: 's', min: 0, max: SECONDS_MAX } as const
      return [name, value && readQuantity(value, `\`${name}\``, rule)]
    }),
  ) as { at?: number; within?: number; for?: number }
  const after = modifier('after')
  const isOnlyWait = found.length === 0 && (after !== undefined || times.at !== undefined)
  if (found.length > 1 || (found.length === 0 && !isOnlyWait)) {
    const has = found.length === 0 ? 'none' : found.map(({ key }) => `\`${key}\``).join(' and ')
    return item.refuse(
      `A step has one verb (${Object.keys(verbs).join(', ')}); this one has ${has}.`,
    )
  }
  const [verb] = found
  const kind = verb && verbs[verb.key]
  for (const name of ['within', 'for'] as const) {
    const isTaken = kind?.takes.includes(name) || (name === 'within' && after !== undefined)
    if (modifier(name) !== undefined && !isTaken) {
      modifier(name)!.refuse(`\`${name}\` means nothing with \`${verb?.key ?? 'at'}\`.`)
    }
  }
  const before = after && readAfter(after, context, times.within)
  const modifiers = { within: times.within, for: times.for }
  const action = verb && kind?.read(verb.value, context, modifiers)
  return {
    line: item.line,
    title: entries.map(({ key, value }) => `${key} ${brief(value)}`).join(', '),
    *run(run): Steps {
      const { at } = times
      while (at !== undefined && run.seconds < at) yield { until: at, topics: [] }
      if (before !== undefined) yield* before(run)
      if (action !== undefined) yield* action(run)
    },
  }
}

/** A value on one line. */
function brief(value: Located): string {
  if (value.isMap)
    return value
      .entries('')
      .map(({ key, value: one }) => `${key} ${brief(one)}`)
      .join(', ')
  if (value.isList) return value.items('').map(brief).join(' ')
  return value.text.replaceAll('\n', ' ')
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
