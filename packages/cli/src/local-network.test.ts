import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { changeLocalNetwork, formatNetwork, type NetworkChange } from './local-network.ts'

const data = mkdtempSync(join(tmpdir(), 'microvisor-networks-'))
mkdirSync(join(data, 'devices/one'), { recursive: true })
after(() => rmSync(data, { recursive: true }))

const nothing = {
  ...{ isUp: undefined, latencyMs: undefined, jitterMs: undefined },
  ...{ bytesPerSecond: undefined, lossPercent: undefined },
}
const change = (given: Partial<NetworkChange>) =>
  changeLocalNetwork(
    { data, name: undefined },
    {
      ...{ interface: 'ethernet', isReset: false, conditions: nothing, accessPoints: undefined },
      ...given,
    },
  )

test('changes are kept, add up, can be taken back, and end with a reset', () => {
  change({ conditions: { ...nothing, latencyMs: 300 } })
  const outage = change({ conditions: { ...nothing, isUp: false }, accessPoints: ['home:a:b'] })
  assert.deepEqual(outage.after.interfaces.ethernet, {
    ...{ isUp: false, latencyMs: 300, jitterMs: 0, bytesPerSecond: 0, lossPercent: 0 },
  })
  assert.deepEqual(outage.after.accessPoints, [{ ssid: 'home', password: 'a:b' }])
  outage.restore()
  assert.equal(change({}).before.interfaces.ethernet.isUp, true)
  assert.equal(change({ isReset: true }).after.interfaces.ethernet.latencyMs, 0)
})

test('what makes no sense is refused and changes nothing', () => {
  const { before } = change({})
  const wrong = { conditions: { ...nothing, lossPercent: 101 } }
  assert.throws(() => change(wrong), { code: 'NETWORK_CONDITIONS_WRONG' })
  assert.throws(() => change({ accessPoints: [':x'] }), { code: 'NETWORK_CONDITIONS_WRONG' })
  assert.equal(
    change({}).before.interfaces.ethernet.lossPercent,
    before.interfaces.ethernet.lossPercent,
  )
})

test('people see every interface and the access points', () => {
  const { after } = change({ accessPoints: ['cafe', 'home:x'] })
  const text = formatNetwork(after)
  assert.match(text, /ethernet +up +0 ms \+ 0 +unlimited +0 %/)
  assert.match(text, /cellular +down/)
  assert.match(text, /in range: cafe \(open\), home/)
})
