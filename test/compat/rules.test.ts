/** The rules name tests that exist, and the original's resources are routes of the contract. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errors, routes } from '@microvisor/api'
import { expectTests } from '../threats/named-tests.ts'
import { errorCodes, manifest, resources } from './original-api.ts'
import { rules } from './rules.ts'

test('each rule has its tests, and they are there', () => {
  expectTests(rules)
})

test('every path and method of the original is in the contract, under its name', () => {
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  for (const { path, list, one, verbs } of resources) {
    for (const verb of list) assert.ok(known.has(`${verb} ${path}`), `${verb} ${path}`)
    for (const verb of verbs) assert.ok(known.has(`${verb} ${path}${one}`), `${verb} ${path}${one}`)
  }
  assert.ok(known.has(`GET ${manifest.path}`))
})

test('every number of the original is some error’s, and no other of its numbers is used', () => {
  const used = new Set(Object.values(errors).map(({ number }) => number))
  const theirs = Object.keys(errorCodes).map(Number)
  for (const number of theirs) assert.ok(used.has(number), `${number}`)
  for (const number of used) assert.ok(number >= 72_000 || theirs.includes(number), `${number}`)
})
