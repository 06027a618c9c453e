import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkReason, Status, WakeReason } from '@microvisor/protocol'
import { Bench } from '../../testing/bench.ts'
import { offlineBench } from '../../testing/statuses/power.ts'
import type { TestWake } from '../../testing/test-hardware.ts'

const MODES = ['sleep', 'stop0', 'stop1', 'stop2', 'stop3']
const DAY = 86_400_000_000

test('mvPowerSave enters the mode asked for once the device is offline', () => {
  for (const [mode, name] of MODES.entries()) {
    const bench = offlineBench()
    assert.equal(bench.call('mvPowerSave', mode), Status.OKAY)
    assert.deepEqual(bench.hardware.power.slept, [name])
  }
})

/** Sleeps, and wakes as the test says. */
function wakeAfter(wake: TestWake, prepare: (bench: Bench) => void = () => {}): Bench {
  const { chips } = offlineBench()
  const backupSram = new Uint8Array(2048)
  const before = offlineBenchOn({ ...chips, backupSram })
  prepare(before)
  assert.equal(before.call('mvDeepSleep', 0), undefined)
  assert.deepEqual(before.hardware.power.slept, ['standby'])
  return new Bench({ chips: before.chips, cloud: before.cloud, wake })
}

function offlineBenchOn(chips: Bench['chips']): Bench {
  const bench = new Bench({ chips, cloud: offlineBench().cloud }).run(1_000)
  const { handle } = bench.center(46)
  const fields = { version: 1, notification_handle: handle, notification_tag: 0 }
  const out = bench.place(4)
  bench.call('mvRequestNetwork', bench.struct('MvRequestNetworkParams', fields), out)
  bench.call('mvReleaseNetwork', out)
  return bench.run(1_000)
}

function reasons(bench: Bench): number {
  const out = bench.place(8)
  bench.call('mvGetNetworkReasons', out, out + 4)
  return bench.word(out)
}

test('each way out of Standby is a wake reason', () => {
  const cases = [
    ['alarm', WakeReason.DEEPSLEEPCHECKIN],
    ['rtc', WakeReason.DEEPSLEEPAPPLICATIONRTC],
    ['pin', WakeReason.DEEPSLEEPAPPLICATION],
    ['modem', WakeReason.DEEPSLEEPMODEM],
    ['unknown', WakeReason.DEEPSLEEPOTHER],
  ] as const
  for (const [cause, reason] of cases) {
    assert.equal(wakeAfter({ cause, atMicroseconds: 5_000_000 }).wakeReason, reason)
  }
})

test('the time of day goes on over Standby', () => {
  const bench = wakeAfter({ cause: 'rtc', atMicroseconds: 3_600_000_000 })
  bench.isCloudUp = false
  const out = bench.place(8)
  assert.equal(bench.call('mvGetWallTime', out), Status.OKAY)
  const told = bench.word(out) + bench.word(out + 4) * 2 ** 32
  const set = Number(bench.cloud.wallMicroseconds)
  assert.ok(Math.abs(told - (set + 3_600_000_000)) < 2_000_000, `${told - set}`)
})

test('a device that wakes for its application stays offline; for a check-in it connects', () => {
  const woken = wakeAfter({ cause: 'rtc', atMicroseconds: 3_600_000_000 })
  assert.equal(reasons(woken), NetworkReason.NOTCONNECTING)
  assert.equal(woken.run(10_000).hardware.network.connects, 0)
  const due = wakeAfter({ cause: 'alarm', atMicroseconds: DAY + 2_000_000 })
  assert.equal(reasons(due), NetworkReason.MINIMUMCHECKINEXPIRED)
  assert.equal(due.run(10_000).hardware.network.connects, 1)
  assert.equal(due.hardware.network.state, 'idle')
})

test('the check-in that Standby interrupted comes when it would have come', () => {
  const bench = wakeAfter({ cause: 'rtc', atMicroseconds: DAY - 3_600_000_000 })
  bench.run(3_590_000)
  assert.equal(bench.hardware.network.connects, 0)
  bench.run(20_000)
  assert.equal(bench.hardware.network.connects, 1)
})

test('Standby is told when the next check-in is due', () => {
  let wakeAt: number | undefined
  wakeAfter({ cause: 'alarm', atMicroseconds: DAY }, (bench) => {
    bench.run(10_000)
    bench.call('mvDeepSleep', 0)
    wakeAt = bench.hardware.power.wakeAt
    bench.hardware.power.slept.length = 0
  })
  assert.ok(wakeAt !== undefined && Math.abs(wakeAt - DAY) < 5_000_000, `${wakeAt}`)
})

test('what is retained and damaged counts for nothing', () => {
  const { chips } = offlineBench()
  const backupSram = new Uint8Array(2048).fill(0x5a)
  const wake = { cause: 'rtc', atMicroseconds: 1_000 } as const
  const bench = new Bench({ chips: { ...chips, backupSram }, wake, isCloudUp: false })
  assert.equal(bench.call('mvGetWallTime', bench.place(8)), Status.TIMENOTSET)
  assert.ok(reasons(bench) & NetworkReason.RTCNOTSET)
})

/** A check-in is due, and the cloud cannot be reached. */
function checkInFails(atMicroseconds: number, before: Bench, state: 'idle' | 'down'): Bench {
  const { chips, cloud } = before
  const wake = { cause: 'alarm', atMicroseconds } as const
  return new Bench({ chips, cloud, wake, isCloudUp: false, network: state }).run(100)
}

for (const state of ['idle', 'down'] as const) {
  test(`a check-in that fails (${state}) may be slept over, and is tried again ever later`, () => {
    let bench = wakeAfter({ cause: 'rtc', atMicroseconds: 3_600_000_000 })
    assert.equal(bench.call('mvDeepSleep', 0), undefined)
    let at = DAY + 2_000_000
    for (let round = 0; round < 11; round++) {
      bench = checkInFails(at, bench, state)
      assert.equal(bench.wakeReason, WakeReason.DEEPSLEEPCHECKIN)
      assert.ok(reasons(bench) & NetworkReason.MINIMUMCHECKINEXPIRED)
      assert.equal(bench.call('mvDeepSleep', 0), undefined, `round ${round}`)
      const pause = (bench.hardware.power.wakeAt! - bench.hardware.clock.sincePowerOn()) / 1e6
      const range = Math.min(2 ** round, 300)
      assert.ok(pause >= range / 2 - 0.2 && pause <= range, `${pause} s in round ${round}`)
      at = bench.hardware.power.wakeAt!
    }
  })
}

test('a device that wants the network does not sleep while it is away', () => {
  const before = wakeAfter({ cause: 'rtc', atMicroseconds: 3_600_000_000 })
  assert.equal(before.call('mvDeepSleep', 0), undefined)
  const bench = checkInFails(DAY + 2_000_000, before, 'idle')
  const { handle } = bench.center(46)
  const fields = { version: 1, notification_handle: handle, notification_tag: 0 }
  bench.call('mvRequestNetwork', bench.struct('MvRequestNetworkParams', fields), bench.place(4))
  bench.run(1)
  assert.equal(bench.call('mvDeepSleep', 0), Status.MICROVISORBUSY)
})
