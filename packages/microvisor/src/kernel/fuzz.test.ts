/**
 * Whatever the network or the application sends, the kernel neither throws nor stops working: at
 * the end of each run it still takes an update.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  encodeFrame,
  type FrameInit,
  Status,
  statusesOf,
  systemCallNames,
  UpdatePhase,
} from '@microvisor/protocol'
import { sampled, seed } from '../../../../tools/sampling.ts'
import type { Bench } from '../testing/bench.ts'
import { someFault } from '../testing/fault.ts'
import { runningBench, smallApplication } from '../testing/running.ts'
import { FLASH, RAM, RAM_BYTES, TestEngines } from '../testing/test-hardware.ts'
import { Random } from './random.ts'

const SYSTEM_CALLS = sampled(20_000, 1_000_000)
const FRAMES = sampled(3_000, 100_000)

function takesAnUpdate(bench: Bench): void {
  bench.hardware.application.isInHandlerMode = false
  bench.isCloudUp = true
  bench.run(400_000)
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(400_000)
  assert.equal(bench.cloud.last('updateProgress')?.phase, UpdatePhase.COMPLETE, `seed ${seed}`)
  assert.equal(bench.hardware.application.isRunning, true)
}

test('random system calls from random memory are answered from their own lists', (t) => {
  t.diagnostic(`seed ${seed}`)
  const bench = runningBench()
  const random = new Random(new TestEngines(seed))
  const pick = <T>(items: readonly T[]): T => items[random.word() % items.length]!
  const { application: world } = bench.hardware
  const remembered = [0, 1]
  for (let i = 0; i < SYSTEM_CALLS; i++) {
    if (i % 50 === 0) scribble(bench, random, remembered)
    const name = pick(systemCallNames)
    const args = Array.from({ length: 5 }, () => argument(random, remembered))
    world.isInHandlerMode = random.word() % 16 === 0
    const status = bench.call(name, ...args)
    if (status !== undefined) {
      const known: readonly number[] = [...statusesOf(name), Status.UNAVAILABLE]
      assert.ok(known.includes(status), `${name} answered ${status}, seed ${seed}`)
    }
    for (const address of args) {
      if (world.isReadable(address, 4)) remembered.push(bench.word(address))
    }
    remembered.splice(0, remembered.length - 40)
    if (i % 100 === 0) bench.run(random.word() % 50)
    if (random.word() % 500 === 0) bench.disconnect()
  }
  takesAnUpdate(bench)
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
  takesAnUpdate(bench)
})

/** Structures that are nearly right, with handles that were once given out. */
function scribble(bench: Bench, random: Random, remembered: readonly number[]): void {
  const words = Uint32Array.from({ length: 64 }, () => argument(random, remembered))
  bench.hardware.application.write(RAM + 0x100 * (random.word() % 8), new Uint8Array(words.buffer))
}

function argument(random: Random, remembered: readonly number[]): number {
  switch (random.word() % 8) {
    case 0:
      return random.word()
    case 1:
      return random.word() % 64
    case 2:
      return FLASH + (random.word() % 0x10_0010)
    case 3:
      return RAM + RAM_BYTES - (random.word() % 64)
    case 4:
      return 512 * (random.word() % 16)
    case 5:
      return RAM + 512 * (random.word() % 64)
    case 6:
      return remembered[random.word() % remembered.length]!
    default:
      return RAM + 4 * (random.word() % 512)
  }
}

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
