/** The turnstile: in order, so many at once, and nobody holds the others up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Turnstile } from './turnstile.ts'

test('so many are inside, and who waits comes in order, unless it has given up', () => {
  const turnstile = new Turnstile(2, 60_000)
  const inside: number[] = []
  const leave = [0, 1, 2, 3, 4].map((i) => turnstile.enter(() => inside.push(i)))
  assert.deepEqual(inside, [0, 1])
  assert.equal(turnstile.waiting, 3)
  leave[2]?.()
  leave[0]?.()
  leave[0]?.()
  assert.deepEqual(inside, [0, 1, 3])
  leave[1]?.()
  assert.deepEqual(inside, [0, 1, 3, 4])
  for (const one of leave) one()
  assert.equal(turnstile.waiting, 0)
  for (const i of [5, 6]) turnstile.enter(() => inside.push(i))()
  assert.deepEqual(inside, [0, 1, 3, 4, 5, 6])
})

test('who holds a place for too long holds nobody up', async () => {
  const turnstile = new Turnstile(1, 20)
  const inside: string[] = []
  const leave = turnstile.enter(() => inside.push('slow'))
  turnstile.enter(() => inside.push('next'))
  while (inside.length < 2) await sleep(5)
  leave()
  const third = turnstile.enter(() => inside.push('third'))
  while (inside.length < 3) await sleep(5)
  third()
})
