import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkReason, NetworkStatus, Status } from '@microvisor/protocol'
import { Bench } from '../testing/bench.ts'
import { someFault } from '../testing/fault.ts'
import { mayBeOffline, policiesWith, runningBench, smallApplication } from '../testing/running.ts'

const {
  USINGNETWORK,
  NEVERUSEDNETWORKAPI,
  MINIMUMCHECKINEXPIRED,
  RTCNOTSET,
  APPLICATIONERROR,
  COLDBOOTCONNECTION,
  FETCHINGUPDATE,
  NOAPPLICATIONCODE,
  ENHANCECALM,
} = NetworkReason

function reasons(bench: Bench): { bits: number; count: number } {
  const [bits, count] = [bench.place(4), bench.place(4)]
  assert.equal(bench.call('mvGetNetworkReasons', bits, count), Status.OKAY)
  return { bits: bench.word(bits), count: bench.word(count) }
}

function request(bench: Bench): number {
  const center = bench.center(45).handle
  const fields = { version: 1, notification_handle: center, notification_tag: 1 }
  const out = bench.place(4)
  bench.call('mvRequestNetwork', bench.struct('MvRequestNetworkParams', fields), out)
  bench.run()
  return out
}

function release(bench: Bench, place: number): void {
  assert.equal(bench.call('mvReleaseNetwork', place), Status.OKAY)
  bench.run()
}

function status(bench: Bench, place: number): number {
  const out = bench.place(4)
  bench.call('mvGetNetworkStatus', bench.word(place), out)
  return bench.word(out)
}

test('before the first request the kernel connects on its own', () => {
  const bench = runningBench(mayBeOffline)
  assert.deepEqual(reasons(bench), { bits: NEVERUSEDNETWORKAPI, count: 0 })
  assert.equal(bench.hardware.network.state, 'connected')
})

test('after the first request the application decides', () => {
  const bench = runningBench(mayBeOffline)
  const first = request(bench)
  assert.deepEqual(reasons(bench), { bits: USINGNETWORK, count: 1 })
  assert.equal(status(bench, first), NetworkStatus.CONNECTED)
  release(bench, first)
  assert.deepEqual(reasons(bench), { bits: 0, count: 0 })
  assert.equal(bench.hardware.network.state, 'idle')
  assert.equal(bench.cloud.last('goodbye')?.detail, 'The device has no reason to be connected.')
  assert.equal(bench.hardware.colours.at(-1), 'b')
})

test('a check-in time of 0 keeps the device connected whatever the application wants', () => {
  const bench = runningBench()
  release(bench, request(bench))
  assert.equal(reasons(bench).bits, MINIMUMCHECKINEXPIRED)
  assert.equal(bench.hardware.network.state, 'connected')
})

test('a device that may be offline checks in when its time has come', () => {
  const policies = policiesWith({ connectivity: { minimumCheckInSeconds: 600 } })
  const bench = runningBench(policies)
  release(bench, request(bench))
  const { network } = bench.hardware
  bench.run(599_000)
  assert.equal(network.connects, 1)
  bench.run(2_000)
  assert.equal(network.connects, 2)
  assert.equal(network.state, 'idle')
  bench.run(601_000)
  assert.equal(network.connects, 3)
})

test('the grace time keeps the connection after the last reason has gone', () => {
  const policies = policiesWith({
    connectivity: { minimumCheckInSeconds: 86_400, connectionGraceSeconds: 30 },
  })
  const bench = runningBench(policies)
  release(bench, request(bench))
  bench.run(29_000)
  assert.equal(bench.hardware.network.state, 'connected')
  bench.run(2_000)
  assert.equal(bench.hardware.network.state, 'idle')
})

test('without an application and without time the device has reasons of its own', () => {
  const bench = new Bench({ isCloudUp: false })
  const expected = NEVERUSEDNETWORKAPI | MINIMUMCHECKINEXPIRED | RTCNOTSET | COLDBOOTCONNECTION
  assert.equal(reasons(bench).bits, expected | NOAPPLICATIONCODE)
})

test('an update on its way and an unreported crash are reasons', () => {
  const bench = runningBench(mayBeOffline)
  bench.cloud.fetchLimitBytes = 50
  bench.cloud.sendTarget(smallApplication(2))
  bench.run()
  assert.equal(reasons(bench).bits, NEVERUSEDNETWORKAPI | FETCHINGUPDATE)
  bench.vectors.applicationFault(someFault)
  bench.run()
  assert.equal(reasons(bench).bits, NEVERUSEDNETWORKAPI | FETCHINGUPDATE | APPLICATIONERROR)
})

test('between two attempts the device is calm and says so', () => {
  const bench = runningBench(mayBeOffline)
  const place = request(bench)
  bench.isCloudUp = false
  bench.disconnect().run()
  assert.equal(reasons(bench).bits, USINGNETWORK | ENHANCECALM)
  assert.equal(status(bench, place), NetworkStatus.DISCONNECTEDWITHLINKUP)
  bench.hardware.network.state = 'down'
  bench.vectors.network()
  assert.equal(status(bench, place), NetworkStatus.CONNECTING)
})

test('with the link down the device waits for it and then connects', () => {
  const bench = runningBench()
  bench.disconnect()
  const { network } = bench.hardware
  network.state = 'down'
  bench.run(600_000)
  assert.equal(network.connects, 1)
  network.state = 'idle'
  bench.vectors.network()
  bench.run(1)
  assert.equal(network.state, 'connected')
})
