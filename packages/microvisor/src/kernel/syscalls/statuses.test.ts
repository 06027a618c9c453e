/**
 * Every status that the table lists for a call is reached, and no other. A row says in which state
 * and with which arguments; pointers have a sweep of their own (pointers.test.ts).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Status,
  type StatusName,
  type SystemCallName,
  SystemNotificationSource,
  statusesOf,
} from '@microvisor/protocol'
import type { Bench } from '../../testing/bench.ts'
import { runningBench, smallApplication } from '../../testing/running.ts'
import { FLASH, RAM } from '../../testing/test-hardware.ts'

const SECURE_RAM = 0x2008_0000
const RCC = 0x4602_0c00

type Arrange = (bench: Bench) => number[]
type Row = readonly [call: SystemCallName, status: StatusName, arrange: Arrange]

const rows: readonly Row[] = [
  ['mvNoOp', 'OKAY', () => []],

  ['mvGetDeviceId', 'OKAY', (b) => [b.place(34), 34]],
  ['mvGetDeviceId', 'INVALIDBUFFERSIZE', (b) => [b.place(35), 35]],
  ['mvGetDeviceId', 'INVALIDBUFFERSIZE', (b) => [b.place(34), 33]],
  ['mvGetDeviceId', 'PARAMETERFAULT', () => [FLASH, 34]],

  ...(
    ['mvGetSysClk', 'mvGetHClk', 'mvGetPClk1', 'mvGetPClk2', 'mvGetMicroseconds'] as const
  ).flatMap((call): Row[] => [
    [call, 'OKAY', (b) => [b.place(8)]],
    [call, 'PARAMETERFAULT', () => [FLASH]],
  ]),

  ['mvGetWallTime', 'OKAY', (b) => [b.place(8)]],
  ['mvGetWallTime', 'PARAMETERFAULT', () => [FLASH]],

  ['mvPeriphPeek32', 'OKAY', (b) => [RCC + 0xa8, b.place(4)]],
  ['mvPeriphPeek32', 'PERIPHERALACCESSFAULT', (b) => [RCC + 0xa9, b.place(4)]],
  ['mvPeriphPeek32', 'PERIPHERALACCESSFAULT', (b) => [RCC + 0x04, b.place(4)]],
  ['mvPeriphPeek32', 'PERIPHERALACCESSFAULT', (b) => [0x4002_2000, b.place(4)]],
  ['mvPeriphPeek32', 'PARAMETERFAULT', () => [RCC + 0xa8, FLASH]],

  ['mvPeriphPoke32', 'OKAY', () => [RCC + 0xa8, 1, 1]],
  ['mvPeriphPoke32', 'PERIPHERALACCESSFAULT', () => [RCC + 0xaa, 1, 1]],
  ['mvPeriphPoke32', 'PERIPHERALACCESSFAULT', () => [RCC + 0x00, 1, 1]],
  ['mvPeriphPoke32', 'PERIPHERALACCESSFAULT', () => [0x4002_2000, 1, 1]],

  ['mvSetupNotifications', 'OKAY', (b) => setup(b, {})],
  ['mvSetupNotifications', 'PARAMETERFAULT', (b) => [SECURE_RAM, b.place(4)]],
  ['mvSetupNotifications', 'PARAMETERFAULT', (b) => setup(b, { buffer: SECURE_RAM - 16 })],
  ['mvSetupNotifications', 'INVALIDBUFFERSIZE', (b) => setup(b, { buffer_size: 16 })],
  ['mvSetupNotifications', 'INVALIDBUFFERSIZE', (b) => setup(b, { buffer_size: 40 })],
  ['mvSetupNotifications', 'INVALIDBUFFERSIZE', (b) => setup(b, { buffer_size: 0 })],
  ['mvSetupNotifications', 'INVALIDINTERRUPT', (b) => setup(b, { irq: 48 })],
  ['mvSetupNotifications', 'INVALIDINTERRUPT', (b) => setup(b, { irq: 0xffff_ffff })],
  ['mvSetupNotifications', 'INVALIDINTERRUPT', (b) => setup(b, { irq: opened(b, 46) && 46 })],
  [
    'mvSetupNotifications',
    'BUFFERALREADYINUSE',
    (b) => setup(b, { buffer: b.center(46).buffer + 112 }),
  ],
  ['mvSetupNotifications', 'BUFFERALREADYINUSE', (b) => setup(b, { buffer: logBuffer(b) })],
  [
    'mvSetupNotifications',
    'TOOMANYNOTIFICATIONBUFFERS',
    (b) => {
      for (let i = 0; i < 32; i++) b.center(50 + i + (50 + i >= 73 ? 1 : 0))
      return setup(b, {})
    },
  ],

  ['mvCloseNotifications', 'OKAY', (b) => [word(b, b.center(46).handle)]],
  ['mvCloseNotifications', 'INVALIDHANDLE', (b) => [word(b, 0)]],
  ['mvCloseNotifications', 'INVALIDHANDLE', (b) => [word(b, b.center(46).handle ^ 1)]],
  ['mvCloseNotifications', 'INVALIDHANDLE', (b) => [word(b, requested(b))]],
  ['mvCloseNotifications', 'PARAMETERFAULT', () => [FLASH]],

  ['mvTempTriggerNotification', 'OKAY', (b) => [b.center(46).handle, 99, 5]],
  ['mvTempTriggerNotification', 'INVALIDHANDLE', () => [1, 1, 5]],

  ['mvRequestNetwork', 'OKAY', (b) => request(b, {})],
  ['mvRequestNetwork', 'UNSUPPORTEDSTRUCTUREVERSION', (b) => request(b, { version: 2 })],
  ['mvRequestNetwork', 'PARAMETERFAULT', (b) => request(b, { notification_handle: 77 })],
  ['mvRequestNetwork', 'PARAMETERFAULT', (b) => [SECURE_RAM, b.place(4)]],
  [
    'mvRequestNetwork',
    'PARAMETERFAULT',
    (b) => {
      const center = b.center(46).handle
      for (let i = 0; i < 16; i++) {
        const args = request(b, { notification_handle: center })
        assert.equal(b.call('mvRequestNetwork', ...args), Status.OKAY)
      }
      return request(b, { notification_handle: center })
    },
  ],

  ['mvReleaseNetwork', 'OKAY', (b) => [word(b, requested(b))]],
  ['mvReleaseNetwork', 'INVALIDHANDLE', (b) => [word(b, 1234)]],
  ['mvReleaseNetwork', 'PARAMETERFAULT', () => [FLASH]],

  ['mvGetNetworkStatus', 'OKAY', (b) => [requested(b), b.place(4)]],
  ['mvGetNetworkStatus', 'INVALIDHANDLE', (b) => [0, b.place(4)]],
  ['mvGetNetworkStatus', 'PARAMETERFAULT', (b) => [requested(b), FLASH]],

  ['mvGetNetworkReasons', 'OKAY', (b) => [b.place(4), b.place(4)]],
  ['mvGetNetworkReasons', 'PARAMETERFAULT', (b) => [b.place(4), FLASH]],

  ['mvServerLoggingInit', 'OKAY', (b) => [b.place(1024, 512), 1024]],
  ['mvServerLoggingInit', 'INVALIDBUFFERALIGNMENT', (b) => [b.place(1024, 512) + 8, 512]],
  ['mvServerLoggingInit', 'INVALIDBUFFERSIZE', (b) => [b.place(1024, 512), 1000]],
  ['mvServerLoggingInit', 'INVALIDBUFFERSIZE', (b) => [b.place(1024, 512), 0]],
  ['mvServerLoggingInit', 'PARAMETERFAULT', () => [SECURE_RAM - 512, 1024]],
  ['mvServerLoggingInit', 'PARAMETERFAULT', (b) => [b.center(46).buffer & ~511, 1024]],

  ['mvServerLog', 'OKAY', (b) => logging(b, b.text('hello'), 5)],
  ['mvServerLog', 'OKAY', (b) => logging(b, 0, 0)],
  ['mvServerLog', 'OKAY', (b) => logging(b, FLASH, 16)],
  ['mvServerLog', 'UNAVAILABLE', (b) => [b.text('hello'), 5]],
  ['mvServerLog', 'PARAMETERFAULT', (b) => logging(b, SECURE_RAM, 5)],
  ['mvServerLog', 'LOGMESSAGETOOLONG', (b) => logging(b, RAM, 1025)],
  [
    'mvServerLog',
    'INVALIDBUFFERSIZE',
    (b) => {
      logBuffer(b)
      b.isCloudUp = false
      b.disconnect()
      return b.call('mvServerLog', RAM, 1000) === Status.OKAY ? [RAM, 1000] : []
    },
  ],
  [
    'mvServerLog',
    'LOGGINGDISABLEDBYSERVER',
    (b) => {
      logBuffer(b)
      b.cloud.send({ case: 'settings', value: { loggingEnabled: false } })
      b.run()
      return [b.text('hello'), 5]
    },
  ],

  ['mvOpenSystemNotification', 'OKAY', (b) => subscribe(b, {})],
  ['mvOpenSystemNotification', 'INVALIDHANDLE', (b) => subscribe(b, { notification_handle: 1 })],
  ['mvOpenSystemNotification', 'INVALIDHANDLE', (b) => subscribe(b, { notification_source: 2 })],
  ['mvOpenSystemNotification', 'PARAMETERFAULT', (b) => [SECURE_RAM, b.place(4)]],
  ['mvOpenSystemNotification', 'UNAVAILABLE', inHandler((b) => subscribe(b, {}))],
  [
    'mvOpenSystemNotification',
    'UNAVAILABLE',
    (b) => {
      const args = subscribe(b, {})
      for (let i = 0; i < 32; i++) {
        assert.equal(b.call('mvOpenSystemNotification', ...args), Status.OKAY)
      }
      return args
    },
  ],

  ['mvCloseSystemNotification', 'OKAY', (b) => [word(b, subscribed(b))]],
  ['mvCloseSystemNotification', 'INVALIDHANDLE', (b) => [word(b, 3)]],
  ['mvCloseSystemNotification', 'PARAMETERFAULT', () => [FLASH]],
  ['mvCloseSystemNotification', 'UNAVAILABLE', inHandler((b) => [word(b, subscribed(b))])],

  ['mvGetWakeReason', 'OKAY', (b) => [b.place(1)]],
  ['mvGetWakeReason', 'PARAMETERFAULT', () => [FLASH]],
  ['mvGetWakeReason', 'UNAVAILABLE', inHandler((b) => [b.place(1)])],

  ['mvRestart', 'PARAMETERFAULT', () => [1]],
  ['mvRestart', 'UNAVAILABLE', inHandler(() => [0])],
  [
    'mvRestart',
    'MICROVISORBUSY',
    (b) => {
      b.cloud.fetchLimitBytes = 100
      b.cloud.sendTarget(smallApplication(2))
      b.run()
      return [0]
    },
  ],

  ['mvSystemLedEnable', 'OKAY', () => [0]],
  ['mvSystemLedEnable', 'OKAY', () => [1]],
  ['mvSystemLedEnable', 'PARAMETERFAULT', () => [2]],
  ['mvSystemLedEnable', 'UNAVAILABLE', inHandler(() => [0])],

  ['mvExternalFlashOpen', 'OKAY', (b) => [b.place(4)]],
  ['mvExternalFlashOpen', 'PARAMETERFAULT', () => [FLASH]],
  ['mvExternalFlashOpen', 'UNAVAILABLE', inHandler((b) => [b.place(4)])],
  [
    'mvExternalFlashOpen',
    'TOOMANYCHANNELS',
    (b) => {
      for (let i = 0; i < 32; i++) external(b)
      return [b.place(4)]
    },
  ],

  ['mvExternalFlashClose', 'OKAY', (b) => [word(b, external(b))]],
  ['mvExternalFlashClose', 'INVALIDHANDLE', (b) => [word(b, 9)]],
  ['mvExternalFlashClose', 'PARAMETERFAULT', () => [FLASH]],
  ['mvExternalFlashClose', 'UNAVAILABLE', inHandler((b) => [word(b, external(b))])],

  ['mvExternalFlashGetInfo', 'OKAY', (b) => [external(b), info(b, 1)]],
  ['mvExternalFlashGetInfo', 'UNSUPPORTEDSTRUCTUREVERSION', (b) => [external(b), info(b, 0)]],
  ['mvExternalFlashGetInfo', 'INVALIDHANDLE', (b) => [5, info(b, 1)]],
  ['mvExternalFlashGetInfo', 'PARAMETERFAULT', (b) => [external(b), FLASH]],
  ['mvExternalFlashGetInfo', 'UNAVAILABLE', inHandler((b) => [external(b), info(b, 1)])],

  ['mvExternalFlashReadBlocking', 'OKAY', (b) => [external(b), 0x3f_ff00, 256, b.place(256)]],
  ['mvExternalFlashReadBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), 0x3f_ff01, 256, RAM]],
  ['mvExternalFlashReadBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), ~0, 256, RAM]],
  ['mvExternalFlashReadBlocking', 'INVALIDHANDLE', () => [1, 0, 256, RAM]],
  ['mvExternalFlashReadBlocking', 'PARAMETERFAULT', (b) => [external(b), 0, 256, FLASH]],
  ['mvExternalFlashReadBlocking', 'UNAVAILABLE', inHandler((b) => [external(b), 0, 256, RAM])],

  ['mvExternalFlashEraseBlocking', 'OKAY', (b) => [external(b), 0x3f_f000, 0x1000]],
  ['mvExternalFlashEraseBlocking', 'INVALIDBUFFERALIGNMENT', (b) => [external(b), 256, 0x1000]],
  ['mvExternalFlashEraseBlocking', 'INVALIDBUFFERALIGNMENT', (b) => [external(b), 0, 256]],
  ['mvExternalFlashEraseBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), 0x3f_f000, 0x2000]],
  ['mvExternalFlashEraseBlocking', 'PARAMETERFAULT', (b) => [external(b), 0, 0]],
  ['mvExternalFlashEraseBlocking', 'INVALIDHANDLE', () => [1, 0, 0x1000]],
  ['mvExternalFlashEraseBlocking', 'UNAVAILABLE', inHandler((b) => [external(b), 0, 0x1000])],

  ['mvExternalFlashWriteBlocking', 'OKAY', (b) => [external(b), 0x3f_ff00, 256, RAM]],
  ['mvExternalFlashWriteBlocking', 'ADDRESSOUTOFRANGE', (b) => [external(b), 0x40_0000, 1, RAM]],
  ['mvExternalFlashWriteBlocking', 'INVALIDHANDLE', () => [1, 0, 256, RAM]],
  ['mvExternalFlashWriteBlocking', 'PARAMETERFAULT', (b) => [external(b), 0, 256, SECURE_RAM]],
  ['mvExternalFlashWriteBlocking', 'UNAVAILABLE', inHandler((b) => [external(b), 0, 256, RAM])],
]

/** Statuses that a call's list has and that it has no way to reach. */
const unreachable: readonly (readonly [SystemCallName, StatusName])[] = [
  // The call takes no structure.
  ['mvReleaseNetwork', 'UNSUPPORTEDSTRUCTUREVERSION'],
  // Success does not return.
  ['mvRestart', 'OKAY'],
  // Reached in device.test.ts: it takes a device that was never connected.
  ['mvGetWallTime', 'TIMENOTSET'],
]

for (const [i, [call, status, arrange]] of rows.entries()) {
  test(`${call} answers ${status} (row ${i})`, () => {
    const bench = runningBench()
    assert.equal(bench.call(call, ...arrange(bench)), Status[status])
  })
}

test('the rows reach every status of each call they name', () => {
  for (const call of new Set(rows.map(([name]) => name))) {
    const reached = [...rows, ...unreachable].filter(([name]) => name === call)
    const statuses = new Set(reached.map(([, status]) => Status[status]))
    assert.deepEqual([...statuses].toSorted(), [...statusesOf(call)].toSorted(), call)
  }
})

function inHandler(arrange: Arrange): Arrange {
  return (bench) => {
    const args = arrange(bench)
    bench.hardware.application.isInHandlerMode = true
    return args
  }
}

function word(bench: Bench, value: number): number {
  const address = bench.place(4)
  bench.hardware.application.write(address, new Uint8Array(new Uint32Array([value]).buffer))
  return address
}

function setup(
  bench: Bench,
  fields: { irq?: number; buffer?: number; buffer_size?: number },
): number[] {
  const base = { irq: 45, buffer: bench.place(128), buffer_size: 128 }
  return [bench.struct('MvNotificationSetup', { ...base, ...fields }), bench.place(4)]
}

function opened(bench: Bench, irq: number): number {
  return bench.center(irq).handle
}

function request(
  bench: Bench,
  fields: { version?: number; notification_handle?: number },
): number[] {
  const center = fields.notification_handle ?? bench.center(46).handle
  const base = { version: 1, notification_tag: 3, notification_handle: center }
  return [bench.struct('MvRequestNetworkParams', { ...base, ...fields }), bench.place(4)]
}

function requested(bench: Bench): number {
  const [params, out] = request(bench, {})
  assert.equal(bench.call('mvRequestNetwork', params!, out!), Status.OKAY)
  return bench.word(out!)
}

function subscribe(
  bench: Bench,
  fields: { notification_handle?: number; notification_source?: number },
): number[] {
  const base = {
    notification_handle: fields.notification_handle ?? bench.center(46).handle,
    notification_tag: 4,
    notification_source: SystemNotificationSource.NETWORK,
  }
  return [bench.struct('MvOpenSystemNotificationParams', { ...base, ...fields }), bench.place(4)]
}

function subscribed(bench: Bench): number {
  const [params, out] = subscribe(bench, {})
  assert.equal(bench.call('mvOpenSystemNotification', params!, out!), Status.OKAY)
  return bench.word(out!)
}

function logBuffer(bench: Bench): number {
  const buffer = bench.place(1024, 512)
  assert.equal(bench.call('mvServerLoggingInit', buffer, 1024), Status.OKAY)
  return buffer
}

/** Arguments of mvServerLog, with a log buffer given before. */
function logging(bench: Bench, message: number, length: number): number[] {
  logBuffer(bench)
  return [message, length]
}

function external(bench: Bench): number {
  const out = bench.place(4)
  assert.equal(bench.call('mvExternalFlashOpen', out), Status.OKAY)
  return bench.word(out)
}

function info(bench: Bench, version: number): number {
  return bench.struct('MvExternalFlashInfo', { version, chip_id: 0, size: 0, num_handles: 0 })
}
