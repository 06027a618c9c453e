import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BenchLine, benchEvents, factoryBench, formatBenchLine } from './bench-view.ts'

function bench({ isSerialShown = false } = {}) {
  const lines: BenchLine[] = []
  const show = (line: BenchLine) => lines.push(line)
  return { lines, events: benchEvents({ show, gateway: 'localhost:8701', isSerialShown }) }
}

test('a line has the time, a column for its kind, and no control characters', () => {
  const now = new Date(2026, 10, 21, 9, 5, 7, 42)
  const line = { kind: 'led', text: 'user LED on\x1b[2J', facts: {} } as const
  assert.equal(formatBenchLine(line, now), '09:05:07.042 led    user LED on\\x1b[2J')
})

test('the connection is told in words, with the reason when there is none', () => {
  const { lines, events } = bench()
  events.link?.('connecting', '')
  events.link?.('connected', '')
  events.link?.('idle', 'refused')
  events.link?.('down', '')
  assert.deepEqual(
    lines.map(({ text }) => text),
    [
      'connecting to localhost:8701',
      'connected to the cloud (localhost:8701)',
      'not connected: refused',
      'no link',
    ],
  )
})

test('a factory test shows its lines, and how it ended', () => {
  const lines: BenchLine[] = []
  const { log, complete } = factoryBench((line) => lines.push(line))
  log(Buffer.from('pins: 32 pairs\n'))
  complete(0)
  complete(3)
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['pins: 32 pairs', 'passed', 'failed: 3'],
  )
  assert.equal(lines[2]?.facts.status, 3)
})

test('a light that flickers does not flood the terminal, and no change goes uncounted', () => {
  const { lines, events } = bench()
  for (let i = 0; i < 1000; i++) events.userLed?.(i % 2 === 0)
  assert.ok(lines.length >= 1 && lines.length < 100, `${lines.length} lines`)
  assert.equal(lines[0]?.text, 'user LED on')
})

test('what the application sends is shown line by line, an endless line in parts', () => {
  const { lines, events } = bench({ isSerialShown: true })
  for (const byte of Buffer.from('first\r\nzweite Größe\nrest')) events.logByte?.(byte)
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['first', 'zweite Größe'],
  )
  for (let i = 0; i < 5000; i++) events.logByte?.(0x41)
  assert.ok(lines.every(({ text }) => text.length <= 1024))
  assert.ok(lines.length >= 6)
  assert.equal(bench().events.logByte, undefined)
})
