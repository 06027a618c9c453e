/** Pipes between servers: whole, in order, bounded, and ended with a reason whatever happens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../testing/random.ts'
import { ProcessBus, type Topic } from './bus.ts'
import { BusPipe, PIPE_CREDIT_BYTES, type PipeMessage } from './bus-pipe.ts'

const NEVER = { beatMs: 3_600_000, silenceMs: 3_600_000 }

/** A bus that loses the messages it is told to, of those between `name`'s ends. */
class LossyBus extends ProcessBus {
  loses: (message: PipeMessage) => boolean = () => false
  sent = 0

  override publish<M>(topic: Topic<M>, message: M): void {
    this.sent++
    if (!this.loses(message as PipeMessage)) super.publish(topic, message)
  }
}

interface End {
  readonly pipe: BusPipe
  readonly received: Buffer[]
  readonly ended: string[]
  /** Holds back what this end says to have taken, until called. */
  take: () => void
}

function endOf(bus: LossyBus, side: 'people' | 'device', isSlow: boolean, times = NEVER): End {
  const received: Buffer[] = []
  const ended: string[] = []
  const held: (() => void)[] = []
  const pipe = new BusPipe({
    ...{ bus, side, times, name: 'a pipe' },
    receive: (bytes) => {
      received.push(Buffer.from(bytes))
      return isSlow ? new Promise<void>((resolve) => held.push(resolve)) : Promise.resolve()
    },
    ended: (detail) => ended.push(detail),
  })
  const take = () => {
    for (const taken of held.splice(0)) taken()
  }
  return { pipe, received, ended, take }
}

async function pipes({ isSlow = false, times = NEVER } = {}) {
  const bus = new LossyBus()
  const people = endOf(bus, 'people', false, times)
  const device = endOf(bus, 'device', isSlow, times)
  await device.pipe.begin()
  return { bus, people, device }
}

test('bytes arrive whole and in order, both ways, whatever their sizes', async () => {
  const random = Random.fresh()
  const { people, device } = await pipes()
  for (const [from, to] of [
    [people, device],
    [device, people],
  ] as const) {
    const pieces = Array.from({ length: 20 }, () => random.bytes(random.below(40_000)))
    await Promise.all(pieces.map((piece) => from.pipe.write(piece)))
    assert.deepEqual(Buffer.concat(to.received), Buffer.concat(pieces), `seed ${random.seed}`)
  }
  people.pipe.close('enough')
  assert.deepEqual([people.ended, device.ended], [[], ['enough']])
})

test('a slow reader holds the writer up at the window; taking frees it', async () => {
  const { people, device } = await pipes({ isSlow: true })
  let isWritten = false
  const writing = people.pipe.write(Buffer.alloc(PIPE_CREDIT_BYTES * 3)).then(() => {
    isWritten = true
  })
  const bytes = () => device.received.reduce((sum, { length }) => sum + length, 0)
  for (let taken = 0; !isWritten; taken = bytes(), device.take()) {
    await new Promise(setImmediate)
    assert.ok(bytes() - taken <= PIPE_CREDIT_BYTES, `${bytes() - taken} bytes wait`)
  }
  await writing
  people.pipe.close('')
})

test('every single lost message ends the pipe at both ends; no reader gets a stream with a hole', async () => {
  const exchange = async (loses: number) => {
    const times = { beatMs: 5, silenceMs: 60 }
    const { bus, people, device } = await pipes({ times })
    bus.sent = 0
    bus.loses = () => bus.sent === loses
    const content = Buffer.from(Array.from({ length: 150_000 }, (_, i) => i % 251))
    void people.pipe.write(content)
    void device.pipe.write(content)
    const end = Date.now() + 10_000
    while (people.ended.length + device.ended.length < 2 && bus.sent <= 60 && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 5))
    for (const { received } of [people, device]) {
      const got = Buffer.concat(received)
      assert.deepEqual(got, content.subarray(0, got.length), `message ${loses} was lost`)
    }
    const ends = [people.ended.length, device.ended.length]
    people.pipe.close('')
    device.pipe.close('')
    return { ends, sent: bus.sent }
  }
  const lost = await Promise.all(Array.from({ length: 12 }, (_, i) => exchange(i + 1)))
  for (const [i, { ends }] of lost.entries()) assert.deepEqual(ends, [1, 1], `message ${i + 1}`)
  assert.deepEqual((await exchange(0)).ends, [0, 0], 'nothing was lost')
})

test('a far end that never was, or falls silent, counts as gone', async () => {
  const times = { beatMs: 10, silenceMs: 80 }
  const alone = endOf(new LossyBus(), 'people', false, times)
  assert.equal(await alone.pipe.heard, false)
  assert.match(alone.ended[0] ?? '', /^Nothing was heard of the other server for 0.08 s/)
  const { bus, people, device } = await pipes({ times })
  bus.loses = () => true
  while (people.ended.length + device.ended.length < 2)
    await new Promise((resolve) => setTimeout(resolve, 5))
  await people.pipe.write(Buffer.alloc(10))
  assert.equal(device.received.length, 0)
})

test('more than the credit, or credit without end, ends the pipe', async () => {
  const far: Topic<PipeMessage> = { subject: 'pipe.a pipe.people' }
  const cases: [Omit<PipeMessage, 'number'>, RegExp][] = [
    [{ data: Buffer.alloc(PIPE_CREDIT_BYTES + 1).toString('base64') }, /more than it had credit/],
    [{ credit: 2 ** 40 }, /more credit than there is/],
  ]
  for (const [content, said] of cases) {
    const bus = new LossyBus()
    const people = endOf(bus, 'people', false)
    bus.publish(far, { number: 0, credit: 10 })
    bus.publish(far, { number: 1, ...content })
    assert.match(people.ended.join(), said)
  }
})
