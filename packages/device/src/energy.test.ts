import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EnergyAccount } from './energy.ts'

type Chip = ConstructorParameters<typeof EnergyAccount>[0]

const asleep = { sleep: 0, stop0: 0, stop1: 0, stop2: 0, stop3: 0, standby: 0, shutdown: 0 }

/** What the account reads of a chip, in a state that the test sets. */
function chipAt(seconds: number, times: Partial<typeof asleep>) {
  const state = { seconds, times: { ...asleep, ...times } }
  const chip = {
    cpu: { cycles: 0 },
    secureCycles: 0,
    time: { microseconds: () => state.seconds * 1e6 },
    lowPower: { times: state.times },
  }
  return { state, chip: chip as unknown as Chip }
}

test('charge is the time in each state by what the state takes, the network beside the chip', () => {
  const { state, chip } = chipAt(0, {})
  const account = new EnergyAccount(chip)
  account.connected('wifi')
  state.seconds = 2
  account.connected(undefined)
  state.seconds = 10
  state.times.stop2 = 7e6
  state.times.standby = 1e6
  const { microseconds, averageMicroamperes } = account.report
  assert.deepEqual(
    [microseconds.run, microseconds.stop2, microseconds.standby, microseconds.wifi],
    [2e6, 7e6, 1e6, 2e6],
  )
  const charge = 2 * 3_120 + 7 * 8.95 + 1 * 0.53 + 2 * 25_000
  assert.ok(Math.abs(averageMicroamperes - charge / 10) < 1e-9)
})

test('a connection that lasts counts up to now, and another interface from then on', () => {
  const { state, chip } = chipAt(0, {})
  const account = new EnergyAccount(chip)
  account.connected('ethernet')
  state.seconds = 3
  assert.equal(account.report.microseconds.ethernet, 3e6)
  account.connected('cellular')
  state.seconds = 5
  const { ethernet, cellular } = account.report.microseconds
  assert.deepEqual([ethernet, cellular], [3e6, 2e6])
})

test('a device that was never on takes nothing', () => {
  assert.equal(new EnergyAccount(chipAt(0, {}).chip).report.averageMicroamperes, 0)
})
