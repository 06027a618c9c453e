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

test('a round that fails fails those in it, and no other', async () => {
  let isBroken = true
  const gatherer = new Gatherer<number, number>(
    async (questions) => {
      if (isBroken) throw new Error('away')
      return questions
    },
    { pauses: false },
  )
  await assert.rejects(gatherer.ask(1), /away/)
  isBroken = false
  assert.equal(await gatherer.ask(2), 2)
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
