/** Threads: answers, limits, and what is left when one breaks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../testing/until.ts'
import { Thread, type ThreadFailure } from './thread.ts'

const SCRIPT = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads'
    parentPort.on('message', ({ id, content }) => {
      if (content === 'thread') return parentPort.postMessage({ id, content: threadId })
      if (content === 'break') throw new Error('broken')
      if (content === 'hang') for (;;);
      if (content === 'hoard') for (const all = []; ; ) all.push({ content })
      parentPort.postMessage({ id, content: content + 1 })
    })
  `)}`,
)

const thread = (more = {}) =>
  new Thread<unknown, unknown>(SCRIPT, { jobsAtOnce: 2, jobMs: 60_000, heapMb: 32, ...more })

const failing = (job: Promise<unknown>) =>
  job.then(
    () => 'answered',
    ({ reason }: ThreadFailure) => reason,
  )

test('jobs are answered, so many at once and no more', async () => {
  const one = thread()
  const answers = [one.run(1), one.run(2), failing(one.run(3))]
  assert.deepEqual(await Promise.all(answers), [2, 3, 'full'])
  assert.equal(await one.run(4), 5)
  await one.close()
})

test('a job that hangs, takes too much, breaks the thread or outlives it fails; the next one is answered', async () => {
  const hurried = thread({ jobMs: 500 })
  assert.deepEqual(await Promise.all([failing(hurried.run('hang')), failing(hurried.run(1))]), [
    'late',
    'late',
  ])
  await hurried.close()
  const one = thread()
  assert.equal(await failing(one.run('break')), 'broken')
  assert.equal(await one.run(1), 2)
  assert.equal(await failing(one.run('hoard')), 'large')
  assert.equal(await one.run(2), 3)
  const last = failing(one.run('hang'))
  await one.close()
  assert.equal(await last, 'broken')
})

test('a thread that has nothing to do ends, and another begins with the next job', async () => {
  const one = thread({ idleMs: 1 })
  const first = await one.run('thread')
  assert.equal(await one.run('thread'), first, 'the same while there is work')
  await until(async () => (await one.run('thread')) !== first || undefined, 'another thread')
  await one.close()
})
