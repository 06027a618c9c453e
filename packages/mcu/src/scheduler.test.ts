import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventQueue } from './scheduler.ts'
import { seededRandom } from './seeded-random.ts'

function queue() {
  const time = { cycle: 0 }
  const events = new EventQueue(() => time.cycle)
  const runTo = (cycle: number) => {
    while (events.next <= cycle) {
      time.cycle = Math.max(time.cycle, events.next)
      events.runDue()
    }
    time.cycle = cycle
  }
  return { events, runTo, time }
}

test('events run in order of time, equal times in order of asking', () => {
  const { events, runTo } = queue()
  const seen: string[] = []
  events.at(20, () => seen.push('c'))
  events.at(10, () => seen.push('a'))
  events.at(10, () => seen.push('b'))
  runTo(20)
  assert.deepEqual(seen, ['a', 'b', 'c'])
})

test('a cancelled event does not run and does not hold up the clock', () => {
  const { events, runTo } = queue()
  const cancel = events.at(10, () => assert.fail('cancelled'))
  cancel()
  cancel()
  assert.equal(events.next, Infinity)
  runTo(20)
})

test('an event in the past runs at once', () => {
  const { events, runTo, time } = queue()
  const seen: number[] = []
  events.at(10, () => events.at(3, () => seen.push(time.cycle)))
  runTo(30)
  assert.deepEqual(seen, [10])
})

test('any mixture of additions and cancellations comes out sorted', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = seededRandom(seed)
    const { events, runTo } = queue()
    const expected: [number, number][] = []
    const seen: [number, number][] = []
    for (let order = 0; order < 200; order++) {
      const cycle = random() % 50
      const cancel = events.at(cycle, () => seen.push([cycle, order]))
      if (random() % 3 === 0) cancel()
      else expected.push([cycle, order])
    }
    runTo(50)
    expected.sort(([a, i], [b, j]) => a - b || i - j)
    assert.deepEqual(seen, expected, `seed ${seed}`)
  }
})
