import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceError } from '../errors.ts'
import { type NetworkConditions, parseConditions, usualConditions } from './conditions.ts'
import { VirtualNetworks } from './virtual-networks.ts'

function networks(conditions: NetworkConditions = usualConditions) {
  const changes: (string | undefined)[] = []
  const made = new VirtualNetworks(conditions, { activeChanged: (name) => changes.push(name) })
  return { networks: made, changes }
}

const credentials = (ssid: string, password: string) => ({
  ssid: Buffer.from(ssid),
  password: Buffer.from(password),
})

test('the cable comes first, then Wi-Fi, then the mobile network', () => {
  const { networks: n, changes } = networks()
  assert.equal(n.active, 'ethernet')
  n.set('cellular', { isUp: true })
  n.setAccessPoints([{ ssid: 'home', password: 'secret' }])
  n.joinWifi(credentials('home', 'secret'))
  n.set('ethernet', { isUp: false })
  n.set('wifi', { isUp: false })
  n.set('cellular', { isUp: false })
  n.set('ethernet', { isUp: true })
  assert.deepEqual(changes, ['wifi', 'cellular', undefined, 'ethernet'])
})

test('Wi-Fi takes an access point in range and its password, or an open one', () => {
  const { networks: n } = networks()
  n.set('ethernet', { isUp: false })
  n.joinWifi(credentials('home', 'wrong'))
  assert.equal(n.active, undefined)
  n.setAccessPoints([{ ssid: 'home', password: 'secret' }])
  assert.equal(n.active, undefined)
  n.joinWifi(credentials('home', 'secret'))
  assert.equal(n.active, 'wifi')
  n.joinWifi(undefined)
  assert.equal(n.active, undefined)
  n.setAccessPoints([{ ssid: 'open', password: '' }])
  n.joinWifi(credentials('open', 'whatever'))
  assert.equal(n.active, 'wifi')
})

test('what is out of range is refused with its name, its value and what it may be', () => {
  const { networks: n } = networks()
  const cases = [
    [{ latencyMs: -1 }, /ethernet\.latencyMs is -1 and has to be from 0 to 60000/],
    [{ lossPercent: 101 }, /ethernet\.lossPercent is 101 and has to be from 0 to 100/],
    [{ bytesPerSecond: Number.NaN }, /ethernet\.bytesPerSecond is null/],
  ] as const
  for (const [change, message] of cases) {
    assert.throws(() => n.set('ethernet', change), { code: 'NETWORK_CONDITIONS_WRONG', message })
  }
  assert.deepEqual(n.conditions, usualConditions)
})

test('a file is read back as it was written, and anything else is refused', () => {
  assert.deepEqual(parseConditions(JSON.parse(JSON.stringify(usualConditions))), usualConditions)
  const { interfaces } = usualConditions
  const wrong: unknown[] = [
    ...[null, 1, 'x', [], {}, { interfaces }, { interfaces: {}, accessPoints: [] }],
    { interfaces, accessPoints: [{ ssid: '', password: '' }] },
    { interfaces, accessPoints: [{ ssid: 'x'.repeat(33), password: '' }] },
    { interfaces, accessPoints: [{ ssid: 'x' }] },
    { interfaces: { ...interfaces, wifi: { ...interfaces.wifi, isUp: 1 } }, accessPoints: [] },
  ]
  for (const value of wrong) {
    assert.throws(
      () => parseConditions(value),
      (error: DeviceError) => error.code === 'NETWORK_CONDITIONS_WRONG',
      JSON.stringify(value),
    )
  }
})
