/**
 * What a step of a scenario can do, one row each: how it is read, and what it does. Each step has
 * one verb; `at`, `after`, `within` and `for` say when and how long.
 */
import { CanNodePart, type ControlValue, parseFrame, serialPins } from '@microvisor/mcu'
import { readControl, readPin } from '../board/board-file.ts'
import { parseWhole, readQuantity } from '../board/quantities.ts'
import { describe, type Located, refuseUnknown } from '../board/yaml-reader.ts'
import { type Condition, type Context, expectations } from './expectations.ts'
import { networkVerb } from './network-verb.ts'
import { outsideVerbs } from './outside-verbs.ts'
import { ExpectationError, type Run, type Steps } from './scenario.ts'
import { supplyVerbs } from './supply-verbs.ts'
import { act, pause, type Verb } from './verb.ts'

/** A scenario's longest wait: ten years. */
export const SECONDS_MAX = 315_360_000
const TIME = { unit: 's', min: 0, max: SECONDS_MAX } as const
/** How long an expectation waits unless it says. */
const DEFAULT_WITHIN_SECONDS = 10
/** Between looks at things that do not announce their changes. */
const LOOK_SECONDS = 0.001
const LOOKS_MAX = 10_000

export const verbs: Readonly<Record<string, Verb>> = {
  wait: {
    about: 'lets time pass',
    example: 'wait: 500 ms',
    takes: [],
    read(value) {
      const seconds = readQuantity(value, '`wait`', TIME)
      return seconds === undefined ? undefined : (run) => pause(run, seconds)
    },
  },
  expect: {
    about:
      'something has to become so `within` a time (10 s unless given), and stay so `for` a time',
    example: 'expect: { log: ready, pin: { PA5: high } }',
    takes: ['within', 'for'],
    read(value, context, { within, for: hold }) {
      const conditions = readConditions(value, context)
      return (run) => expect(run, conditions, within ?? DEFAULT_WITHIN_SECONDS, hold)
    },
  },
  press: {
    about: 'presses a button `for` a time, or until it is released',
    example: 'press: button',
    takes: ['for'],
    read(value, context, { for: hold }) {
      const name = readButton(value, context)
      if (name === undefined) return undefined
      return function* (run) {
        run.world.assembly.set(name, 'pressed', true)
        if (hold === undefined) return
        yield* pause(run, hold)
        run.world.assembly.set(name, 'pressed', false)
      }
    },
  },
  release: {
    about: 'releases a button',
    example: 'release: button',
    takes: [],
    read(value, context) {
      const name = readButton(value, context)
      if (name === undefined) return undefined
      return act((run) => run.world.assembly.set(name, 'pressed', false))
    },
  },
  set: {
    about: 'moves controls of parts: what a sensor measures, where a knob stands',
    example: 'set: { thermometer.temperature: 31.5 C }',
    takes: [],
    read(value, context) {
      const moves = value.entries('`set`').flatMap((entry) => readMove(entry, context))
      return act(({ world }) => {
        for (const { part, control, value: to } of moves) world.assembly.set(part, control, to)
      })
    },
  },
  send: {
    about: 'sends text or bytes to a serial port of the chip',
    example: 'send: { USART1: "status\\r\\n" }',
    takes: [],
    read(value, { serialPorts }) {
      const sends = value.entries('`send`').flatMap(({ key, keyNode, value: content }) => {
        if (!serialPorts.includes(key)) {
          refuseUnknown('serial port', keyNode, serialPorts)
          return []
        }
        return [{ port: key === 'log' ? 'USART2' : key, bytes: readBytes(content) }]
      })
      return act(({ world }) => {
        for (const { port, bytes } of sends) world.assembly.ports.send(port, bytes)
      })
    },
  },
  'send frame': {
    about:
      'sends a frame on a CAN bus from a part of kind `can`: `123#DEADBEEF`, `00000123#` extended, `123#R` remote, `123##1AABB` FD with bit rate switching',
    example: 'send frame: { bus: "123#DEADBEEF" }',
    takes: [],
    read: readFrames,
  },
  ...supplyVerbs,
  network: networkVerb,
  clock: {
    about: "lets the world's clock jump: what a GNSS receiver or the cloud says the time is",
    example: 'clock: 1 h',
    takes: [],
    read(value) {
      const rule = { unit: 's', min: -SECONDS_MAX, max: SECONDS_MAX } as const
      const seconds = readQuantity(value, '`clock`', rule)
      if (seconds === undefined) return undefined
      return act(({ world }) => {
        world.assembly.worldOffsetSeconds += seconds
      })
    },
  },
  picture: {
    about: 'draws the board into a file beside the results (.svg or .png)',
    example: 'picture: warm.svg',
    takes: [],
    read(value) {
      if (/^[\w-]+\.(svg|png)$/.test(value.text)) return act((run) => run.picture(value.text))
      return value.refuse(
        `A picture's name is like \`warm.svg\` or \`warm.png\`, not ${describe(value)}.`,
      )
    },
  },
  note: {
    about: 'puts a line into the report',
    example: 'note: the heater is off from here on',
    takes: [],
    read: () => act(() => {}),
  },
  ...outsideVerbs,
}

const textEvents = ['log', 'uart', 'kernel', 'web', 'mqtt', 'bench', 'start']

/** A wait that `after` a step asks for: a log line, text on a port, an edge of a pin. */
export function readAfter(
  value: Located,
  context: Context,
  within: number | undefined,
): ((run: Run) => Steps) | undefined {
  const edges: ((run: Run) => Steps)[] = []
  const limit = within ?? DEFAULT_WITHIN_SECONDS
  for (const { key, keyNode, value: content } of value.entries('`after`')) {
    if (textEvents.includes(key)) {
      const conditions = expectations[key]!.read(content, context)
      edges.push((run) => expect(run, conditions, limit, undefined))
    } else if (key === 'rise' || key === 'fall') {
      const pin = readPin(content, key)
      if (pin !== undefined) edges.push((run) => awaitEdge(run, pin, key === 'rise', limit))
    } else refuseUnknown('event', keyNode, [...textEvents, 'rise', 'fall'])
  }
  return function* (run) {
    for (const edge of edges) yield* edge(run)
  }
}

function* expect(
  run: Run,
  conditions: readonly Condition[],
  within: number,
  hold: number | undefined,
): Steps {
  const deadline = run.seconds + within
  const look = Math.max(LOOK_SECONDS, within / LOOKS_MAX)
  const waiting = new Set(conditions)
  const topics = [...new Set(conditions.flatMap((condition) => condition.topics))]
  for (;;) {
    for (const condition of waiting) if (condition.check(run).isMet) waiting.delete(condition)
    if (waiting.size === 0) break
    if (run.seconds >= deadline) throw missed([...waiting], run, within)
    const isSilent = [...waiting].some((condition) => condition.topics.length === 0)
    const isPin = topics.some((topic) => topic.startsWith('pin:'))
    yield { until: isSilent || isPin ? Math.min(deadline, run.seconds + look) : deadline, topics }
  }
  if (hold !== undefined) yield* remain(run, conditions, hold)
}

/** Having become so, it stays so. Text that has been found cannot go away again. */
function* remain(run: Run, conditions: readonly Condition[], hold: number): Steps {
  const lasting = conditions.filter(({ topics }) => !topics.some((topic) => isText(topic)))
  const until = run.seconds + hold
  const look = Math.max(LOOK_SECONDS, hold / LOOKS_MAX)
  const topics = lasting.flatMap((condition) => condition.topics)
  while (run.seconds < until) {
    yield { until: Math.min(until, run.seconds + look), topics }
    for (const condition of lasting) {
      const { isMet, saw } = condition.check(run)
      if (!isMet) throw new ExpectationError(`${condition.title}: no longer so, saw ${saw}.`)
    }
  }
}

function isText(topic: string): boolean {
  const isOfWire = topic.startsWith('uart:') || topic.startsWith('can:')
  return textEvents.includes(topic) || isOfWire
}

function missed(waiting: readonly Condition[], run: Run, within: number): ExpectationError {
  const lines = waiting.map((condition) => `${condition.title}: saw ${condition.check(run).saw}`)
  return new ExpectationError(`not within ${within} s: ${lines.join('; ')}`)
}

function* awaitEdge(run: Run, pin: string, isRise: boolean, within: number): Steps {
  const deadline = run.seconds + within
  const meter = run.pin(pin)
  let edges = meter.edges
  for (;;) {
    yield { until: deadline, topics: [`pin:${pin}`] }
    if (meter.edges > edges && meter.isHigh === isRise) return
    edges = meter.edges
    if (run.seconds >= deadline) {
      throw new ExpectationError(`${pin} did not ${isRise ? 'rise' : 'fall'} within ${within} s.`)
    }
  }
}

function readConditions(value: Located, context: Context): readonly Condition[] {
  return value.entries('`expect`').flatMap(({ key, keyNode, value: content }) => {
    const kind = Object.hasOwn(expectations, key) ? expectations[key] : undefined
    if (kind !== undefined) return kind.read(content, context)
    refuseUnknown('expectation', keyNode, Object.keys(expectations))
    return []
  })
}

function readButton(value: Located, context: Context): string | undefined {
  const buttons = context.partNames.filter((name) => 'pressed' in context.controls(name))
  return buttons.includes(value.text) ? value.text : refuseUnknown('button', value, buttons)
}

function readMove(
  { key, keyNode, value }: { key: string; keyNode: Located; value: Located },
  context: Context,
): { part: string; control: string; value: ControlValue }[] {
  const [part = '', control = ''] = key.split('.')
  if (!context.partNames.includes(part)) {
    refuseUnknown('part', keyNode, context.partNames)
    return []
  }
  const rules = context.controls(part)
  const rule = Object.hasOwn(rules, control) ? rules[control] : undefined
  if (rule === undefined) {
    const known = Object.keys(rules).map((name) => `${part}.${name}`)
    if (known.length > 0) refuseUnknown('control', keyNode, known)
    else keyNode.refuse(`\`${part}\` (${context.kindOf(part)}) has no controls.`)
    return []
  }
  const to = readControl(value, key, rule)
  return to === undefined ? [] : [{ part, control, value: to }]
}

function readFrames(value: Located, { canNodes }: Context): ((run: Run) => Steps) | undefined {
  const frames = value.entries('`send frame`').flatMap(({ key, keyNode, value: content }) => {
    const frame = parseFrame(content.text)
    if (!canNodes.includes(key)) refuseUnknown('part of kind can', keyNode, canNodes)
    else if (frame === undefined) {
      content.refuse(
        `A frame is like \`123#DEADBEEF\` (identifier, #, up to 8 bytes; ## and a digit for FD), not ${describe(content)}.`,
      )
    } else return [{ key, frame }]
    return []
  })
  return act(({ world }) => {
    for (const { key, frame } of frames) {
      const node = world.assembly.part(key)
      if (node instanceof CanNodePart && !node.send(frame)) {
        throw new ExpectationError(`${key} has too many frames waiting: nobody acknowledges them.`)
      }
    }
  })
}

const SEND_BYTES_MAX = 65_536

/** Text as UTF-8, or a list of bytes. */
function readBytes(content: Located): readonly number[] {
  const bytes = content.isList
    ? content.items('bytes').map((item) => {
        const byte = parseWhole(item.text)
        if (byte === undefined || byte > 0xff)
          item.refuse(`A byte is 0 to 255, not ${describe(item)}.`)
        return byte ?? 0
      })
    : [...Buffer.from(String(content.scalar ?? ''), 'utf8')]
  if (content.isMap) content.refuse('What is sent is text or a list of bytes, not a mapping.')
  if (bytes.length > SEND_BYTES_MAX) {
    content.refuse(`${bytes.length} bytes are to be sent at once; at most ${SEND_BYTES_MAX}.`)
  }
  return bytes
}

/** Ports that a step may name; `log` is the one behind PD5. */
export const serialPorts: readonly string[] = ['log', ...Object.keys(serialPins)]
