/**
 * What a scenario can expect, one row each: how it is read, and what it looks at. `expect:` may hold
 * several; all have to be met within the time.
 */
import type { ElfSymbol } from '@microvisor/protocol'
import { readPin } from '../board/board-file.ts'
import { parseWhole } from '../board/quantities.ts'
import { describe, type Located, refuseUnknown } from '../board/yaml-reader.ts'
import { type Comparison, readAnyComparison, readComparison, readPattern } from './comparison.ts'
import { readMemory, variableType } from './memory.ts'
import type { Run, TextTail } from './scenario.ts'
import { readUnmodelled } from './unmodelled.ts'

/** One thing that has to be so. */
export interface Condition {
  readonly title: string
  /** News of these may change it. */
  readonly topics: readonly string[]
  check(run: Run): { readonly isMet: boolean; readonly saw: string }
}

/** What reading a file may refer to. */
export interface Context {
  readonly partNames: readonly string[]
  /** Readings or controls of a part's kind. */
  readings(part: string): readonly string[]
  controls(part: string): Readonly<Record<string, import('@microvisor/mcu').ControlRule>>
  kindOf(part: string): string
  /** Parts that are nodes on a CAN bus. */
  readonly canNodes: readonly string[]
  /** Undefined while the firmware could not be read. */
  readonly symbols: readonly ElfSymbol[] | undefined
  readonly serialPorts: readonly string[]
}

interface ExpectationKind {
  readonly about: string
  readonly example: string
  read(value: Located, context: Context): readonly Condition[]
}

export const expectations: Readonly<Record<string, ExpectationKind>> = {
  log: {
    about:
      'a line on the serial log (PD5), or of `mvServerLog` under the microvisor, that matches; each expectation looks behind the match of the one before',
    example: 'log: "ready in \\\\d+ ms"',
    read: (value) => textCondition('log', value),
  },
  'no log': {
    about: 'no text on the log so far that matches',
    example: 'no log: "ERROR"',
    read: (value) => absence('log', value),
  },
  'no bench': {
    about: 'no line of the factory test so far that matches',
    example: 'no bench: "passed"',
    read: (value) => absence('bench', value),
  },
  kernel: {
    about: 'a line that the kernel traces',
    example: 'kernel: "connected"',
    read: (value) => textCondition('kernel', value),
  },
  web: {
    about: 'a request that the application has the cloud make: `METHOD URL body`',
    example: 'web: "POST https://example.com/readings .*21"',
    read: (value) => textCondition('web', value),
  },
  mqtt: {
    about: 'a message that the application publishes: `topic payload`',
    example: 'mqtt: "^sensors/1 21"',
    read: (value) => textCondition('mqtt', value),
  },
  bench: {
    about:
      'what the factory test says (`mvTestLog`), and how it ends: `passed`, or `failed` and its number',
    example: 'bench: "^passed"',
    read: (value) => textCondition('bench', value),
  },
  start: {
    about:
      'why the chip came up, again or for the first time: `power-on`, `pin`, `software`, `watchdog`, `window-watchdog`, `brown-out`, `standby`, …',
    example: 'start: "^watchdog"',
    read: (value) => textCondition('start', value),
  },
  uart: {
    about: 'text that a serial port sends',
    example: 'uart: { USART1: "^OK" }',
    read: (value, { serialPorts }) =>
      value.entries('`uart`').flatMap(({ key, keyNode, value: pattern }) => {
        if (serialPorts.includes(key)) return textCondition(`uart:${key}`, pattern)
        refuseUnknown('serial port', keyNode, serialPorts)
        return []
      }),
  },
  frame: {
    about:
      'a frame that the chip sends on a CAN bus, heard by a part of kind `can` and written as `123#DEADBEEF`; each expectation looks behind the match of the one before',
    example: 'frame: { bus: "^123#DE" }',
    read: (value, { canNodes }) =>
      value.entries('`frame`').flatMap(({ key, keyNode, value: pattern }) => {
        if (canNodes.includes(key)) return textCondition(`can:${key}`, pattern)
        refuseUnknown('part of kind can', keyNode, canNodes)
        return []
      }),
  },
  pin: {
    about: 'the level of pins: `high` or `low`',
    example: 'pin: { PA5: high }',
    read: (value) => perPin(value, 'pin', levelCondition),
  },
  frequency: {
    about: 'how often a pin rises a second, over its last periods',
    example: 'frequency: { PA8: 38 kHz ± 1 % }',
    read: (value) =>
      perPin(value, 'frequency', (pin, wanted) => {
        const comparison = readComparison(wanted, `frequency of ${pin}`, 'Hz')
        return comparison && pinValue(pin, 'Hz', comparison, (run) => run.pin(pin).hertz)
      }),
  },
  duty: {
    about: 'share of the period that a pin is high',
    example: 'duty: { PA8: 50 % ± 1 % }',
    read: (value) =>
      perPin(value, 'duty', (pin, wanted) => {
        const comparison = readComparison(wanted, `duty cycle of ${pin}`, '%')
        return comparison && pinValue(pin, '%', comparison, (run) => run.pin(pin).dutyPercent)
      }),
  },
  edges: {
    about: 'how often a pin has changed since a step first spoke of it',
    example: 'edges: { PA5: ">= 10" }',
    read: (value) =>
      perPin(value, 'edges', (pin, wanted) => {
        const comparison = readComparison(wanted, `edges of ${pin}`, '')
        return comparison && pinValue(pin, 'edges', comparison, (run) => run.pin(pin).edges)
      }),
  },
  part: {
    about: 'a reading of a part: text of a display, brightness of a light, …',
    example: 'part: { display.text: "23.5", user-led.lit: yes }',
    read: (value, context) =>
      value.entries('`part`').flatMap((entry) => partCondition(entry, context)),
  },
  memory: {
    about: 'a word of memory by address, 32 bits unless a type follows (`0x20000000:u8`)',
    example: 'memory: { 0x20000000: 0x5a }',
    read: (value) =>
      value.entries('`memory`').flatMap(({ key, keyNode, value: wanted }) => {
        const [place = '', type = 'u32'] = key.split(':')
        const address = parseWhole(place)
        if (address === undefined) {
          keyNode.refuse(
            `A place in memory is an address like \`0x20000000\`, not ${describe(keyNode)}.`,
          )
          return []
        }
        return memoryCondition(key, { address, type }, keyNode, wanted)
      }),
  },
  variable: {
    about:
      'a variable of the firmware by its ELF symbol; its size says how wide, or a type behind it (`u8` … `i32`, `f32`, `text`), `[n]` picks one of an array',
    example: 'variable: { counter: ">= 5", "readings[2]:f32": 20..25 }',
    read: (value, context) =>
      value.entries('`variable`').flatMap((entry) => variableCondition(entry, context)),
  },
  network: {
    about: 'the state of the connection under the microvisor',
    example: 'network: connected',
    read: (value) => {
      const pattern = readPattern(value, '`network`')
      if (pattern === undefined) return []
      const check = ({ world }: Run) => {
        const saw = world.network?.state ?? 'none'
        return { isMet: pattern.test(saw), saw }
      }
      return [{ title: `network ${value.text}`, topics: [], check }]
    },
  },
  interface: {
    about: 'the interface that faces the cloud: `ethernet`, `wifi`, `cellular` or `none`',
    example: 'interface: wifi',
    read: (value) => {
      const check = ({ world }: Run) => {
        const saw = world.network?.interface ?? 'none'
        return { isMet: saw === value.text, saw }
      }
      return [{ title: `interface ${value.text}`, topics: [], check }]
    },
  },
  faults: {
    about: 'how many faults the firmware has taken (allow them with `allow: [fault]`)',
    example: 'faults: 0',
    read: (value) => {
      const comparison = readComparison(value, '`faults`', '')
      const check = ({ faults }: Run) => {
        const last = faults.at(-1)
        const saw = `${faults.length}${last ? `, the last a ${last.exception}` : ''}`
        return { isMet: comparison?.accepts(faults.length) ?? false, saw }
      }
      return [{ title: `faults ${value.text}`, topics: ['fault'], check }]
    },
  },
  unmodelled: {
    about:
      'how many accesses there were to what the chip model lacks: all, or by peripheral or register as the report names them',
    example: 'unmodelled: { SAI1: 0, USART1.CR2.LINEN: "<= 1" }',
    read: readUnmodelled,
  },
}

function textCondition(source: string, value: Located): readonly Condition[] {
  const pattern = readPattern(value, `\`${source}\``)
  if (pattern === undefined) return []
  const check = (run: Run) => {
    const tail = run.text(source)
    const rest = tail.all.slice(tail.used)
    const found = pattern.exec(rest)
    if (found === null) return { isMet: false, saw: lastLines(wholeLines(tail)) }
    tail.used += found.index + Math.max(found[0].length, 1)
    return { isMet: true, saw: found[0] }
  }
  return [{ title: `${source} ${value.text}`, topics: [source], check }]
}

function absence(source: string, value: Located): readonly Condition[] {
  const pattern = readPattern(value, `\`no ${source}\``)
  if (pattern === undefined) return []
  const check = (run: Run) => {
    const found = pattern.exec(run.text(source).all)
    return { isMet: found === null, saw: found?.[0] ?? '' }
  }
  return [{ title: `no ${source} ${value.text}`, topics: [], check }]
}

/** What is new, without the end of a line whose beginning an earlier expectation has used. */
function wholeLines({ all, used }: TextTail): string {
  const isMiddle = used > 0 && all[used - 1] !== '\n'
  return all.slice(isMiddle ? all.indexOf('\n', used) + 1 || all.length : used)
}

const SHOWN_LINES = 5

function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n')
  if (text.trim() === '') return 'nothing new'
  return lines.slice(-SHOWN_LINES).join(' ⏎ ')
}

function perPin(
  value: Located,
  what: string,
  make: (pin: string, wanted: Located) => Condition | undefined,
): readonly Condition[] {
  return value.entries(`\`${what}\``).flatMap(({ keyNode, value: wanted }) => {
    const pin = readPin(keyNode, what)
    const condition = pin === undefined ? undefined : make(pin, wanted)
    return condition === undefined ? [] : [condition]
  })
}

function levelCondition(pin: string, wanted: Located): Condition | undefined {
  if (!['high', 'low'].includes(wanted.text)) return refuseUnknown('level', wanted, ['high', 'low'])
  const check = (run: Run) => {
    const saw = run.world.assembly.ports.level(pin) ? 'high' : 'low'
    return { isMet: saw === wanted.text, saw }
  }
  return { title: `${pin} ${wanted.text}`, topics: [`pin:${pin}`], check }
}

function pinValue(
  pin: string,
  unit: string,
  comparison: Comparison,
  of: (run: Run) => number,
): Condition {
  const check = (run: Run) => {
    const value = of(run)
    return { isMet: comparison.accepts(value), saw: `${Number(value.toFixed(3))} ${unit}` }
  }
  return { title: `${pin} ${comparison.text}`, topics: [`pin:${pin}`], check }
}

function partCondition(
  { key, keyNode, value }: { key: string; keyNode: Located; value: Located },
  context: Context,
): readonly Condition[] {
  const [part = '', reading = ''] = key.split('.')
  if (!context.partNames.includes(part)) {
    refuseUnknown('part', keyNode, context.partNames)
    return []
  }
  const known = context.readings(part)
  if (!known.includes(reading)) {
    refuseUnknown(
      'reading',
      keyNode,
      known.map((name) => `${part}.${name}`),
    )
    return []
  }
  const comparison = readAnyComparison(value, key)
  if (comparison === undefined) return []
  const check = ({ world }: Run) => {
    const saw = world.assembly.part(part)?.readings?.()[reading] ?? ''
    return { isMet: comparison.accepts(saw), saw: JSON.stringify(saw) }
  }
  return [{ title: `${key} ${value.text}`, topics: [], check }]
}

function memoryCondition(
  name: string,
  place: { readonly address: number; readonly type: string },
  keyNode: Located,
  wanted: Located,
): readonly Condition[] {
  const type = variableType(place.type)
  if (type === undefined) {
    keyNode.refuse(`${describe(keyNode)} has no type u8, i8, u16, i16, u32, i32, f32, f64 or text.`)
    return []
  }
  const comparison = readAnyComparison(wanted, name)
  if (comparison === undefined) return []
  const check = ({ world }: Run) => {
    const saw = readMemory(world.board.chip.cpu.bytes, place.address, type)
    return { isMet: comparison.accepts(saw), saw: JSON.stringify(saw) }
  }
  return [{ title: `${name} ${wanted.text}`, topics: [], check }]
}

function variableCondition(
  { key, keyNode, value }: { key: string; keyNode: Located; value: Located },
  { symbols }: Context,
): readonly Condition[] {
  const match = /^([A-Za-z_][\w.]*)(?:\[(\d+)\])?(?::(\w+))?$/.exec(key)
  if (match === null) {
    keyNode.refuse(
      `A variable is a name like \`counter\`, \`table[3]\` or \`level:f32\`, not ${describe(keyNode)}.`,
    )
    return []
  }
  if (symbols === undefined) return []
  const [, name = '', index = '0', given] = match
  const symbol = symbols.find((one) => one.name === name && one.kind === 'object')
  if (symbol === undefined) {
    if (symbols.length === 0) {
      keyNode.refuse(
        `The firmware has no symbols, so \`${name}\` cannot be found; give the unstripped ELF file as \`symbols\`.`,
      )
    } else
      refuseUnknown(
        'variable',
        keyNode,
        symbols.filter(({ kind }) => kind === 'object').map((one) => one.name),
      )
    return []
  }
  const type = given ?? { 1: 'u8', 2: 'u16' }[symbol.bytes] ?? 'u32'
  const bytes = variableType(type)?.bytes ?? 1
  const address = symbol.address + Number(index) * bytes
  return memoryCondition(key, { address, type }, keyNode, value)
}
