import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { iwdgs } from './iwdg.ts'
import { wwdgs } from './wwdg.ts'

const HZ = 32_000
const iwdg = () => new PeripheralBench('IWDG', { cycleHz: HZ, hz: HZ }, iwdgs.IWDG)
const wwdg = () => new PeripheralBench('WWDG', { cycleHz: HZ, hz: HZ }, wwdgs.WWDG)

test('the independent watchdog bites after its time, unless it is fed', () => {
  for (const [prescaler, reload] of [
    [0, 0xfff],
    [3, 99],
    [8, 9],
  ] as const) {
    const bench = iwdg()
    bench.write('KR', 0x5555)
    bench.write('PR', prescaler)
    bench.write('RLR', reload)
    bench.write('KR', 0xcccc)
    const ticks = (reload + 1) * (4 << prescaler)
    for (let n = 0; n < 3; n++) {
      bench.run(ticks - 1)
      bench.write('KR', 0xaaaa)
    }
    assert.deepEqual(bench.resets, [])
    bench.run(ticks)
    assert.deepEqual(bench.resets, ['watchdog'])
  }
})

test('its registers are closed until the key', () => {
  const bench = iwdg()
  bench.write('RLR', 5)
  assert.equal(bench.read('RLR'), 0xfff)
  bench.write('KR', 0x5555)
  bench.write('RLR', 5)
  assert.equal(bench.read('RLR'), 5)
  bench.write('KR', 0xaaaa)
  bench.write('RLR', 6)
  assert.equal(bench.read('RLR'), 5)
})

test('feeding it before its window opens bites', () => {
  const bench = iwdg()
  bench.write('KR', 0x5555)
  bench.write('RLR', 999)
  bench.write('WINR', 500)
  bench.write('KR', 0xcccc)
  bench.run(400 * 4)
  bench.write('KR', 0xaaaa)
  assert.deepEqual(bench.resets, ['watchdog'])
})

test('its early interrupt comes before the bite', () => {
  const bench = iwdg()
  bench.write('KR', 0x5555)
  bench.write('RLR', 999)
  bench.write('EWCR', 100 | (1 << 15))
  bench.write('KR', 0xcccc)
  bench.run(899 * 4 - 1)
  assert.equal(bench.isPending('IWDG'), false)
  bench.run(2 * 4)
  assert.equal(bench.isPending('IWDG'), true)
  assert.deepEqual(bench.resets, [])
})

test('the window watchdog bites at 0x3F, or when fed too early', () => {
  const late = wwdg()
  late.write('CR', 0xff)
  late.run(4096 * 64 - 1)
  assert.deepEqual(late.resets, [])
  late.run(1)
  assert.deepEqual(late.resets, ['window-watchdog'])
  const early = wwdg()
  early.write('CFR', 0x50)
  early.write('CR', 0xff)
  early.run(4096 * 10)
  early.write('CR', 0xff)
  assert.deepEqual(early.resets, ['window-watchdog'])
  const fed = wwdg()
  fed.write('CFR', 0x50)
  fed.write('CR', 0xff)
  for (let n = 0; n < 5; n++) {
    fed.run(4096 * 50)
    fed.write('CR', 0xff)
  }
  assert.deepEqual(fed.resets, [])
})

test('its early interrupt comes at 0x40', () => {
  const bench = wwdg()
  bench.write('CFR', 0x7f | (1 << 9))
  bench.write('CR', 0xff)
  bench.run(4096 * 63 - 1)
  assert.equal(bench.isPending('WWDG'), false)
  bench.run(1)
  assert.equal(bench.isPending('WWDG'), true)
  bench.write('SR', 0)
  assert.equal(bench.isPending('WWDG'), false)
})
