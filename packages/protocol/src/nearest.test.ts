import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearest } from './nearest.ts'

const known = [
  'apps list',
  'apps show',
  'devices list',
  'device run',
  'deploy',
  'logs stream',
  'up',
]

test('a mistyped command is met with what was meant', () => {
  const cases = [
    ['app list', 'apps list'],
    ['apps lsit', 'apps list'],
    ['devices lst', 'devices list'],
    ['log stream', 'logs stream'],
    ['depoly', 'deploy'],
    ['depoly samples/blink', 'deploy'],
    ['apps shwo blink-2', 'apps show'],
  ] as const
  for (const [typed, meant] of cases) assert.equal(nearest(typed, known)[0], meant, typed)
})

test('words that are near nothing are met with nothing', () => {
  assert.deepEqual(nearest('frobnicate everything', known), [])
})

test('two swapped neighbours are one mistake', () => {
  assert.equal(editDistance('lsit', 'list'), 1)
  assert.equal(editDistance('', 'list'), 4)
  assert.equal(editDistance('list', 'list'), 0)
})
