/** Who is let in when there is no room, and that devices which were here before come back cheaply. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { deleteDevice } from '@microvisor/api'
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

test('a device that comes back resumes its TLS session, and is still known', () =>
  withCloud({}, async (cloud) => {
    const device = await provision(cloud.client)
    const { key, certificate: cert, ca, gateway } = device
    const open = (session?: Buffer) => connect({ ...gateway, key, cert, ca, session })
    const session = await new Promise<Buffer>((resolve, reject) => {
      const socket: TLSSocket = open()
      socket.once('error', reject)
      socket.once('session', (ticket: Buffer) => {
        resolve(ticket)
        socket.destroy()
      })
    })
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
