import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roles, scopes } from '@microvisor/api'
import { ROLES, SCOPES } from './rights.ts'

test('commands offer the roles and scopes that the API has', () => {
  assert.deepEqual([...ROLES].sort(), [...roles].sort())
  assert.deepEqual([...SCOPES].sort(), [...scopes].sort())
})
