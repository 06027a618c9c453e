import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WifiConfigMode } from '@microvisor/protocol'
import { internalLayout } from '../flash-layout.ts'
import { Bench } from '../testing/bench.ts'
import { runningBench } from '../testing/running.ts'
import { wifiConfig, wifiConfigOut } from '../testing/statuses/wifi.ts'
import { TestEngines } from '../testing/test-engines.ts'
import type { TestFlash } from '../testing/test-hardware.ts'
import { Settings } from './settings.ts'

function ssidOf(bench: Bench): string | undefined {
  const { wifi } = bench.hardware.network
  return wifi && Buffer.from(wifi.ssid).toString()
}

test('a network that is set is joined now and after each start, until it is cleared', () => {
  const bench = runningBench()
  assert.equal(ssidOf(bench), undefined)
  bench.call('mvSetWifiConfig', ...wifiConfig(bench))
  assert.equal(ssidOf(bench), 'home')
  assert.equal(Buffer.from(bench.hardware.network.wifi!.password).toString(), 'secret')
  const again = new Bench({ chips: bench.chips })
  assert.equal(ssidOf(again), 'home')
  const clear = { mode: WifiConfigMode.CLEARNOW }
  again.call('mvSetWifiConfig', ...wifiConfig(again, clear))
  assert.equal(ssidOf(again), undefined)
  assert.equal(ssidOf(new Bench({ chips: bench.chips })), undefined)
})

test('the application reads the SSID and whether there is a password, no more', () => {
  const bench = runningBench()
  const [data, length, encryption] = [bench.place(32), bench.place(4), bench.place(1)]
  const read = () => {
    bench.call('mvGetWifiConfig', ...wifiConfigOut(bench, { data, length, encryption }))
    const ssid = Buffer.from(bench.bytes(data, bench.word(length))).toString()
    return [ssid, bench.bytes(encryption, 1)[0]]
  }
  assert.deepEqual(read(), ['', 0])
  bench.call('mvSetWifiConfig', ...wifiConfig(bench))
  assert.deepEqual(read(), ['home', 1])
  bench.call('mvSetWifiConfig', ...wifiConfig(bench, { ssid: 'open', password: '' }))
  assert.deepEqual(read(), ['open', 0])
})

test('settings torn at any byte are the old ones or the new', () => {
  const { chips } = runningBench()
  const chip = { internalFlash: chips.internalFlash, engines: new TestEngines(1) }
  const flash = chips.internalFlash as TestFlash
  const [old, fresh] = [new Uint8Array(40).fill(1), new Uint8Array(40).fill(2)]
  new Settings(chip).write(old)
  const before = flash.bytes.slice()
  new Settings(chip).write(fresh)
  const after = flash.bytes.slice()
  const { offset, size } = internalLayout.settings
  for (let cut = offset; cut <= offset + size; cut += 7) {
    flash.bytes.set(before)
    flash.bytes.set(after.subarray(offset, cut), offset)
    const [found] = new Settings(chip).read()
    assert.ok(found === 1 || found === 2, `cut at ${cut}`)
  }
})
