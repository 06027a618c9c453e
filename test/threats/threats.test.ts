/** The table of threats names tests that exist. */
import { test } from 'node:test'
import { expectTest } from './named-tests.ts'
import { threats } from './threats.ts'

test('each threat has its tests, and they are there', () => {
  for (const { attack, tests } of threats) expectTest(attack, tests)
})
