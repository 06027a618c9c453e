import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NSC_BASE } from '@microvisor/mcu'
import type { DeviceError } from './errors.ts'
import { readDeviceOverview } from './folder/device-status.ts'
import { provisionDevice } from './provision.ts'
import { TestCloud } from './testing/cloud.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { testKernel } from './testing/test-kernel.ts'
import {
  application,
  ldr,
  load,
  sleepForever,
  spinForever,
  str,
  systemCall,
  undefinedInstruction,
} from './testing/thumb.ts'
import { type DeviceOptions, openDevice } from './virtual-device.ts'

/** mvNoOp */
const NO_OP = NSC_BASE + 0xd8
const GPIOA = 0x4202_0000
const TIM2_CNT = 0x4000_0024

const cloudAndKernel = (async () => {
  const cloud = await TestCloud.make()
  return { cloud, kernel: cloud.signKernel(await testKernel()) }
})()

/** A new device with this program in its flash. */
async function deviceFolder(context: TestContext, program: readonly number[]): Promise<string> {
  const folder = join(temporaryFolder(context), 'device')
  const { cloud, kernel } = await cloudAndKernel
  await provisionDevice({ folder, enrol: (r) => cloud.enrol(r), fetchKernel: async () => kernel })
  patch(folder, 'internal-flash.bin', 0, application(program))
  return folder
}

function patch(folder: string, name: string, offset: number, bytes: Uint8Array): void {
  const content = readFileSync(join(folder, name))
  content.set(bytes, offset)
  writeFileSync(join(folder, name), content)
}

/** Runs the device until a line is traced or an event comes; gives everything that happened. */
async function runUntil(
  context: TestContext,
  folder: string,
  last: string | RegExp,
  options: Partial<DeviceOptions> = {},
): Promise<string[]> {
  const log: string[] = []
  const done = Promise.withResolvers<void>()
  let isOver = false
  const note = (line: string) => {
    if (isOver) return
    log.push(line)
    isOver = typeof last === 'string' ? line === last : last.test(line)
    if (isOver) done.resolve()
  }
  const device = openDevice(folder, {
    clock: 'virtual',
    events: {
      trace: note,
      userLed: (isLit) => note(`user LED ${isLit}`),
      systemLed: ({ green }) => note(`system LED green ${green}`),
      lockedDown: ({ reason }) => note(`locked down ${reason}`),
      kernelFailed: (error) => note(`kernel failed ${(error as Error).message}`),
      powerLost: () => note('power lost'),
      applicationStarted: () => note('started'),
      applicationStopped: () => note('stopped'),
    },
    ...options,
  })
  const timer = setTimeout(() => done.reject(new Error(`"${last}" never came`)), 10_000)
  context.after(() => device.stop())
  try {
    device.start()
    await done.promise
  } finally {
    clearTimeout(timer)
    device.stop()
  }
  return log
}

const ledOn = [
  ...[...load(1, GPIOA), ...load(2, 0xabff_f7ff), ...str(2, 1)],
  ...[...load(1, GPIOA + 0x18), ...load(2, 1 << 5), ...str(2, 1)],
]

test('a device boots its kernel, which starts the application, which calls it and lights the LED', async (context) => {
  const program = [...systemCall(NO_OP, 0x11), ...ledOn, ...sleepForever]
  const folder = await deviceFolder(context, program)
  const log = await runUntil(context, folder, 'user LED true')
  assert.deepEqual(log, [
    ...['boot power-on 9.9.9', 'system LED green true', 'started'],
    ...['call c1fe0d8 11', 'user LED true'],
  ])
  const { status, runningPid } = readDeviceOverview(folder)
  assert.equal(status?.state, 'stopped')
  assert.equal(status?.kernelVersionText, '9.9.9')
  assert.equal(runningPid, undefined)
})

test('a flipped bit anywhere in the kernel, its manifest or its veneers locks the device down', async (context) => {
  const folder = await deviceFolder(context, sleepForever)
  const flash = readFileSync(join(folder, 'internal-flash.bin'))
  const cases = [
    [0x12_0000, 'KERNEL_MANIFEST_MISSING'],
    [0x10_0002, 'BOOT_MISSING'],
    [0x10_1234, 'BOOT_HASH'],
    [0x12_0030, /^(KERNEL_MANIFEST_MALFORMED|KERNEL_SIGNATURE|KERNEL_SIGNER_UNKNOWN)$/],
    [0x12_4000, 'KERNEL_HASH'],
    [0x12_4200, 'KERNEL_HASH'],
    [0x12_2000, 'NSC_HASH'],
    [0x1f_e000, 'NSC_HASH'],
    [0x1f_ffff, 'NSC_HASH'],
  ] as const
  for (const [offset, expected] of cases) {
    patch(folder, 'internal-flash.bin', offset, Uint8Array.of(flash[offset]! ^ 0x10))
    const log = await runUntil(context, folder, /^locked down/)
    const others = log.filter((line) => !line.startsWith('system LED'))
    assert.equal(others.length, 1, 'nothing else happens')
    const { status } = readDeviceOverview(folder)
    assert.equal(status?.state, 'locked-down')
    assert.match(status?.lockDown?.reason ?? '', new RegExp(expected))
    patch(folder, 'internal-flash.bin', offset, Uint8Array.of(flash[offset]!))
  }
  await runUntil(context, folder, 'started')
})

test('open option bytes lock the device down', async (context) => {
  const folder = await deviceFolder(context, sleepForever)
  patch(folder, 'option-bytes.bin', 0, Uint8Array.of(0xaa))
  const log = await runUntil(context, folder, /^locked down/)
  assert.equal(log.at(-1), 'locked down OPTION_BYTES')
})

test('once the kernel has hidden preboot and bootrom it cannot read them, nor anybody else', async (context) => {
  const { cloud } = await cloudAndKernel
  const curious = `var kernel = { start(hardware) {
    const { protection, internalFlash, diagnostics } = hardware
    const page = new Uint8Array(16)
    internalFlash.read(0x100000, page)
    diagnostics.trace('before: ' + String.fromCharCode(...page.subarray(0, 4)))
    protection.hide()
    diagnostics.trace('erase ' + internalFlash.erase(0x100000))
    diagnostics.trace('program ' + internalFlash.program(0x100000, page))
    diagnostics.trace('options ' + protection.program(new Uint8Array(48)))
    internalFlash.read(0x11fff0, page)
    diagnostics.trace('read them')
  } }`
  const kernel = cloud.signKernel(await testKernel(curious))
  const folder = join(temporaryFolder(context), 'device')
  await provisionDevice({ folder, enrol: (r) => cloud.enrol(r), fetchKernel: async () => kernel })
  const log = await runUntil(context, folder, /^kernel failed/)
  assert.deepEqual(log, [
    ...['before: MVB1', 'erase WRPERR', 'program WRPERR', 'options OPTWERR'],
    'kernel failed Bus error: flash at offset 0x11fff0 is hidden (HDP).',
  ])
})

test('what is written to flash is on disk', async (context) => {
  const program = [...systemCall(NO_OP, 0xf1a5), ...systemCall(NO_OP, 1), ...sleepForever]
  const folder = await deviceFolder(context, program)
  await runUntil(context, folder, 'call c1fe0d8 1')
  const on = (name: string, offset: number) => readFileSync(join(folder, name))[offset]
  assert.equal(on('internal-flash.bin', 0x1a_4000), 7)
  assert.equal(on('external-flash.bin', 0x40_0000), 0xff ^ 7)
  await runUntil(context, folder, 'call c1fe0d8 1')
})

test('a power cut ends everything; the next start begins anew', async (context) => {
  const program = [...systemCall(NO_OP, 0xf1a5), ...sleepForever]
  const folder = await deviceFolder(context, program)
  for (const phase of ['before', 'during', 'after'] as const) {
    const log = await runUntil(context, folder, 'power lost', {
      powerCut: { operation: 2, phase, seed: 1 },
    })
    assert.equal(log.at(-2), 'call c1fe0d8 f1a5')
    assert.equal(readDeviceOverview(folder).status?.state, 'power-lost')
    const written = readFileSync(join(folder, 'external-flash.bin')).subarray(0x40_0000, 0x40_0010)
    if (phase === 'before') assert.ok(written.every((byte) => byte === 0))
    if (phase === 'after') assert.ok(written.every((byte) => byte === 0xf8))
  }
})

test('a reset by the kernel boots it again', async (context) => {
  const folder = await deviceFolder(context, [...systemCall(NO_OP, 0xdead), ...sleepForever])
  const log = await runUntil(context, folder, 'boot software 9.9.9')
  assert.deepEqual(log.slice(-3), [
    ...['call c1fe0d8 dead', 'system LED green false', 'boot software 9.9.9'],
  ])
})

test('a bug in the kernel is met by the watchdog', async (context) => {
  const folder = await deviceFolder(context, [...systemCall(NO_OP, 0xbad), ...sleepForever])
  const log = await runUntil(context, folder, 'boot watchdog 9.9.9')
  assert.deepEqual(log.slice(3), [
    ...['call c1fe0d8 bad', 'kernel failed kernel bug'],
    ...['system LED green false', 'boot watchdog 9.9.9'],
  ])
})

test('a fault of the application reaches the kernel, which restarts it on time', async (context) => {
  const folder = await deviceFolder(context, undefinedInstruction)
  const log = await runUntil(context, folder, /^alarm/)
  assert.match(log[3]!, /^fault HardFault \d+$/)
  const [, microseconds] = log.at(-1)!.split(' ')
  assert.ok(Number(microseconds) >= 100_000 && Number(microseconds) < 100_100, log.at(-1))
})

test('forbidden memory and peripherals fault', async (context) => {
  for (const address of [
    0x0810_0000, 0x2008_0000, 0x3000_0000, 0x4602_0c88, 0x420c_0808, 0x5000_0000,
  ]) {
    const folder = await deviceFolder(context, [...load(1, address), ...ldr(2, 1), ...spinForever])
    const log = await runUntil(context, folder, /^fault/)
    assert.match(log.at(-1)!, /^fault \w+ 8000240$/, `0x${address.toString(16)}`)
  }
})

/** MSR MSPLIM, r1 */
const setStackLimit = [0xf381, 0x880a]
/** MOV SP, r1 */
const setStack = [0x468d]
/** SVC #0 */
const callHandler = [0xdf00]

test('each way to fail ends the application with a report that names it, and the kernel lives on', async (context) => {
  const ways = [
    [undefinedInstruction, 'HardFault 8000238'],
    // BX r1: to an even address, which is no Thumb code.
    [[...load(1, 0), 0x4708], 'SecureFault 0'],
    // PUSH {r0} at the limit: the stack has run over.
    [[...load(1, 0x2008_0000), ...setStackLimit, 0xb401], 'HardFault 8000244'],
    // A handler that is none: a processor of its own would lock up.
    [callHandler, 'HardFault 800023a'],
    [[...load(1, 0x3000_0000), ...setStack, ...callHandler], 'SecureFault 8000244'],
  ] as const
  for (const [program, fault] of ways) {
    const folder = await deviceFolder(context, [...program, ...spinForever])
    const log = await runUntil(context, folder, /^fault/)
    assert.deepEqual(log.slice(-2), ['started', `fault ${fault}`])
  }
})

test('the report names what is not modelled, where, and from which instruction', async (context) => {
  const program = [...load(1, TIM2_CNT), ...ldr(2, 1), ...systemCall(NO_OP, 2), ...sleepForever]
  const folder = await deviceFolder(context, program)
  await runUntil(context, folder, 'call c1fe0d8 2')
  const { report } = readDeviceOverview(folder)
  assert.equal(report?.totalAccesses, 1)
  const [access] = report!.accesses
  assert.equal(
    `${access!.peripheral}.${access!.register} ${access!.pc.toString(16)}`,
    'TIM2.CNT 8000240',
  )
})

test('a device can be stopped from inside whatever it tells', async (context) => {
  const program = [...systemCall(NO_OP, 0xf1a5), ...systemCall(NO_OP, 1), ...sleepForever]
  const folder = await deviceFolder(context, program)
  for (const moment of ['boot power-on 9.9.9', 'call c1fe0d8 f1a5', 'call c1fe0d8 1']) {
    const stopped = Promise.withResolvers<void>()
    const after: string[] = []
    const device = openDevice(folder, {
      clock: 'virtual',
      events: {
        trace: (line) => {
          if (line !== moment) return
          device.stop()
          setTimeout(stopped.resolve, 100)
        },
        powerLost: (reason) => after.push(reason),
        kernelFailed: (error) => after.push(String(error)),
      },
    })
    device.start()
    await stopped.promise
    assert.deepEqual(after, [], moment)
    const { status } = readDeviceOverview(folder)
    assert.deepEqual([status?.state, status?.application], ['stopped', 'stopped'], moment)
  }
})

test('a device is run once at a time', async (context) => {
  const folder = await deviceFolder(context, sleepForever)
  const first = openDevice(folder, { clock: 'virtual' })
  assert.throws(
    () => openDevice(folder, { clock: 'virtual' }),
    (error: DeviceError) => error.code === 'DEVICE_IN_USE',
  )
  first.stop()
  openDevice(folder, { clock: 'virtual' }).stop()
})

test('a damaged folder is refused with the file that is damaged, and is not left locked', async (context) => {
  const folder = await deviceFolder(context, sleepForever)
  const breakages = [
    ['internal-flash.bin', new Uint8Array(5)],
    ['fuses.bin', new Uint8Array(513)],
    ['option-bytes.bin', new Uint8Array(47)],
    ['external-flash.bin', new Uint8Array(0)],
    ['device.json', '{"sid":1}'],
    ['device.json', '{'],
  ] as const
  for (const [name, content] of breakages) {
    const before = readFileSync(join(folder, name))
    writeFileSync(join(folder, name), content)
    assert.throws(
      () => openDevice(folder, { clock: 'virtual' }),
      (error: DeviceError) =>
        error.code === 'DEVICE_FILE_DAMAGED' && error.message.includes(join(folder, name)),
    )
    writeFileSync(join(folder, name), before)
  }
  openDevice(folder, { clock: 'virtual' }).stop()
  assert.throws(() => openDevice(join(folder, 'none'), { clock: 'virtual' }), {
    code: 'DEVICE_FOLDER_MISSING',
  })
})
