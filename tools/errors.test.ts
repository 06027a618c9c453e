/** The table of errors against the tests: whatever a caller can be told, some test is told. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errors } from '@microvisor/api'

test('every error is expected by some test', () => {
  const files = globSync(['packages/**/*.test.ts', 'test/**/*.ts'], {
    exclude: ['**/node_modules/**'],
  })
  const tests = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  const words = new Set(tests.match(/\b[A-Z][A-Z0-9_]+\b/g))
  const codes = Object.keys(errors)
  assert.ok(codes.length > 100)
  assert.deepEqual(
    codes.filter((code) => !words.has(code)),
    [],
  )
})
