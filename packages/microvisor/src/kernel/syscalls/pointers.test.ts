/**
 * Every pointer argument of every call is an allegation: each is replaced by addresses that the
 * application has no right to, and the call must refuse it and leave memory and kernel alone.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Argument,
  Status,
  type SystemCall,
  type SystemCallName,
  sizeOf,
  systemCalls,
} from '@microvisor/protocol'
import type { Bench } from '../../testing/bench.ts'
import { acceptedChannelCalls } from '../../testing/channel-calls.ts'
import { runningBench } from '../../testing/running.ts'
import { wifiConfig, wifiConfigOut } from '../../testing/statuses/wifi.ts'
import { FLASH, FLASH_BYTES, RAM, RAM_BYTES, TestFactory } from '../../testing/test-hardware.ts'

/** Arguments with which each call is accepted. */
const accepted: { readonly [Name in SystemCallName]?: (bench: Bench) => number[] } = {
  mvGetDeviceId: (b) => [b.place(34), 34],
  mvGetSysClk: (b) => [b.place(4)],
  mvGetHClk: (b) => [b.place(4)],
  mvGetPClk1: (b) => [b.place(4)],
  mvGetPClk2: (b) => [b.place(4)],
  mvGetMicroseconds: (b) => [b.place(8)],
  mvGetWallTime: (b) => [b.place(8)],
  mvPeriphPeek32: (b) => [0x4602_0c00, b.place(4)],
  mvSetupNotifications: (b) => {
    const fields = { irq: 45, buffer: b.place(64), buffer_size: 64 }
    return [b.struct('MvNotificationSetup', fields), b.place(4)]
  },
  mvCloseNotifications: (b) => [handle(b, b.center(45).handle)],
  mvRequestNetwork: (b) => [networkParams(b), b.place(4)],
  mvReleaseNetwork: (b) => [handle(b, request(b))],
  mvGetNetworkStatus: (b) => [request(b), b.place(4)],
  mvGetNetworkReasons: (b) => [b.place(4), b.place(4)],
  mvServerLoggingInit: (b) => [b.place(512, 512), 512],
  mvServerLog: (b) => {
    b.call('mvServerLoggingInit', b.place(512, 512), 512)
    return [b.text('hello'), 5]
  },
  mvOpenSystemNotification: (b) => [subscription(b), b.place(4)],
  mvCloseSystemNotification: (b) => {
    const out = b.place(4)
    b.call('mvOpenSystemNotification', subscription(b), out)
    return [out]
  },
  mvGetWakeReason: (b) => [b.place(1)],
  mvExternalFlashOpen: (b) => [b.place(4)],
  mvExternalFlashClose: (b) => [handle(b, externalFlash(b))],
  mvExternalFlashGetInfo: (b) => {
    const fields = { version: 1, chip_id: 0, size: 0, num_handles: 0 }
    return [externalFlash(b), b.struct('MvExternalFlashInfo', fields)]
  },
  mvExternalFlashReadBlocking: (b) => [externalFlash(b), 0, 100, b.place(100)],
  mvSetWifiConfig: (b) => wifiConfig(b),
  mvGetWifiConfig: (b) => wifiConfigOut(b),
  mvTestLoggingInit: (b) => {
    b.hardware.factoryTest = new TestFactory()
    return [b.place(512, 512), 512]
  },
  mvTestLog: (b) => {
    b.hardware.factoryTest = new TestFactory()
    b.call('mvTestLoggingInit', b.place(512, 512), 512)
    return [b.text('hello'), 5]
  },
  mvExternalFlashWriteBlocking: (b) => [externalFlash(b), 0, 100, b.place(100)],
  ...acceptedChannelCalls,
}

/** They take the data before they look where to say how much it was. */
const lateCalls: readonly SystemCallName[] = ['mvWriteChannel', 'mvWriteChannelStream']

const calls = Object.keys(accepted) as SystemCallName[]

for (const name of calls) {
  test(`${name} accepts good pointers, wherever they point`, () => {
    const bench = runningBench()
    assert.equal(bench.call(name, ...accepted[name]!(bench)), Status.OKAY)
  })

  const call: SystemCall = systemCalls[name]
  for (const [index, [argument, row]] of Object.entries(call.args).entries()) {
    if (row.use === 'value') continue
    test(`${name} refuses a bad ${argument}`, () => refusesBad(name, index, row))
  }
}

test('the sweep knows every call that has a pointer', () => {
  const table = Object.entries(systemCalls) as [SystemCallName, SystemCall][]
  const withPointer = table.filter(([, { args }]) =>
    Object.values(args).some(({ use }) => use !== 'value'),
  )
  assert.deepEqual(
    withPointer.map(([name]) => name).filter((name) => !calls.includes(name)),
    [],
  )
})

test('a pointer to words need not be aligned', () => {
  const bench = runningBench()
  const address = bench.place(16) + 1
  assert.equal(bench.call('mvGetHClk', address), Status.OKAY)
  assert.equal(bench.word(address), 80_000_000)
})

/** On one bench, because a refused call leaves everything as it was. */
function refusesBad(name: SystemCallName, index: number, row: Argument): void {
  const bench = runningBench()
  const args = accepted[name]!(bench)
  const before = bench.hardware.application.ram.slice()
  for (const [what, address] of badAddresses(name, index, row)) {
    const status = bench.call(name, ...args.with(index, address))
    if (row.use === 'writes' && lateCalls.includes(name)) {
      assert.equal(status, Status.LATEFAULT, what)
      continue
    }
    assert.equal(status, Status.PARAMETERFAULT, what)
    assert.deepEqual(bench.hardware.application.ram, before, `${what}: memory was written`)
  }
}

function badAddresses(name: SystemCallName, index: number, row: Argument): [string, number][] {
  const bytes = lengthOf(name, index, row)
  const unit = row.use === 'keepsBytes' ? 512 : 1
  const bad: [string, number][] = [
    ['null', 0],
    ['ends behind RAM', RAM + RAM_BYTES - bytes + unit],
    ['begins before RAM', RAM - unit],
    ['wraps around', 0x1_0000_0000 - unit],
    ['secure SRAM', 0x2008_0000],
    ['secure alias', 0x3000_0000],
    ['secure flash', 0x0c10_0000],
    ['a peripheral', 0x4002_0000],
    ['ends behind flash', FLASH + FLASH_BYTES - bytes + unit],
  ]
  const isRead = row.use === 'reads' || row.use === 'readsBytes'
  return isRead ? bad : [...bad, ['flash as output', FLASH]]
}

/** Bytes that the call will touch, as `accepted` calls it. */
function lengthOf(name: SystemCallName, index: number, row: Argument): number {
  if (row.length === undefined) return sizeOf(row.type)
  const lengths: { readonly [Name in SystemCallName]?: number } = {
    mvGetDeviceId: 34,
    mvServerLoggingInit: 512,
    mvServerLog: 5,
    mvTestLoggingInit: 512,
    mvTestLog: 5,
    mvExternalFlashReadBlocking: 100,
    mvExternalFlashWriteBlocking: 100,
    mvWriteChannel: 5,
    mvWriteChannelStream: 5,
    mvReadHttpResponseHeader: 40,
    mvReadHttpResponseBody: 40,
  }
  const length = lengths[name]
  if (length === undefined) throw new Error(`Give the length of argument ${index} of ${name}.`)
  return length
}

function handle(bench: Bench, value: number): number {
  return bench.place(new Uint8Array(new Uint32Array([value]).buffer))
}

function networkParams(bench: Bench): number {
  const notification_handle = bench.center(46).handle
  const fields = { version: 1, notification_handle, notification_tag: 0 }
  return bench.struct('MvRequestNetworkParams', fields)
}

function request(bench: Bench): number {
  const out = bench.place(4)
  bench.call('mvRequestNetwork', networkParams(bench), out)
  return bench.word(out)
}

function subscription(bench: Bench): number {
  const notification_handle = bench.center(46).handle
  const fields = { notification_handle, notification_tag: 0, notification_source: 0 }
  return bench.struct('MvOpenSystemNotificationParams', fields)
}

function externalFlash(bench: Bench): number {
  const out = bench.place(4)
  bench.call('mvExternalFlashOpen', out)
  return bench.word(out)
}
