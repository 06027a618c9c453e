import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { buildFirmware, startFirmware } from './firmware.ts'

const skip = missing('arm-none-eabi-gcc')
const DONE = 0x600d
const DATA_ERROR = 1 << 10
const IWDGRSTF = 1 << 29
/** Cycles at 160 MHz. */
const MICROSECOND = 160

for (const optimisation of ['-O0', '-O2']) {
  test(`a program built with ${optimisation} has the times, edges and errors of the chip`, {
    skip,
  }, () => {
    const { chip, sent, result } = startFirmware(buildFirmware('core', [optimisation]))
    const edges: number[] = []
    chip.pins.pad('PC6').listen((isHigh) => isHigh && edges.push(chip.cpu.cycles))
    const button = chip.pins.pad('PC13').connect('button')
    const ticks: number[] = []
    let last = 0
    for (let n = 0; n < 200_000 && result(0) !== DONE; n++) {
      assert.equal(chip.run(chip.cpu.cycles + MICROSECOND), 'cycle')
      if (result(1) === 5) button.drive(true)
      if (result(1) !== last) ticks.push(chip.cpu.cycles)
      last = result(1)
    }
    assert.equal(result(0), DONE)
    assert.equal(chip.rcc.frequencies.sysclk, 160_000_000)

    const millisecond = 160_000
    for (let n = 6; n <= 15; n++) {
      const off = ticks[n]! - ticks[5]! - (n - 5) * millisecond
      assert.ok(Math.abs(off) <= MICROSECOND, `1 kHz SysTick, tick ${n} is ${off} cycles off`)
    }
    const period = Math.floor(160_000_000 / 38_000)
    // The first edge is UG's, before the counter is on.
    for (let n = 2; n < 100; n++) assert.equal(edges[n]! - edges[n - 1]!, period, '38 kHz')
    assert.equal(String.fromCharCode(...sent.map(({ data }) => data)), 'sixteen letters!')
    const frame = 10 * Math.round(160_000_000 / 115_200)
    const gaps = sent.slice(1).map(({ cycle }, n) => cycle - sent[n]!.cycle)
    assert.deepEqual(gaps, new Array(15).fill(frame), '115200 baud')
    assert.ok(Math.abs((15 * frame) / 160 - (15 * 10 * 1e6) / 115_200) < 1, 'to the microsecond')

    assert.equal(result(2) & 0x300, 0x300, 'DMA: half and complete')
    assert.equal(result(3), 1, 'the button interrupted once')
    assert.equal(result(4) & DATA_ERROR, DATA_ERROR, 'DMA to where nothing is')

    const fed = chip.cpu.cycles
    assert.equal(chip.run(fed + 10 * millisecond), 'reset-request', 'the watchdog bites')
    assert.ok(Math.abs(chip.cpu.cycles - fed - 4 * millisecond) < millisecond / 8)
    assert.equal(chip.requestedReset, 'watchdog')
    chip.reset(chip.requestedReset)
    assert.equal(chip.readSecure(0x5602_0cf4) & IWDGRSTF, IWDGRSTF)
    assert.deepEqual(chip.pinConflicts.conflicts, [])
  })
}

test('firmware that drives a pin which a sensor drives is found out', { skip }, () => {
  const { chip, result } = startFirmware(buildFirmware('core', ['-O2']))
  chip.pins.pad('PC6').connect('sensor INT').drive(false)
  while (result(1) < 2) chip.run(chip.cpu.cycles + 1600)
  const [conflict] = chip.pinConflicts.conflicts
  assert.equal(conflict?.pad, 'PC6')
  assert.equal(conflict?.low, 'sensor INT')
})
