/**
 * The table of what a boot does (docs/concepts/updates.md) is exhaustive: every state of the journal
 * that its records can lead to is in one row of it and no other, and every row can be reached.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  type JournalRecord,
  openJournal,
} from '../../packages/microvisor/src/kernel/update/journal.ts'
import { TestEngines } from '../../packages/microvisor/src/testing/test-engines.ts'
import { blankInternalFlash } from '../../packages/microvisor/src/testing/test-hardware.ts'

const engines = new TestEngines(1)
const reopen = (records: readonly JournalRecord[]) => {
  const flash = blankInternalFlash()
  const journal = openJournal(flash, engines)
  for (const record of records) assert.equal(journal.append(record), undefined)
  return openJournal(flash, engines).state
}
type State = ReturnType<typeof reopen>

const rows: Readonly<Record<string, (state: State) => boolean>> = {
  nothing: ({ installed, candidate }) => !installed && !candidate,
  installed: ({ installed, hasStarted, candidate }) => !!installed && hasStarted && !candidate,
  candidate: ({ candidate, staged, isReady }) => !!candidate && staged.size === 0 && !isReady,
  'candidate, staged…': ({ candidate, staged, isReady }) =>
    !!candidate && staged.size > 0 && !isReady,
  ready: ({ candidate, isReady }) => !!candidate && isReady,
  'installed, not started': ({ installed, hasStarted, candidate }) =>
    !!installed && !hasStarted && !candidate,
}

/** What may be written next (application-store.ts). */
function nextRecords({ installed, candidate, isReady }: State): JournalRecord[] {
  const slot = installed?.slot === 'A' ? 'B' : 'A'
  const next: JournalRecord[] = []
  if (installed) next.push({ kind: 'started' })
  if (!candidate) return [...next, { kind: 'candidate', slot, bytes: 300 }]
  next.push({ kind: 'dropped' })
  if (isReady) return [...next, { kind: 'installed', ...candidate }]
  const staged = [0, 1].map((index) => ({ index, offset: 0x40_0000 + index * 0x1_0000, bytes: 9 }))
  return [...next, { kind: 'ready' }, ...staged.map((s) => ({ kind: 'staged', ...s }) as const)]
}

test('every state of the journal after a power cut is in one row of the table, and every row is used', () => {
  const document = readFileSync(new URL('../../docs/concepts/updates.md', import.meta.url), 'utf8')
  const table = document.slice(document.indexOf('| what the journal says'))
  const lines = table.slice(0, table.indexOf('\n\n')).split('\n').slice(2)
  assert.deepEqual(lines.map((line) => line.split('|')[1]!.trim()).sort(), Object.keys(rows).sort())
  const seen = new Set<string>()
  const used = new Set<string>()
  const waiting: JournalRecord[][] = [[]]
  for (let records = waiting.pop(); records !== undefined; records = waiting.pop()) {
    const state = reopen(records)
    const name = JSON.stringify({ ...state, staged: [...state.staged.keys()].sort() })
    if (seen.has(name)) continue
    seen.add(name)
    const fits = Object.keys(rows).filter((row) => rows[row]!(state))
    assert.equal(fits.length, 1, `${name}: ${fits}`)
    used.add(fits[0]!)
    for (const record of nextRecords(state)) waiting.push([...records, record])
  }
  assert.deepEqual([...used].sort(), Object.keys(rows).sort())
  assert.ok(seen.size > 20, `${seen.size} states`)
})
