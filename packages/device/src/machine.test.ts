import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { Board, EXTERNAL_FLASH_BYTES, OTP_BYTES, Supply, seededRandom } from '@microvisor/mcu'
import { encodeFuses, layOutBoot, layOutKernel } from '@microvisor/microvisor'
import { parseKernelBundle, toHex } from '@microvisor/protocol'
import { hostDigest } from './hardware/engines.ts'
import { NetworkPort } from './hardware/network.ts'
import { buildBootImage } from './kernel-image.ts'
import { Machine } from './machine.ts'
import { closedOptionBytes } from './provision.ts'
import { TestCloud } from './testing/cloud.ts'
import { testKernel } from './testing/test-kernel.ts'
import { application, handler, load, sleepForever, str, systemCall } from './testing/thumb.ts'

const NO_OP = 0x0c1f_e0d8
const SYSTICK = 0xe000_e010

/** Calls, starts a SysTick of 1000 cycles whose handler calls, too, and sleeps in between. */
const main = [
  ...systemCall(NO_OP, 0x11),
  ...[...load(1, SYSTICK + 4), ...load(2, 999), ...str(2, 1)],
  ...[...load(1, SYSTICK), ...load(2, 7), ...str(2, 1)],
  ...sleepForever,
]
const ticking = application(main, handler(systemCall(NO_OP, 0x22)))

const parts = (async () => {
  const cloud = await TestCloud.make()
  const bundle = parseKernelBundle(cloud.signKernel(await testKernel()), hostDigest)
  const [kernel, nsc] = bundle.manifest.layers.map(
    ({ fetchHash }) => bundle.layers.get(toHex(fetchHash))!,
  )
  const boot = await buildBootImage()
  const fuses = encodeFuses({
    ...{ deviceSid: `UV${'1'.repeat(32)}`, accountSid: `AC${'2'.repeat(32)}` },
    ...{ deviceType: 'Imp201c', deviceCaSha256: new Uint8Array(32) },
    bootSha256: hostDigest([boot]),
    kernelSigner: cloud.kernelSigner.publicKey,
    applicationSigner: cloud.applicationSigner.publicKey,
  })
  return { boot, image: { manifest: bundle.manifestBytes, kernel, nsc }, fuses }
})()

interface Setting {
  readonly program: Uint8Array
  readonly steps: Iterable<number>
  /** What becomes of changes of internal flash. */
  readonly save?: (supply: Supply) => void
}

/** Runs a fresh machine in the given steps and gives all that happened, each with its cycle. */
async function trace({ program, steps, save }: Setting): Promise<string[]> {
  const { boot, image, fuses } = await parts
  const log: string[] = []
  const note = (line: string): void => {
    log.push(`${board.chip.cpu.cycles} ${line}`)
  }
  const nothing = () => {}
  const unexpected = () => assert.fail()
  const supply = new Supply()
  const board: Board = new Board({
    ...{ supply, otp: fuses.slice(0, OTP_BYTES), uniqueId: new Uint8Array(12) },
    hasSecureSide: true,
    optionBytes: closedOptionBytes(),
    externalFlash: new Uint8Array(EXTERNAL_FLASH_BYTES).fill(0xff),
    events: {
      internalFlashChanged: () => save?.(supply),
      ...{ externalFlashChanged: nothing, otpChanged: nothing },
      ...{ userLed: nothing, logByte: nothing },
      systemLed: ({ green }) => note(`green ${green}`),
    },
  })
  board.chip.flashBytes.fill(0xff)
  board.chip.flashBytes.set(program)
  for (const { offset, bytes } of [layOutBoot(boot), ...layOutKernel(image)])
    board.chip.flashBytes.set(bytes, offset)
  const machine = new Machine({
    ...{ board, network: new NetworkPort({ connect: unexpected }, nothing) },
    secureSessions: { accept: unexpected },
    random: (into) => into.fill(4),
    deviceKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    events: {
      ...{ booted: () => note('booted'), lockedDown: unexpected, kernelFailed: unexpected },
      powerLost: (reason) => note(`power lost: ${reason}`),
      applicationStarted: () => note('started'),
      applicationStopped: () => note('stopped'),
      applicationFaulted: ({ exception }) => note(exception),
      ...{ trace: note, notModelled: nothing },
    },
  })
  machine.powerUp()
  for (const cycle of steps) machine.advance(cycle)
  return log
}

function* stepsOf(size: () => number, end: number) {
  for (let at = size(); at < end; at += size()) yield at
  yield end
}

test('a run is the same however it is cut into slices', async () => {
  const end = 60_000
  const whole = await trace({ program: ticking, steps: [end] })
  assert.ok(whole.filter((line) => line.includes('call')).length > 20, whole.join('\n'))
  for (const size of [1, 7, 999, 1000, 1001, 4096]) {
    const steps = stepsOf(() => size, end)
    assert.deepEqual(await trace({ program: ticking, steps }), whole, `slices of ${size}`)
  }
  for (let seed = 0; seed < 5; seed++) {
    const random = seededRandom(seed)
    const steps = stepsOf(() => 1 + (random() % 3000), end)
    assert.deepEqual(await trace({ program: ticking, steps }), whole, `seed ${seed}`)
  }
})

test('a watchdog that bites stops the application alone, which the kernel starts again', async () => {
  const IWDG = 0x4000_3000
  const program = application([
    ...[...load(1, IWDG), ...load(2, 0xcccc), ...str(2, 1)],
    ...sleepForever,
  ])
  // At most 4,096 counts of a quarter of LSI: half a second, at the 4 MHz of this kernel.
  const log = await trace({ program, steps: [8_000_000] })
  const events = log.map((line) => line.replace(/^\d+ /, ''))
  assert.ok(events.includes('Watchdog'), log.join('\n'))
  assert.equal(events.filter((line) => line === 'booted').length, 1)
  assert.ok(events.filter((line) => line === 'started').length > 1, log.join('\n'))
})

test('a change of flash that cannot be kept is a power cut that says why', async () => {
  const program = application([
    ...systemCall(NO_OP, 0xf1a5),
    ...systemCall(NO_OP, 1),
    ...sleepForever,
  ])
  const save = (supply: Supply) => supply.fail('no space left on device')
  const log = await trace({ program, steps: [1e6, 2e9], save })
  assert.match(log.at(-2)!, /call c1fe0d8 f1a5$/)
  assert.match(log.at(-1)!, /power lost: no space left on device$/)
})
