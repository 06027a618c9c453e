/** Who is let in when there is no room, and that devices which were here before come back cheaply. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deleteDevice, fetchReadiness, listDevices } from '@microvisor/api'
import { GoodbyeReason } from '@microvisor/protocol'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'

async function withCloud(
  limits: NonNullable<Parameters<typeof testCloud>[0]>['limits'],
  use: (cloud: TestCloud) => Promise<void>,
): Promise<void> {
  const cloud = await testCloud({ limits })
  try {
    await use(cloud)
  } finally {
    await cloud.close()
  }
}

async function refusal(device: NewDevice) {
  const link = await TestDevice.connect(device, device.gateway)
  const goodbye = await link.expect('goodbye')
  await link.close()
  return goodbye
}

test('a full gateway tells a device when to come back, and has room once another leaves', () =>
  withCloud({ connections: 2 }, async (cloud) => {
    const devices = await Promise.all([1, 2, 3].map(() => provision(cloud.client)))
    const [one, two, three] = devices as [NewDevice, NewDevice, NewDevice]
    const links = [await TestDevice.join(one), await TestDevice.join(two)]
    for (let again = 0; again < 5; again++) {
      const { reason, detail, retryAfterSeconds } = await refusal(three)
      assert.equal(reason, GoodbyeReason.OVERLOADED)
      assert.match(detail, /has the 2 devices/)
      assert.ok(retryAfterSeconds >= 5 && retryAfterSeconds <= 60, `${retryAfterSeconds}`)
    }
    assert.match(
      await (await cloud.request('/metrics')).text(),
      /^microvisor_device_refusals_total 5$/m,
    )
    await Promise.all(links.map((link) => link.settle()))
    await links[0]?.close()
    for (;;) {
      const link = await TestDevice.connect(three, three.gateway)
      const frame = await link.hello().catch(() => undefined)
      await link.close()
      if (frame) break
    }
    await links[1]?.close()
  }))

test('devices beyond those that are being let in are told when to come back', () =>
  withCloud({ identificationsAtOnce: 0 }, async (cloud) => {
    const { reason, detail } = await refusal(await provision(cloud.client))
    assert.equal(reason, GoodbyeReason.OVERLOADED)
    assert.match(detail, /being let in already/)
  }))

test('a server that is about to stop says so, still serves, and sends new devices elsewhere', async () => {
  const cloud = await testCloud({ drainSeconds: 600 })
  const [here, late] = [await provision(cloud.client), await provision(cloud.client)]
  const link = await TestDevice.join(here)
  const closing = cloud.server.close()
  await assert.rejects(cloud.client.call(fetchReadiness), { code: 'STOPPING', status: 503 })
  const { reason, retryAfterSeconds } = await refusal(late)
  assert.equal(reason, GoodbyeReason.GOING_AWAY)
  assert.ok(retryAfterSeconds >= 1)
  await cloud.client.call(listDevices)
  await link.settle()
  await Promise.all([cloud.close(), closing])
  const goodbye = await link.expect('goodbye')
  assert.equal(goodbye.reason, GoodbyeReason.GOING_AWAY)
  assert.equal(goodbye.retryAfterSeconds, 1)
})

test('a TLS session goes on after a restart, as on any server of the installation', async () => {
  const cloud = await testCloud()
  const device = await provision(cloud.client)
  const first = await TestDevice.connect(device, device.gateway)
  const session = first.session
  await first.hello()
  const again = await cloud.restart()
  const link = await TestDevice.connect(device, again.server.gateway, await session)
  assert.equal(link.socket.isSessionReused(), true)
  await link.hello()
  await link.close()
  await again.close()
})

test('a device that comes back resumes its TLS session, and is still known', () =>
  withCloud({}, async (cloud) => {
    const device = await provision(cloud.client)
    const { gateway } = device
    const first = await TestDevice.connect(device, gateway)
    const session = await first.session
    await first.close()
    const link = await TestDevice.connect(device, gateway, session)
    assert.equal(link.socket.isSessionReused(), true)
    await link.hello()
    await cloud.client.call(deleteDevice, {
      params: { Sid: device.sid },
    })
    assert.equal(await link.farewell(), 'REVOKED')
    const again = await TestDevice.connect(device, gateway, session)
    assert.equal(again.socket.isSessionReused(), true)
    assert.equal(await again.farewell(), 'REVOKED')
    await again.close()
  }))
