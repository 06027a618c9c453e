import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runBatch } from './test-batch.ts'

const folder = mkdtempSync(join(tmpdir(), 'microvisor-batch-'))
after(() => rmSync(folder, { recursive: true }))

/** Runs test files with these texts; what it has printed goes where this process's output goes. */
function run(texts: readonly string[], fileMs: number) {
  const files = texts.map((text, at) => {
    const file = join(folder, `${at}.test.mjs`)
    writeFileSync(file, `import { test } from 'node:test'\n${text}\n`)
    return file
  })
  return runBatch(files, {}, { testMs: 10_000, fileMs }, join(folder, 'tally.json'))
}

test('what passed and was skipped is counted over all files', async () => {
  const texts = ["test('a', () => {})", "test('b', () => {}); test('c', { skip: 'why' }, () => {})"]
  assert.deepEqual(await run(texts, 60_000), { passed: 2, failed: 0, skipped: ['c: why'] })
})

test('a file that never gives way is ended, and counts as failed', async (t) => {
  const said = t.mock.method(console, 'log', () => undefined)
  const { failed } = await run(["test('a', () => {})", "test('b', () => { for (;;); })"], 3_000)
  assert.equal(failed, 1)
  assert.match(String(said.mock.calls[0]?.arguments[0]), /1\.test\.mjs did not end in 3 s/)
})

test('a process that ends by itself counts as failed', async (t) => {
  const said = t.mock.method(console, 'log', () => undefined)
  const { failed } = await run(["test('a', () => process.exit(3))"], 60_000)
  assert.equal(failed, 1)
  assert.match(String(said.mock.calls[0]?.arguments[0]), /ended with 3 outside any test/)
})
