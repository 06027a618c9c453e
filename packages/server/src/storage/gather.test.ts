/** Gathered questions: each gets its own answer, and no more is under way than one round. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gatherer } from './gather.ts'

test('the first is asked at once; what comes meanwhile goes together, up to a round', async () => {
  const rounds: number[] = []
  const gatherer = new Gatherer<number, number>(
    async (questions) => {
      rounds.push(questions.length)
      await new Promise(setImmediate)
      return questions.map((question) => question * 2)
    },
    { pauses: false },
  )
  const answers = await Promise.all(Array.from({ length: 1201 }, (_, i) => gatherer.ask(i)))
  assert.deepEqual(
    answers,
    Array.from({ length: 1201 }, (_, i) => i * 2),
  )
  assert.deepEqual(rounds, [1, 500, 500, 200])
  assert.equal(await gatherer.ask(7), 14)
})

test('one that cannot be asked fails alone, and costs the others of its round a few more', async () => {
  let rounds = 0
  const gatherer = new Gatherer<number, number>(
    async (questions) => {
      rounds++
      await new Promise(setImmediate)
      if (questions.includes(77)) throw new RangeError('77 cannot be asked')
      return questions
    },
    { pauses: false },
  )
  const all = await Promise.allSettled(Array.from({ length: 501 }, (_, i) => gatherer.ask(i)))
  const failed = all.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))
  assert.deepEqual(failed, [77])
  const values = all.map((one) => (one.status === 'fulfilled' ? one.value : 77))
  assert.deepEqual(values, [...values.keys()])
  assert.ok(rounds <= 2 + 2 * 9, `${rounds} rounds`)
})

test('when the database is away all of a round fail at once, and those of the next do not', async () => {
  let rounds = 0
  let isAway = true
  const gatherer = new Gatherer<number, number>(
    async (questions) => {
      rounds++
      await new Promise(setImmediate)
      if (isAway) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
      return questions
    },
    { pauses: false },
  )
  const all = await Promise.allSettled([gatherer.ask(1), gatherer.ask(2), gatherer.ask(3)])
  assert.ok(all.every(({ status }) => status === 'rejected'))
  assert.equal(rounds, 2)
  isAway = false
  assert.equal(await gatherer.ask(4), 4)
})

test('where rounds pause, those who come one by one are a few rounds', async () => {
  let rounds = 0
  const gatherer = new Gatherer<number, number>(
    async (questions) => {
      rounds++
      return questions
    },
    { pauses: true },
  )
  const answers: Promise<number>[] = []
  for (let i = 0; i < 30; i++) {
    answers.push(gatherer.ask(i))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.equal((await Promise.all(answers)).at(-1), 29)
  assert.ok(rounds <= 10, `${rounds} rounds for 30`)
})
