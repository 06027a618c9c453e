import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditEntry, unfinished } from '@microvisor/api'
import { formatEvent } from './event-line.ts'
import { bytes, facts, printable, table } from './output.ts'
import { auditColumns } from './resources.ts'

test('a table has columns as wide as their widest cell, and no blanks at the end of a line', () => {
  const rows = [
    { name: 'blink', size: 12 },
    { name: null, size: 4096 },
  ]
  assert.equal(
    table(rows, [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'SIZE', value: ({ size }) => size },
    ]),
    'NAME   SIZE\nblink  12\n-      4096',
  )
})

test('facts are aligned, and what is not known is a dash', () => {
  const rows = [
    ['sid', 'UV1'],
    ['unique name', null],
    ['running', true],
  ] as const
  assert.equal(facts(rows), 'sid          UV1\nunique name  -\nrunning      yes')
})

test('numbers read as people and manuals write them', () => {
  assert.equal(bytes(1023), '1023 B')
  assert.equal(bytes(1536), '1.5 KiB')
  assert.equal(bytes(64 * 1024 * 1024), '64.0 MiB')
})

test("foreign text cannot move the user's cursor", () => {
  for (let code = 0; code < 0x20; code++) {
    const shown = printable(`a${String.fromCharCode(code)}b`)
    assert.match(shown, /^a( |\\x[01][0-9a-f])b$/)
  }
  assert.equal(printable('\x1b[31mred\r\n'), '\\x1b[31mred\\x0d\\x0a')
  assert.equal(printable('Grüße 🚀'), 'Grüße 🚀')
})

test('an event is one line: time, type padded to a column, text', () => {
  const event = { timestamp: '2026-11-21T10:00:00.123456Z', device_sid: `UV${'0'.repeat(32)}` }
  assert.equal(
    formatEvent({ ...event, type: 'app_logging', text: 'tick 1\n' }),
    '2026-11-21T10:00:00.123456Z [app_logging] tick 1\\x0a',
  )
  assert.equal(
    formatEvent({ ...event, type: 'crash', text: 'HardFault', dropped: 3 }),
    '2026-11-21T10:00:00.123456Z [crash]       HardFault (3 lost before this)',
  )
})

test('a change that the server could not confirm is told from others', () => {
  const entry = { action: 'createApp', after: '{"sid":"KA0"}' } as AuditEntry
  const lost = { ...entry, after: JSON.stringify(unfinished) }
  assert.match(table([lost], auditColumns), /createApp \(unfinished\)/)
  assert.doesNotMatch(table([entry], auditColumns), /unfinished/)
})
