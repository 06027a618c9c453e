/** The table of what the cloud promises names tests that exist. */
import { test } from 'node:test'
import { expectTests } from '../threats/named-tests.ts'
import { service } from './service.ts'

test('each promise has its tests, and they are there', () => {
  expectTests(service)
})
