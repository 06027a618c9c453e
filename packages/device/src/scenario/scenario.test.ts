import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { sampled, seed } from '../../../../tools/sampling.ts'
import { DescriptionError } from '../board/problems.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import {
  application,
  handler,
  load,
  sleepForever,
  spinForever,
  str,
  undefinedInstruction,
} from '../testing/thumb.ts'
import { formatEvent, formatJUnit, formatResult, resultAsJson } from './reports.ts'
import type { ScenarioResult } from './run.ts'
import { drawPictures, runScenarioFile } from './run-files.ts'
import { parseScenario } from './scenario-file.ts'

const set = (address: number, value: number) => [
  ...load(1, address),
  ...load(2, value),
  ...str(2, 1),
]

/** PA5 up and down with every SysTick of 4000 cycles (1 ms); `H` on the log at the start. */
const blinking = application(
  [
    ...[...set(0x4602_0c8c, 0x1f), ...set(0x4602_0c9c, 1 << 17)],
    ...[...set(0x4202_0000, 0xabff_f7ff), ...set(0x4202_0c00, 0xffff_fbff)],
    ...[...set(0x4202_0c20, 7 << 20), ...set(0x4000_440c, 35), ...set(0x4000_4400, 9)],
    ...[...set(0x4000_4428, 0x48), ...set(0x2000_0000, 0)],
    ...[...set(0xe000_e014, 3999), ...set(0xe000_e018, 0), ...set(0xe000_e010, 7)],
    ...sleepForever,
  ],
  // Counts in SRAM, copies the count's bit 0 to PA5.
  handler([
    ...load(1, 0x2000_0000),
    0x680a,
    0x3201,
    0x600a,
    0x0152,
    ...load(1, 0x4202_0014),
    0x600a,
  ]),
)
const faulting = application(
  [...set(0x2000_0000, 7), ...undefinedInstruction, ...spinForever],
  [0xe7fe],
)
/** Sends `123#AA` on FDCAN1 at 500 kHz, on PD0 and PD1, and stays on the bus. */
const canSpeaking = application(
  [
    ...[...set(0x4602_0c00, 0x1_0035), ...set(0x4602_0c8c, 8), ...set(0x4602_0ca0, 1 << 9)],
    ...[...set(0x4202_0c00, 0xffff_fffa), ...set(0x4202_0c20, 0x99), ...set(0x4000_a418, 3)],
    ...[...set(0x4000_a41c, 0x0a00_1805), ...set(0x4000_a418, 0)],
    ...[...set(0x4000_ae78, 0x123 << 18), ...set(0x4000_ae7c, 1 << 16), ...set(0x4000_ae80, 0xaa)],
    ...[...set(0x4000_a4cc, 1), ...sleepForever],
  ],
  [0xe7fe],
)

interface Given {
  readonly image?: Uint8Array
  readonly seed?: number
}

async function run(
  context: TestContext,
  text: string,
  { image = blinking, seed: given }: Given = {},
) {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'app.bin'), image)
  const path = join(folder, 'test.yaml')
  writeFileSync(path, `firmware: app.bin\n${text}`)
  return runScenarioFile(path, {
    ...{ seed: given, timeoutMs: 600_000, isRecording: text.includes('waves:') },
    onEvent() {},
  })
}

function passed(result: ScenarioResult): void {
  assert.equal(result.failure, undefined, result.events.map(formatEvent).join('\n'))
}

test('frames on a CAN bus are heard and sent', async (context) => {
  const board = 'board: { parts: { bus: { kind: can, port: FDCAN1, rate: 500 kHz } } }'
  const result = await run(
    context,
    `${board}
steps:
  - expect: { frame: { bus: "^123#AA$" } }
  - send frame: { bus: "7FF#0102" }
  - expect: { part: { bus.sent: 1, bus.last: "123#AA" } }
`,
    { image: canSpeaking },
  )
  passed(result)
  assert.equal(
    result.events.some(({ kind, text }) => kind === 'can' && text === 'bus: 123#AA'),
    true,
  )
})

test('pins, frequencies, memory and text are seen as they are', async (context) => {
  passed(
    await run(
      context,
      `steps:
  - expect: { uart: { USART2: H } }
    within: 1 ms
  - expect: { frequency: { PA5: 500 Hz ± 0.1 % }, duty: { PA5: 50 % ± 0.5 % } }
    within: 20 ms
  - at: 100.5 ms
    expect: { memory: { 0x20000000: 100, "0x20000000:u8": 99..101 }, part: { user-led.brightness: 0.49..0.51 } }
  - after: { rise: PA5 }
    expect: { pin: { PA5: high } }
  - expect: { pin: { PA5: low } }
    within: 1 ms
  - expect: { faults: 0, unmodelled: 0, edges: { PA5: "> 3" } }
`,
    ),
  )
})

test('what does not come about fails with its line, what was expected and what was seen', async (context) => {
  const result = await run(
    context,
    `steps:
  - expect: { memory: { 0x20000000: "> 5" } }
  - expect: { frequency: { PA5: 1 kHz } }
    within: 30 ms
  - note: never
`,
  )
  assert.equal(result.isPassed, false)
  assert.equal(result.line, 4)
  assert.match(result.failure!, /^not within 0.03 s: PA5 1 kHz: saw 500(\.\d+)? Hz$/)
  assert.deepEqual(
    result.steps.map(({ outcome }) => outcome),
    ['passed', 'failed', 'not reached'],
  )
  const xml = formatJUnit([result])
  assert.match(xml, /<testsuites tests="3" failures="1">/)
  assert.match(xml, /<failure message="not within/)
})

test('an expectation that is not met ends at its time, whatever that time is', async (context) => {
  // Moments at which the sum of both times, as seconds, is rounded up past its own cycle.
  for (const microseconds of [20_049, 20_101, 20_108, 20_160, 20_219]) {
    const text = `steps:\n  - at: ${microseconds} us\n    expect: { memory: { 0x20000000: 0 } }\n    within: 7.3 ms\n`
    const { isPassed, steps } = await run(context, text)
    assert.equal(isPassed, false)
    assert.ok(
      Math.abs(steps[0]!.seconds - (microseconds / 1e6 + 0.0073)) < 2e-6,
      `${steps[0]!.seconds}`,
    )
  }
})

test('a fault fails the scenario unless it is allowed', async (context) => {
  const steps = 'steps:\n  - wait: 10 ms\n'
  const result = await run(context, steps, { image: faulting })
  assert.match(result.failure!, /the firmware took a HardFault at 0x080002/)
  passed(
    await run(context, `allow: [fault]\n${steps}  - expect: { faults: 1 }\n`, { image: faulting }),
  )
})

test('power goes and comes back; parts and chip start anew', async (context) => {
  const result = await run(
    context,
    `steps:
  - expect: { memory: { 0x20000000: ">= 50" } }
  - power: off
  - wait: 1 s
  - expect: { pin: { PA5: low } }
    for: 100 ms
  - power: on
  - expect: { memory: { 0x20000000: 3..20 } }
  - reset: pin
  - expect: { uart: { USART2: HH } }
  - power: cycle
    for: 20 ms
  - expect: { frequency: { PA5: 500 Hz ± 1 % } }
`,
  )
  passed(result)
  const starts = result.events.filter(({ kind }) => kind === 'start').map(({ text }) => text)
  assert.deepEqual(starts, ['power-on', 'power-on', 'pin', 'power-on'])
})

test('the same scenario gives the same trace, waves, reports and pictures, byte for byte; another seed may not', async (context) => {
  const text = `board: { parts: { knob: { kind: button, pin: PA1, bounce: 10 ms } } }
waves: [PA5, PA1, USART2]
steps:
  - at: 20 ms
    press: knob
    for: 15 ms
  - wait: 30 ms
  - picture: a.svg
  - picture: b.png
`
  const runs = []
  for (const given of [1, 1, 2]) {
    const result = { ...(await run(context, text, { seed: given })), file: 'test.yaml' }
    const pictures = drawPictures(result).map(([, bytes]) => Buffer.from(bytes).toString('base64'))
    const reports = [resultAsJson(result), formatJUnit([result]), formatResult(result, '.')]
    runs.push(JSON.stringify([...reports, result.events.map(formatEvent), result.waves, pictures]))
  }
  assert.equal(runs[0], runs[1])
  assert.notEqual(runs[0], runs[2], 'contacts bounce at other moments')
})

test('waveforms hold every edge at its nanosecond', async (context) => {
  const result = await run(context, 'waves: [PA5]\nsteps:\n  - wait: 10.5 ms\n')
  const times = result.waves
    .split('\n')
    .flatMap((line) => (line[0] === '#' ? [Number(line.slice(1))] : []))
  const end = times.at(-1)!
  assert.ok(Math.abs(end - 10_500_000) <= 250, `${end}`)
  const edges = times.slice(0, -1).filter((ns) => ns > 1_000_000)
  assert.equal(edges.length, 10)
  edges.slice(1).forEach((ns, i) => {
    assert.ok(Math.abs(ns - edges[i]! - 1_000_000) <= 250, `${edges}`)
  })
})

test('an hour of sleep is over soon', async (context) => {
  const sleeping = application([...set(0x2000_0000, 1), ...sleepForever])
  const started = performance.now()
  passed(
    await run(context, 'steps:\n  - wait: 1 h\n  - expect: { memory: { 0x20000000: 1 } }\n', {
      image: sleeping,
    }),
  )
  assert.ok(performance.now() - started < 60_000)
})

const wrong: readonly (readonly [string, string])[] = [
  ['stps: []', '1:1: There is no key `stps`. Did you mean `steps`?'],
  ['steps: []', '1:1: A scenario needs a `firmware`.'],
  [
    'firmware: a\nsteps:\n  - expct: { log: x }',
    '3:5: There is no verb `expct`. Did you mean `expect`?',
  ],
  [
    'firmware: a\nsteps:\n  - wait: 5 sec',
    '3:11: `wait` has to be a number with a unit (us, µs, ms, s, min, h, d)',
  ],
  ['firmware: a\nsteps:\n  - wait: 1 s\n    press: button', '3:5: A step has one verb'],
  [
    'firmware: a\nsteps:\n  - press: buton',
    '3:12: There is no button `buton`. Did you mean `button`?',
  ],
  ['firmware: a\nsteps:\n  - set: { log.x: 1 }', '3:12: `log` (serial line) has no controls.'],
  ['firmware: a\nsteps:\n  - expect: { log: "(" }', '3:20: `log` is no regular expression'],
  [
    'firmware: a\nsteps:\n  - expect: { part: { button.prest: yes } }',
    'There is no reading `button.prest`. Did you mean `button.pressed`',
  ],
  [
    'firmware: a\nsteps:\n  - expect: { variable: { countr: 1 } }',
    'There is no variable `countr`. Did you mean `counter`?',
  ],
  [
    'firmware: a\nsteps:\n  - expect: { frequency: { PA5: 38 } }',
    'frequency of PA5 has to be a number like `20 Hz`',
  ],
  [
    'firmware: a\nsteps:\n  - expect: { pin: { PZ5: high } }',
    'pin has to be a pin from PA0 to PI15, not `PZ5`.',
  ],
  [
    'firmware: a\nsteps:\n  - send: { USART9: x }',
    'There is no serial port `USART9`. Did you mean',
  ],
  [
    'firmware: a\nsteps:\n  - wait: 1 s\n    within: 1 s',
    '4:13: `within` means nothing with `wait`.',
  ],
  ['firmware: a\nallow: [falt]', '2:9: There is no trouble `falt`. Did you mean `fault`?'],
  ['firmware: a\nboard: { parts: { a: { kind: led } } }', '`a` (LED) needs `pin`'],
  [
    'firmware: a\nstart: yesterday',
    '`start` has to be like 2026-01-01T00:00:00Z, not `yesterday`.',
  ],
]

test('a firmware or board file that cannot be read is told where the scenario names it', async (context) => {
  const refusal = (text: string) =>
    run(context, text).then(
      () => '',
      (error: Error) => error.message,
    )
  assert.match(await refusal('board: none.yaml'), /:2:8: The board file cannot be read: ENOENT/)
  assert.match(await refusal('symbols: none.elf'), /:1:11: The firmware cannot be read: ENOENT/)
  assert.match(
    await refusal('waves: [PA5, I2C9]'),
    /:2:14: There is no pin, bus or serial port `I2C9`/,
  )
})

function problemsOf(text: string): string {
  try {
    parseScenario('s.yaml', text, {
      symbolsOf: () => [{ name: 'counter', kind: 'object', address: 0x2000_0000, bytes: 4 }],
    })
  } catch (error) {
    if (error instanceof DescriptionError) return error.message
    throw error
  }
  return ''
}

for (const [text, expected] of wrong) {
  test(`refused with its place: ${expected}`, () => {
    const problems = problemsOf(text)
    assert.ok(problems.includes(expected), problems)
  })
}

test('whatever stands in a scenario is read or refused, never anything else', () => {
  const good = `firmware: a.elf
steps:
  - at: 1 s
    expect: { log: ready, pin: { PA5: high }, variable: { "counter[1]:u8": 1..5 } }
    within: 2 s
  - set: { button.pressed: yes }
  - send: { USART1: [1, 2] }
`
  const words = fc.constantFrom(
    ...'expect pin PA5 : { } [ ] - & * ! | > ? .. ± % 0x1 1s'.split(' '),
    '\n',
    '  ',
  )
  const mutated = fc
    .tuple(fc.nat(good.length), fc.nat(12), fc.array(words, { maxLength: 6 }))
    .map(([at, cut, put]) => good.slice(0, at) + put.join('') + good.slice(at + cut))
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string(), fc.json()), (text) => void problemsOf(text)),
    {
      seed,
      numRuns: sampled(300, 20_000),
    },
  )
})

test('firmware that drives a pin against a part fails, unless that is allowed', async (context) => {
  const steps = `board: { parts: { imu: { kind: lis3dh, bus: I2C1, int1: PB0 }, knob: { kind: potentiometer, pin: PA1 } } }
steps: [ { wait: 5 ms } ]
`
  // INT1 of the sensor is low; PB0 becomes an output that is high.
  const high = application([
    ...set(0x4602_0c8c, 2),
    ...set(0x4202_0418, 1),
    ...set(0x4202_0400, 0xffff_febd),
    ...sleepForever,
  ])
  const result = await run(context, steps, { image: high })
  assert.equal(result.failure, 'PB0 is driven high by the firmware and low by imu.')
  passed(await run(context, `allow: [conflict]\n${steps}`, { image: high }))
})
