/** Bytes of updates on the wire: counted at both ends, for the update and for ever. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { fromHex, UpdatePhase } from '@microvisor/protocol'
import { appBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision, TestDevice } from '../testing/device.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

test('both ends count the same bytes; another update begins at nothing', async () => {
  const device = await provision(cloud.client)
  const file = { bytes: appBundle(), fileName: 'a.zip' }
  const app = await cloud.client.upload(api.createApp, { file })
  const hash = app.hash.replace('sha256:', '')
  const link = await TestDevice.join(device)
  const tell = async (phase: UpdatePhase, bytesReceived: number) => {
    const manifestHash = fromHex(hash)!
    const value = { phase, manifestHash, bytesReceived: BigInt(bytesReceived) }
    link.send({ case: 'updateProgress', value })
    await link.settle()
    const shown = await cloud.client.call(api.fetchDevice, { params: { Sid: device.sid } })
    const { bytes_sent, bytes_received } = shown.update_progress!
    return { sent: bytes_sent, received: bytes_received, ever: shown.connection.update_bytes_sent }
  }
  assert.deepEqual(await tell(UpdatePhase.FETCHING_MANIFEST, 0), { sent: 0, received: 0, ever: 0 })
  const { length } = await link.fetch(hash)
  const half = length + (await link.fetch(hash, 10)).length
  const once = { sent: half, received: half, ever: half }
  assert.deepEqual(await tell(UpdatePhase.COMPLETE, half), once)
  // The same target once more: a new count, on top of what there was.
  const again = { sent: 0, received: 0, ever: half }
  assert.deepEqual(await tell(UpdatePhase.FETCHING_MANIFEST, 0), again)
  await link.fetch(hash)
  await link.close()
  const metrics = await cloud.client.call(api.fetchMetrics)
  assert.match(metrics, new RegExp(`microvisor_update_bytes_total (${half}|${half + length})\\b`))
})
