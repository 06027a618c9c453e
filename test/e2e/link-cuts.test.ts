/**
 * The real server and a device whose TLS connection breaks off after some frame of an update, in
 * either direction: the update is completed all the same. Sampled by seed; every frame in `test:slow`.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as api from '@microvisor/api'
import { decodeFuses } from '@microvisor/microvisor'
import { plainPolicies } from '@microvisor/protocol'
import { bundleImage } from '../../packages/cli/src/bundling.ts'
import { connectCloud } from '../../packages/cli/src/cloud.ts'
import { prepareDevice } from '../../packages/cli/src/local-device.ts'
import {
  type DeviceFile,
  readDeviceFile,
  readDeviceRecord,
} from '../../packages/device/src/folder/device-folder.ts'
import { TlsDialer } from '../../packages/device/src/hardware/tls-dialer.ts'
import { openDevice } from '../../packages/device/src/index.ts'
import { type Cut, CuttingDialer } from '../../packages/device/src/testing/cutting-dialer.ts'
import { seededRandom } from '../../packages/mcu/src/index.ts'
import { type TestCloud, testCloud } from '../../packages/server/src/testing/cloud.ts'
import { isComplete, seed } from '../../tools/sampling.ts'
import { prebuilt } from './images.ts'

const SAMPLE = 2
const DEADLINE_MS = 60_000

describe('a device and the real server, cut off', () => {
  const data = mkdtempSync(join(tmpdir(), 'microvisor-link-cuts-'))
  let cloud: TestCloud
  let folder: string
  const apps: string[] = []
  let round = 0

  before(async () => {
    cloud = await testCloud()
    const connect = async () => connectCloud({ url: cloud.server.url, ...cloud.server.account })
    folder = await prepareDevice({ data, name: 'cut', connect, progress: () => undefined })
    for (const name of ['blink', 'notify']) {
      const bytes = bundleImage(name, readFileSync(prebuilt(name)), plainPolicies)
      const file = { bytes, fileName: `${name}.zip` }
      apps.push((await cloud.client.upload(api.createApp, { file })).sid)
    }
  })
  after(async () => {
    await cloud.close()
    rmSync(data, { recursive: true })
  })

  /** From the one application to the other, over connections that the dialer cuts. */
  async function update(cut?: Cut): Promise<CuttingDialer> {
    const target = apps[round++ % apps.length]!
    const params = { Sid: readDeviceRecord(folder).sid }
    await cloud.client.call(api.updateDevice, { params, form: { TargetApp: target } })
    const dialer = new CuttingDialer(tlsOf(folder), cut)
    const device = openDevice(folder, { clock: 'real', dialer })
    device.start()
    try {
      const end = Date.now() + DEADLINE_MS
      for (;;) {
        const { app } = await cloud.client.call(api.fetchDevice, { params })
        if (app.reported_sid === target && app.update_status === 'up-to-date') return dialer
        assert.ok(Date.now() < end, `${JSON.stringify(cut)}, seed ${seed}: ${app.update_status}`)
        await sleep(20)
      }
    } finally {
      device.stop()
    }
  }

  test('completes each update', async (t) => {
    await update()
    const { frames } = await update()
    const all = (['up', 'down'] as const).flatMap((direction) =>
      Array.from({ length: frames[direction] }, (_, i) => ({ direction, afterFrame: i + 1 })),
    )
    t.diagnostic(`${all.length} places to cut, seed ${seed}`)
    const random = seededRandom(seed)
    const some = Array.from({ length: SAMPLE }, () => all[random() % all.length]!)
    let cuts = 0
    for (const cut of isComplete ? all : some) cuts += (await update(cut)).cuts
    assert.ok(cuts > 0, 'none of the places was reached')
  })
})

function tlsOf(folder: string): TlsDialer {
  const read = (file: DeviceFile) => readDeviceFile(folder, file).toString('utf8')
  const fuses = decodeFuses(new Uint8Array(readDeviceFile(folder, 'fuses')))
  return new TlsDialer({
    identity: () => ({ key: read('key'), certificate: read('certificate') }),
    ...{ ca: read('ca'), gateway: readDeviceRecord(folder).gateway },
    caSha256: fuses!.deviceCaSha256,
  })
}
