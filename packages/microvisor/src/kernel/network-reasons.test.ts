/** Every reason to connect and every state of the network: what sets it, and what clears it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  EventType,
  NetworkReason,
  NetworkStatus,
  Status,
  StreamCloseReason,
} from '@microvisor/protocol'
import { Bench } from '../testing/bench.ts'
import { someFault } from '../testing/fault.ts'
import { mayBeOffline, policiesWith, runningBench, smallApplication } from '../testing/running.ts'
import { makeKey } from '../testing/trust.ts'

const MINUTE = 60_000

interface Row {
  /** A device that has the reason. */
  readonly set: () => Bench
  readonly clear: (bench: Bench) => void
}

/** Places of the handles of the device's requests, for those that release them. */
const handles = new WeakMap<Bench, number>()

/** The kernel looks into it when the call has returned. */
function request(bench: Bench): Bench {
  const fields = {
    version: 1,
    notification_handle: bench.center(bench.freeIrq()).handle,
    notification_tag: 1,
  }
  const out = bench.place(4)
  bench.call('mvRequestNetwork', bench.struct('MvRequestNetworkParams', fields), out)
  handles.set(bench, out)
  return bench
}

function release(bench: Bench): Bench {
  assert.equal(bench.call('mvReleaseNetwork', handles.get(bench)!), Status.OKAY)
  return bench.run()
}

function unreachable(bench: Bench): Bench {
  bench.isCloudUp = false
  return bench.disconnect().run()
}

function reachable(bench: Bench): void {
  bench.isCloudUp = true
  bench.run(10 * MINUTE)
}

const offlineFor = (seconds: number) =>
  policiesWith({ connectivity: { minimumCheckInSeconds: seconds } })
const debuggable = { ...mayBeOffline, debugKey: makeKey().publicKey }
const stream = 2

const reasons: Readonly<Record<Exclude<keyof typeof NetworkReason, 'NOTCONNECTING'>, Row>> = {
  USINGNETWORK: { set: () => request(runningBench(mayBeOffline)).run(), clear: release },
  NEVERUSEDNETWORKAPI: {
    set: () => runningBench(mayBeOffline),
    clear: (bench) => release(request(bench)),
  },
  MINIMUMCHECKINEXPIRED: {
    set() {
      const bench = release(request(runningBench(offlineFor(600))))
      bench.isCloudUp = false
      return bench.run(601_000)
    },
    clear: reachable,
  },
  RTCNOTSET: { set: () => new Bench({ isCloudUp: false }), clear: reachable },
  KERNELERROR: {
    set() {
      const { chips } = runningBench(mayBeOffline)
      return new Bench({ chips, kernelFailure: 'out of luck', isCloudUp: false })
    },
    clear: reachable,
  },
  APPLICATIONERROR: {
    set() {
      const bench = unreachable(runningBench(mayBeOffline))
      bench.vectors.applicationFault(someFault)
      return bench.run()
    },
    clear(bench) {
      reachable(bench)
      const { id } = bench.cloud.last('crashReport')!
      bench.cloud.send({ case: 'crashReceived', value: { id } })
      bench.run()
    },
  },
  COLDBOOTCONNECTION: { set: () => new Bench({ isCloudUp: false }), clear: reachable },
  FETCHINGUPDATE: {
    set() {
      const bench = runningBench(mayBeOffline)
      bench.cloud.fetchLimitBytes = 50
      bench.cloud.sendTarget(smallApplication(2, mayBeOffline))
      return bench.run()
    },
    clear(bench) {
      bench.cloud.fetchLimitBytes = Number.POSITIVE_INFINITY
      reachable(bench.disconnect())
    },
  },
  DEBUGGERATTACHED: {
    set() {
      const bench = runningBench(debuggable)
      const kind = { case: 'debug', value: { holder: 'ada' } } as const
      bench.cloud.send({ case: 'streamOpen', value: { stream, kind } })
      return bench.run()
    },
    clear(bench) {
      const reason = StreamCloseReason.DONE
      bench.cloud.send({ case: 'streamClose', value: { stream, reason } })
      bench.run()
    },
  },
  NOAPPLICATIONCODE: {
    set: () => new Bench().run(1),
    clear(bench) {
      bench.cloud.sendTarget(smallApplication(1))
      bench.run(1_000)
    },
  },
  ENHANCECALM: { set: () => unreachable(request(runningBench(mayBeOffline))), clear: reachable },
}

function reasonsOf(bench: Bench): number {
  const bits = bench.place(8)
  assert.equal(bench.call('mvGetNetworkReasons', bits, bits + 4), Status.OKAY)
  return bench.word(bits)
}

for (const [name, { set, clear }] of Object.entries(reasons)) {
  test(`${name} is set and cleared as it should be`, () => {
    const bit = NetworkReason[name as keyof typeof reasons]
    const bench = set()
    assert.equal(reasonsOf(bench) & bit, bit, 'set')
    clear(bench)
    assert.equal(reasonsOf(bench) & bit, 0, 'cleared')
  })
}

test('a device with no reason is NOTCONNECTING and offline', () => {
  const bench = release(request(runningBench(mayBeOffline)))
  assert.equal(reasonsOf(bench), NetworkReason.NOTCONNECTING)
  assert.equal(bench.hardware.network.state, 'idle')
})

test('each state is told, in the order in which a connection comes and goes', () => {
  const bench = request(runningBench(mayBeOffline)).run()
  const center = bench.center(bench.freeIrq(), 32)
  const fields = { notification_handle: center.handle, notification_tag: 7, notification_source: 0 }
  const params = bench.struct('MvOpenSystemNotificationParams', fields as never)
  assert.equal(bench.call('mvOpenSystemNotification', params, bench.place(4)), Status.OKAY)
  const out = bench.place(4)
  const seen: number[] = []
  const look = () => {
    bench.call('mvGetNetworkStatus', bench.word(handles.get(bench)!), out)
    if (seen.at(-1) !== bench.word(out)) seen.push(bench.word(out))
  }
  look()
  unreachable(bench)
  look()
  bench.hardware.network.state = 'down'
  bench.vectors.network()
  look()
  bench.hardware.network.state = 'idle'
  bench.vectors.network()
  reachable(bench)
  look()
  release(bench)
  request(bench)
  look()
  bench.run()
  look()
  assert.deepEqual(
    seen.map((status) => names[status]),
    [
      'CONNECTED',
      'DISCONNECTEDWITHLINKUP',
      'CONNECTING',
      'CONNECTED',
      'DELIBERATELYOFFLINE',
      'CONNECTED',
    ],
  )
  assert.deepEqual([...new Set(seen)].sort(), Object.values(NetworkStatus).sort())
  const told = Array.from({ length: 32 }, (_, i) => bench.word(center.buffer + i * 16 + 8))
  const changes = told.filter((event) => event === EventType.NETWORKSTATUSCHANGED).length
  // Between two looks there may have been more.
  assert.ok(changes >= seen.length - 1, `${changes}`)
})

const names = Object.fromEntries(
  Object.entries(NetworkStatus).map(([name, value]) => [value, name]),
)
