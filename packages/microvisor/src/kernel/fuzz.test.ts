/**
 * Whatever the network or the application sends, the kernel neither throws nor stops working: at
 * the end of each run it still takes an update.
 */
import { test } from 'node:test'
import { encodeFrame, type FrameInit } from '@microvisor/protocol'
import { fuzz, takesAnUpdate } from '../../../../fuzz/syscalls.ts'
import { sampled, seed } from '../../../../tools/sampling.ts'
import { someFault } from '../testing/fault.ts'
import { runningBench } from '../testing/running.ts'
import { TestEngines } from '../testing/test-engines.ts'
import { Random } from './random.ts'

const SYSTEM_CALLS = sampled(20_000, 1_000_000)
const FRAMES = sampled(3_000, 100_000)

test('random system calls from random memory are answered from their own lists', async (t) => {
  t.diagnostic(`seed ${seed}`)
  await fuzz({ seed, count: SYSTEM_CALLS })
})

test('mutated frames end a connection at worst', (t) => {
  t.diagnostic(`seed ${seed}`)
  const random = new Random(new TestEngines(seed))
  const bench = runningBench()
  for (let i = 0; i < FRAMES; i++) {
    bench.cloud.sendBytes(mutate(someFrame(random), random))
    bench.run(random.word() % 2_000)
    if (random.word() % 100 === 0) bench.vectors.applicationFault(someFault)
  }
  bench.cloud.loggingEnabled = true
  bench.disconnect()
  takesAnUpdate(bench, seed)
})

function someFrame(random: Random): Uint8Array {
  const word = random.word()
  const stream = word % 12
  const bytes = new Uint8Array(word % 300)
  const hash = new Uint8Array(32).fill(word)
  const frames: readonly FrameInit[] = [
    { case: 'ping', value: { token: word } },
    { case: 'welcome', value: { wallMicroseconds: BigInt(word), heartbeatSeconds: word } },
    { case: 'goodbye', value: { reason: word % 9, retryAfterSeconds: word % 3 } },
    { case: 'target', value: { manifestHash: hash, manifestSize: word % 65_536 } },
    { case: 'target', value: {} },
    { case: 'settings', value: { loggingEnabled: word % 2 === 0 } },
    { case: 'crashReceived', value: { id: BigInt(word) } },
    { case: 'restartApplication', value: {} },
    { case: 'streamData', value: { stream, data: bytes } },
    { case: 'streamCredit', value: { stream, bytes: word % 100_000 } },
    { case: 'streamClose', value: { stream, reason: word % 6, detail: 'x' } },
    { case: 'streamOpen', value: { stream, kind: { case: 'fetch', value: { hash } } } },
  ]
  return encodeFrame(frames[random.word() % frames.length]!)
}

function mutate(frame: Uint8Array, random: Random): Uint8Array {
  const bytes = frame.slice()
  switch (random.word() % 4) {
    case 0:
      bytes[random.word() % bytes.length] = random.word()
      return bytes
    case 1:
      return bytes.subarray(0, random.word() % bytes.length)
    default:
      return bytes
  }
}
