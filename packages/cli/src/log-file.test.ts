import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLogFile } from './log-file.ts'

test('a log never takes more than twice its limit, and the newest lines are kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-log-'))
  const path = join(folder, 'deeper', 'server.log')
  for (let start = 0; start < 100; start += 50) {
    const write = openLogFile(path, 100)
    for (let line = start; line < start + 50; line++) write(`line ${line}\n`)
  }
  const kept = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')
  assert.ok(kept.endsWith('line 97\nline 98\nline 99\n'))
  assert.ok(statSync(path).size <= 100 && statSync(`${path}.1`).size <= 100)
  rmSync(folder, { recursive: true })
})

test('a log that cannot be written is no failure of who writes it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-log-'))
  const write = openLogFile(join(folder, 'server.log'))
  rmSync(folder, { recursive: true })
  write('nobody hears this\n')
})
