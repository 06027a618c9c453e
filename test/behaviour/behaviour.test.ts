/** The table of behaviour names tests that exist. */
import { test } from 'node:test'
import { expectTests } from '../threats/named-tests.ts'
import { behaviour } from './behaviour.ts'

test('each statement has its tests, and they are there', () => {
  expectTests(behaviour)
})
