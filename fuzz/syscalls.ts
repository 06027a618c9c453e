/**
 * A random application: calls any system call with any arguments, from thread and handler mode, with
 * structures that are nearly right and handles that were once given out; its network comes and goes,
 * it crashes, sleeps and wakes. `count` is calls.
 *
 * The kernel must not throw, must answer each call from the call's own list, must change no memory
 * but the application's, and must take an update in the end.
 */
import assert from 'node:assert/strict'
import {
  type CType,
  type SystemCall,
  sizeOf,
  statusesOf,
  structOf,
  systemCallNames,
  systemCalls,
  UpdatePhase,
} from '@microvisor/protocol'
import { Random } from '../packages/microvisor/src/kernel/random.ts'
import { Bench } from '../packages/microvisor/src/testing/bench.ts'
import { someFault } from '../packages/microvisor/src/testing/fault.ts'
import { runningBench, smallApplication } from '../packages/microvisor/src/testing/running.ts'
import { TestEngines } from '../packages/microvisor/src/testing/test-engines.ts'
import { FLASH, RAM, RAM_BYTES } from '../packages/microvisor/src/testing/test-hardware.ts'

const REMEMBERED = 40
const WAKES = ['alarm', 'rtc', 'pin', 'modem', 'unknown'] as const

export async function fuzz({ seed, count }: { seed: number; count: number }): Promise<void> {
  const random = new Random(new TestEngines(seed))
  const remembered = [0, 1]
  const backupSram = new Uint8Array(2048)
  let bench = new Bench({ chips: { ...runningBench().chips, backupSram } }).run(1)
  for (let i = 0; i < count; i++) {
    if (i % 50 === 0) scribble(bench, random, remembered)
    call(bench, random, remembered, seed)
    if (i % 100 === 0) happen(bench, random)
    // Nobody calls while nothing runs.
    if (!bench.hardware.application.isRunning) bench.run(100_000)
    if (bench.hardware.power.slept.some((mode) => mode === 'standby' || mode === 'shutdown')) {
      bench = wake(bench, random)
    }
  }
  takesAnUpdate(bench, seed)
}

/** Whatever it has been through, the device installs what the cloud offers. */
export function takesAnUpdate(bench: Bench, seed: number): void {
  bench.hardware.application.isInHandlerMode = false
  bench.isCloudUp = true
  bench.disconnect().run(400_000)
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(400_000)
  assert.equal(bench.cloud.last('updateProgress')?.phase, UpdatePhase.COMPLETE, `seed ${seed}`)
  assert.equal(bench.hardware.application.isRunning, true)
}

function call(bench: Bench, random: Random, remembered: number[], seed: number): void {
  const { application: world } = bench.hardware
  const name = systemCallNames[random.word() % systemCallNames.length]!
  const isPlausible = random.word() % 2 === 0
  const args = isPlausible
    ? plausible(bench, systemCalls[name], random, remembered)
    : Array.from({ length: 5 }, () => argument(random, remembered))
  world.isInHandlerMode = random.word() % 16 === 0
  const status = bench.call(name, ...args)
  if (status !== undefined) {
    const known: readonly number[] = statusesOf(name)
    assert.ok(known.includes(status), `${name} answered ${status}, seed ${seed}`)
  }
  for (const address of args) {
    if (world.isReadable(address, 4)) remembered.push(bench.word(address))
  }
  remembered.splice(0, remembered.length - REMEMBERED)
}

/** Arguments that the call may well accept: good pointers, structures that make sense, old handles. */
function plausible(
  bench: Bench,
  { args }: SystemCall,
  random: Random,
  remembered: readonly number[],
): number[] {
  const old = () => remembered[random.word() % remembered.length]!
  return Object.entries(args).map(([name, { use, type }]) => {
    if (use === 'value') return type.endsWith('Handle') ? old() : plausibleValue(name, random)
    const address = RAM + 512 * (random.word() % 64)
    const words = structOf(type) ? structure(type, random, old) : Uint8Array.from(word(old()))
    if (use === 'reads' || use === 'updates') bench.hardware.application.write(address, words)
    return address
  })
}

function structure(type: CType, random: Random, old: () => number): Uint8Array {
  const { bytes, fields } = structOf(type)!
  const made = new Uint8Array(bytes)
  for (const [name, field] of Object.entries(fields)) {
    made.set(fieldOf(name, field.type, random, old).subarray(0, sizeOf(field.type)), field.offset)
  }
  return made
}

function fieldOf(name: string, type: CType, random: Random, old: () => number): Uint8Array {
  if (structOf(type)) return structure(type, random, old)
  if (type.endsWith('Handle')) return word(old())
  if (type.endsWith('*')) return word(RAM + 512 * (random.word() % 64))
  return word(plausibleValue(name, random))
}

function plausibleValue(name: string, random: Random): number {
  if (name === 'version') return 1
  if (name.startsWith('irq')) return 29 + (random.word() % 90)
  if (name.endsWith('_len') || name.endsWith('length_bytes')) return 512 * (1 + (random.word() % 3))
  if (name === 'buffer_size') return 16 * (random.word() % 8)
  if (name === 'len') return 34
  if (name === 'length' || name === 'address') return random.word() % 40
  return random.word() % 4
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}

/** Time passes, and something comes from outside. */
function happen(bench: Bench, random: Random): void {
  bench.run(random.word() % 50)
  const what = random.word() % 64
  if (what < 8) bench.disconnect()
  if (what === 8) bench.vectors.applicationFault(someFault)
  if (what === 9) bench.vectors.fastInterrupt()
  if (what > 9 && what < 14) bench.isCloudUp = !bench.isCloudUp
  for (const fast of bench.hardware.application.fast.values()) {
    fast.taken += random.word() % 4
    fast.isActive = random.word() % 4 === 0
  }
}

function wake({ chips, cloud, hardware }: Bench, random: Random): Bench {
  const atMicroseconds = hardware.clock.sincePowerOn() + (random.word() % 10_000_000)
  const cause = WAKES[random.word() % WAKES.length]!
  return new Bench({ chips, cloud, wake: { cause, atMicroseconds } }).run(1)
}

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
