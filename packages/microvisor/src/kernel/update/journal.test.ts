import assert from 'node:assert/strict'
import { test } from 'node:test'
import { internalLayout } from '../../flash-layout.ts'
import { TestEngines } from '../../testing/test-engines.ts'
import { blankInternalFlash, type TestFlash } from '../../testing/test-hardware.ts'
import { type Journal, type JournalRecord, openJournal } from './journal.ts'

const engines = new TestEngines(1)
const { offset } = internalLayout.stateJournal
const PAGE = 0x2000

const story: readonly JournalRecord[] = [
  { kind: 'candidate', slot: 'A', bytes: 300 },
  { kind: 'staged', index: 0, offset: 0x40_0000, bytes: 5_000 },
  { kind: 'staged', index: 2, offset: 0x40_2000, bytes: 70 },
  { kind: 'ready' },
  { kind: 'installed', slot: 'A', bytes: 300 },
  { kind: 'started' },
  { kind: 'candidate', slot: 'B', bytes: 400 },
  { kind: 'staged', index: 1, offset: 0x40_0000, bytes: 1 },
  { kind: 'dropped' },
  { kind: 'candidate', slot: 'B', bytes: 500 },
  { kind: 'ready' },
]

function tell(flash: TestFlash, records: readonly JournalRecord[] = story): Journal {
  const journal = openJournal(flash, engines)
  for (const record of records) assert.equal(journal.append(record), undefined)
  return journal
}

test('a blank flash is an empty state', () => {
  const { state } = openJournal(blankInternalFlash(), engines)
  assert.deepEqual(state, { hasStarted: false, staged: new Map(), isReady: false })
})

test('a state outlives the power, after every record', () => {
  for (let length = 1; length <= story.length; length++) {
    const flash = blankInternalFlash()
    const { state } = tell(flash, story.slice(0, length))
    assert.deepEqual(openJournal(flash, engines).state, state)
  }
})

test('the story ends as it should', () => {
  const { state } = tell(blankInternalFlash())
  assert.deepEqual(state.installed, { slot: 'A', bytes: 300 })
  assert.deepEqual(state.candidate, { slot: 'B', bytes: 500 })
  assert.deepEqual([state.hasStarted, state.isReady, state.staged.size], [true, true, 0])
})

test('pages turn for as long as the flash lasts, and the state stays', () => {
  const flash = blankInternalFlash()
  for (let round = 0; round < 200; round++) {
    const { state } = tell(flash)
    assert.deepEqual(openJournal(flash, engines).state, state)
  }
  assert.ok(flash.operations < 200 * story.length * 1.1)
})

test('a damaged record never was', () => {
  const flash = blankInternalFlash()
  const before = tell(flash, story.slice(0, 5)).state
  tell(flash, [{ kind: 'started' }])
  const record = offset + 16 * 6
  for (let byte = 0; byte < 16; byte++) {
    flash.bytes[record + byte]! ^= 0x10
    assert.deepEqual(openJournal(flash, engines).state, before, `byte ${byte}`)
    flash.bytes[record + byte]! ^= 0x10
  }
})

test('a unit that cannot be programmed is passed over', () => {
  const flash = blankInternalFlash()
  const journal = tell(flash, story.slice(0, 3))
  flash.bytes[offset + 16 * 4] = 0
  assert.equal(journal.append({ kind: 'ready' }), undefined)
  assert.equal(openJournal(flash, engines).state.isReady, true)
})

test('an error of the flash leaves the state as it was', () => {
  const flash = blankInternalFlash()
  const journal = tell(flash, story.slice(0, 3))
  const before = journal.state
  flash.refusal = 'WRPERR'
  assert.equal(journal.append({ kind: 'ready' }), 'WRPERR')
  assert.deepEqual(journal.state, before)
})

test('while a page is turned the old one counts', () => {
  const flash = blankInternalFlash()
  const journal = tell(flash, story.slice(0, 6))
  while (journal.unitsLeft > 0) journal.append({ kind: 'started' })
  const before = journal.state
  flash.bytes.fill(0x5a, offset + PAGE, offset + 2 * PAGE)
  assert.deepEqual(openJournal(flash, engines).state, before)
})

test('random bytes are an empty state or a valid one, and never an error', () => {
  const seed = 77
  const random = new TestEngines(seed)
  for (let i = 0; i < 200; i++) {
    const flash = blankInternalFlash()
    tell(flash)
    const noise = new Uint8Array(64)
    random.random(noise)
    for (let at = 0; at < noise.length; at += 3) {
      const where = (noise[at]! * 256 + noise[at + 1]!) % (2 * PAGE)
      flash.bytes[offset + (at % 2 === 0 ? where : where % 200)] = noise[at + 2] ?? 0
    }
    assert.doesNotThrow(() => openJournal(flash, engines).append({ kind: 'ready' }), `seed ${seed}`)
  }
})
