import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestClock } from '../testing/test-hardware.ts'
import { WallClock } from './wall-clock.ts'

const HOUR = 3_600_000_000
const EPOCH = 1_700_000_000_000_000

test('two tellings say how fast the crystal is, and the time goes on at that rate', () => {
  const clock = new TestClock()
  const wall = new WallClock(clock)
  wall.set(BigInt(EPOCH))
  clock.now = HOUR
  wall.set(BigInt(EPOCH + HOUR * 1.00005))
  clock.now = 2 * HOUR
  assert.ok(Math.abs(wall.now! - (EPOCH + 2 * HOUR * 1.00005)) < 2)
})

test('a correction that no crystal explains is taken and says nothing about the rate', () => {
  const clock = new TestClock()
  const wall = new WallClock(clock)
  wall.set(BigInt(EPOCH))
  clock.now = HOUR
  wall.set(BigInt(EPOCH + 10 * HOUR))
  clock.now = 2 * HOUR
  assert.equal(wall.now, EPOCH + 11 * HOUR)
})

test('tellings close together correct the time alone', () => {
  const clock = new TestClock()
  const wall = new WallClock(clock)
  wall.set(BigInt(EPOCH))
  clock.now = 1_000
  wall.set(BigInt(EPOCH + 1_000 + 3))
  clock.now = HOUR
  assert.equal(wall.now, EPOCH + HOUR + 3)
})

test('what is no time is ignored', () => {
  const wall = new WallClock(new TestClock())
  wall.set(0n)
  wall.set(2n ** 60n)
  assert.equal(wall.now, undefined)
})
