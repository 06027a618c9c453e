import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClockMode, RunLoop } from './run-loop.ts'
import { ManualHost } from './testing/manual-host.ts'

const CYCLES_PER_MS = 160_000

/** A machine that works when told to, and needs `hostMsPerCycle` of the host for each cycle of work. */
function loop(clock: ClockMode, hostMsPerCycle = 0) {
  const host = new ManualHost()
  const machine = {
    cycles: 0,
    isBusy: false,
    events: [] as number[],
    seen: [] as number[],
    get nextCycle() {
      return machine.isBusy ? machine.cycles : (machine.events[0] ?? Infinity)
    },
    isInTouch: false,
    deliver() {},
    advance(untilCycle: number) {
      const until = Math.min(untilCycle, Number.MAX_SAFE_INTEGER)
      if (machine.isBusy) host.spend((until - machine.cycles) * hostMsPerCycle)
      while ((machine.events[0] ?? Infinity) <= until) machine.seen.push(machine.events.shift()!)
      machine.cycles = Math.max(machine.cycles, until)
    },
  }
  const run = new RunLoop({
    ...{ machine, host, clock },
    microsecondsAt: (cycle) => (cycle / CYCLES_PER_MS) * 1000,
    cycleAt: (microseconds) => Math.ceil((microseconds / 1000) * CYCLES_PER_MS),
  })
  return { host, machine, run }
}

test('on the real clock an event happens at its time, and sleep costs no turns', () => {
  const { host, machine, run } = loop('real')
  machine.events.push(500 * CYCLES_PER_MS)
  run.start()
  const turns = host.passTo(499)
  assert.deepEqual(machine.seen, [])
  assert.ok(turns <= 2, `${turns} turns`)
  host.passTo(500)
  assert.deepEqual(machine.seen, [500 * CYCLES_PER_MS])
  assert.equal(host.next, Infinity, 'nothing to do, nothing planned')
})

test('events close together share a turn', () => {
  const { host, machine, run } = loop('real')
  for (let ms = 1; ms <= 1000; ms++) machine.events.push(ms * CYCLES_PER_MS)
  run.start()
  const turns = host.passTo(1005)
  assert.equal(machine.seen.length, 1000)
  assert.ok(turns < 300, `${turns} turns`)
})

test('a busy machine keeps pace with the real clock, and others get their turn', () => {
  const { host, machine, run } = loop('real', 0.5 / CYCLES_PER_MS)
  machine.isBusy = true
  run.start()
  host.passTo(1000)
  const ms = machine.cycles / CYCLES_PER_MS
  assert.ok(ms > 990 && ms <= 1000, `${ms} ms`)
})

test('a machine too slow for the real clock runs all the time, in slices, and does not owe it', () => {
  const { host, machine, run } = loop('real', 10 / CYCLES_PER_MS)
  machine.isBusy = true
  run.start()
  let longest = 0
  while (host.now() < 2000) {
    const before = host.now()
    host.passTo(host.next)
    longest = Math.max(longest, host.now() - before)
  }
  assert.ok(longest < 12, `${longest} ms in one slice`)
  assert.ok(machine.cycles / CYCLES_PER_MS > 190)
  machine.isBusy = false
  run.wake()
  host.passTo(host.now() + 10)
  const ms = machine.cycles / CYCLES_PER_MS
  assert.ok(ms < 400, `${ms} ms: what is long past is not made up for`)
})

test('on the virtual clock an hour of sleep takes no time', () => {
  for (const isInTouch of [false, true]) {
    const { host, machine, run } = loop('virtual')
    machine.isInTouch = isInTouch
    for (let n = 1; n <= 3600; n++) machine.events.push(n * 1000 * CYCLES_PER_MS)
    run.start()
    const turns = host.passTo(0)
    assert.equal(machine.seen.length, 3600)
    assert.equal(host.next, Infinity)
    assert.ok(isInTouch ? turns >= 3600 : turns <= 3602, `${turns} turns`)
  }
})

test('a sleeping machine is woken from outside', () => {
  const { host, machine, run } = loop('real')
  run.start()
  host.passTo(100)
  assert.equal(host.next, Infinity)
  host.passTo(2000)
  run.wake()
  host.passTo(2000)
  assert.equal(machine.cycles, 2000 * CYCLES_PER_MS)
})

test('once stopped it does nothing, whoever wakes it', () => {
  const { host, machine, run } = loop('real')
  machine.isBusy = true
  run.start()
  host.passTo(10)
  run.stop()
  run.wake()
  const { cycles } = machine
  host.passTo(100)
  assert.equal(machine.cycles, cycles)
})
