import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sampled, seed } from '../../../../tools/sampling.ts'
import { parseBoard } from './board-file.ts'
import { DescriptionError, PROBLEMS_MAX } from './problems.ts'

function problemsOf(text: string): string[] {
  try {
    parseBoard('board.yaml', text)
  } catch (error) {
    if (error instanceof DescriptionError) return error.message.split('\n')
    throw error
  }
  return []
}

test('a board has what is soldered to it and what the file adds', () => {
  const plan = parseBoard(
    'board.yaml',
    `board: greenhouse
buses: { I2C1: { scl: PB6, sda: PB7 } }
parts:
  thermometer: { kind: mcp9808, bus: I2C1, address: 0x1a, alert: PB0, temperature: 68 F }
  memory: { kind: eeprom, bus: I2C2, type: 24C64, write_time: 3 ms }
`,
  )
  assert.equal(plan.name, 'greenhouse')
  const names = plan.parts.map(({ name }) => name)
  assert.deepEqual(names, ['user-led', 'system-led', 'button', 'log', 'thermometer', 'memory'])
  assert.deepEqual(plan.parts[4]!.settings, { bus: 'I2C1', address: 0x1a, alert: 'PB0' })
  assert.deepEqual(plan.parts[4]!.controls, { temperature: 20 })
  assert.equal(plan.parts[5]!.settings.write_time, 0.003)
  assert.deepEqual(plan.i2c.I2C1, { scl: 'PB6', sda: 'PB7' })
  assert.equal(parseBoard('b', 'base: none').parts.length, 0)
})

const wrong: readonly (readonly [string, string])[] = [
  ['bord: x', 'board.yaml:1:1: There is no key `bord`. Did you mean `board`?'],
  [
    'parts:\n  a: { kind: mcp980 }',
    'board.yaml:2:14: There is no kind of part `mcp980`. Did you mean `mcp9808`?',
  ],
  ['parts:\n  a: { bus: I2C1 }', 'board.yaml:2:3: `a` needs a `kind`:'],
  [
    'parts:\n  a: { kind: mcp9808 }',
    'board.yaml:2:3: `a` (MCP9808 temperature sensor) needs `bus`',
  ],
  [
    'parts:\n  a: { kind: mcp9808, bus: I2C5 }',
    'board.yaml:2:28: There is no bus `I2C5`. Did you mean `I2C1`',
  ],
  [
    'parts:\n  a: { kind: mcp9808, bus: I2C1, address: 0x30 }',
    'board.yaml:2:43: a.address can be 0x18 to 0x1f',
  ],
  [
    'parts:\n  a: { kind: led, pin: PA16 }',
    'board.yaml:2:24: a.pin has to be a pin from PA0 to PI15, not `PA16`.',
  ],
  [
    'parts:\n  a: { kind: mcp9808, bus: I2C1, temperature: 20 }',
    'board.yaml:2:47: a.temperature has to be a number with a unit (C, °C, F, K), like `20 C`, not `20`.',
  ],
  [
    'parts:\n  a: { kind: mcp9808, bus: I2C1, temperature: 200 C }',
    'a.temperature is 200 C; it can be from -40 to 125 C.',
  ],
  [
    'parts:\n  a: { kind: mcp9808, bus: I2C1 }\n  b: { kind: lis3dh, bus: I2C1, address: 0x18 }',
    '`b` and `a` are both at address 0x18 of I2C1.',
  ],
  [
    'parts:\n  a: { kind: eeprom, bus: I2C1, type: 24C04 }\n  b: { kind: eeprom, bus: I2C1, address: 0x51 }',
    '`b` and `a` are both at address 0x51 of I2C1.',
  ],
  [
    'parts:\n  a: { kind: button, pin: PC13 }',
    'PC13 is driven by `button` already, not also by `a`.',
  ],
  ['parts:\n  button: { kind: button, pin: PA0 }', 'The board has a part `button` already.'],
  ['parts: [1, 2]', '`parts` has to be a mapping (`key: value`), not a list.'],
  ['parts:\n  a: { kind: led, kind: led }', 'Map keys must be unique'],
  ['parts: { a: &x { kind: led }, b: *x }', 'Aliases'],
  [
    'buses: { I2C1: { scl: PB6, sdc: PB7 } }',
    'There is no signal `sdc`. Did you mean `sda` or `scl`?',
  ],
  [
    'parts: { a: { kind: i2c-registers, bus: I2C1, address: 8, registers: { 0x100: 1 } } }',
    "A register's number is from 0 to 0xff, not `0x100`.",
  ],
]

for (const [text, expected] of wrong) {
  test(`refused with its place: ${expected}`, () => {
    const problems = problemsOf(text)
    assert.ok(
      problems.some((problem) => problem.includes(expected)),
      problems.join('\n'),
    )
  })
}

test('of very many mistakes a bounded number is told', () => {
  const keys = Array.from({ length: 500 }, (_, i) => `k${i}: 1`).join('\n')
  assert.equal(problemsOf(keys).length, PROBLEMS_MAX)
  assert.ok(problemsOf(`a: ${'['.repeat(2000)}`).length > 0)
  assert.match(problemsOf(`board: ${'x'.repeat(1_100_000)}`)[0]!, /at most 1048576/)
})

test('whatever stands in a file is read or refused, never anything else', () => {
  const good = `board: x
parts:
  a: { kind: mcp9808, bus: I2C1, address: 0x18, temperature: 20 C }
  b: { kind: button, pin: PA0, bounce: 5 ms }
`
  const words = fc.constantFrom(
    ...'kind pin : { } [ ] - & * ! | > ? PA0 0x18 20C \n \t " \' # %'.split(' '),
    '\n',
    ' ',
  )
  const mutated = fc
    .tuple(fc.nat(good.length), fc.nat(12), fc.array(words, { maxLength: 6 }))
    .map(([at, cut, put]) => good.slice(0, at) + put.join('') + good.slice(at + cut))
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string(), fc.json()), (text) => {
      for (const problem of problemsOf(text)) assert.match(problem, /\S/)
    }),
    { seed, numRuns: sampled(300, 20_000) },
  )
})
