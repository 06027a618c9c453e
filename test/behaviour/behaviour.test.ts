/** The table of behaviour names tests that exist. */
import { test } from 'node:test'
import { expectTest } from '../threats/named-tests.ts'
import { behaviour } from './behaviour.ts'

test('each statement has its tests, and they are there', () => {
  for (const { says, tests } of Object.values(behaviour).flat()) expectTest(says, tests)
})
