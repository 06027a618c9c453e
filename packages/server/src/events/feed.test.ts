/** Feeds: bounded, in order, honest about what was lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProcessBus, type Topic } from './bus.ts'
import { Feed } from './feed.ts'

interface Numbered {
  readonly n: number
  readonly dropped?: number
}

const feed = (limit: number) => new Feed<Numbered>(limit, () => undefined)

test('a reader that keeps up gets everything in order', async () => {
  const events = feed(3)
  for (let n = 0; n < 10; n++) {
    events.push({ n })
    assert.deepEqual(await events.next(), { n })
  }
})

test('for a slow reader the oldest are dropped, and the next event says how many', async () => {
  for (let limit = 1; limit <= 5; limit++)
    for (let count = 0; count <= 12; count++) {
      const events = feed(limit)
      for (let n = 0; n < count; n++) events.push({ n, ...(n === 2 && { dropped: 7 }) })
      events.end()
      const seen: Numbered[] = []
      for (let e = await events.next(); e; e = await events.next()) seen.push(e)
      assert.equal(seen.length, Math.min(limit, count))
      const lost = seen.reduce((sum, event) => sum + (event.dropped ?? 0), 0)
      assert.equal(seen.length + lost, count + (count > 2 ? 7 : 0), `${limit} of ${count}`)
      assert.equal(seen.at(-1)?.n, count > 0 ? count - 1 : undefined)
    }
})

test('a waiting reader wakes for an event and for the end', async () => {
  const events = feed(3)
  const waiting = events.next()
  events.push({ n: 1 })
  assert.deepEqual(await waiting, { n: 1 })
  const last = events.next()
  events.end()
  events.push({ n: 2 })
  assert.equal(await last, undefined)
  assert.equal(await events.next(), undefined)
})

test('ending a feed tells its owner once', () => {
  let ends = 0
  const events = new Feed<Numbered>(1, () => ends++)
  events.end()
  events.end()
  assert.equal(ends, 1)
})

test('the bus reaches who listens to a subject, until they stop', () => {
  const bus = new ProcessBus()
  const topic = (subject: string): Topic<number> => ({ subject })
  const seen: string[] = []
  const stopA = bus.subscribe(topic('a'), (n) => seen.push(`first ${n}`))
  bus.subscribe(topic('a'), (n) => seen.push(`second ${n}`))
  bus.publish(topic('a'), 1)
  bus.publish(topic('b'), 2)
  stopA()
  stopA()
  bus.publish(topic('a'), 3)
  assert.deepEqual(seen, ['first 1', 'second 1', 'second 3'])
})
