/** The table of threats names tests that exist. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { threats } from './threats.ts'

test('each threat has its tests, and they are there', () => {
  for (const { attack, tests } of threats) {
    assert.notEqual(tests.length, 0, attack)
    for (const [file, name] of tests) {
      const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
      const isThere = ["'", '`'].some((quote) => source.includes(`test(${quote}${name}`))
      assert.ok(isThere, `${attack}: ${file} has no test that begins with: ${name}`)
    }
  }
})
