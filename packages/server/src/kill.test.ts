/**
 * A server killed at any moment, while bundles are uploaded and devices are updated: what it had
 * acknowledged is there afterwards, and nothing is there by half. The long run kills more often.
 */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@microvisor/api'
import * as api from '@microvisor/api'
import { parseBundle } from '@microvisor/protocol'
import { sampled } from '../../../tools/sampling.ts'
import { digest } from './keys/engines.ts'
import { appBundle } from './testing/bundles.ts'
import { testFolder } from './testing/cloud.ts'
import { databaseTemplate } from './testing/database-template.ts'
import { type NewDevice, provision, stateOf, TestDevice } from './testing/device.ts'
import { Random } from './testing/random.ts'
import { type ServerProcess, spawnServer } from './testing/server-process.ts'

const KILLS = sampled(2, 25)
/** All there is, is asked for again after each kill. */
const WITHOUT_RATES = { requestsPerSecond: 1e6, requestBurst: 1e6 }

/** What the server has confirmed so far. */
interface Acknowledged {
  readonly apps: string[]
  target: string | null
  /** Asked for last, confirmed or not. */
  asked: string | null
}

test('a killed server loses nothing that it acknowledged', async (t) => {
  const random = Random.fresh()
  const folder = await testFolder()
  t.after(() => rm(folder, { recursive: true }))
  cpSync(await databaseTemplate(), join(folder, 'db'), { recursive: true })
  const known: Acknowledged = { apps: [], target: null, asked: null }
  let server = await spawnServer(folder, { limits: WITHOUT_RATES })
  t.after(() => server.kill())
  const device = await provision(server.client)
  for (let kill = 0; kill < KILLS; kill++) {
    const work = Promise.allSettled([
      uploads(server, known, random),
      updates(server, device, known),
    ])
    await sleep(100 + random.below(600))
    await server.kill()
    await work
    server = await spawnServer(folder, { limits: WITHOUT_RATES })
    await check(server, device, known, `seed ${random.seed}, kill ${kill}`)
  }
})

async function uploads({ client }: ServerProcess, known: Acknowledged, random: Random) {
  for (;;) {
    const bytes = appBundle(random.bytes(20_000))
    const app = await client.upload(api.createApp, { file: { bytes, fileName: 'a' } })
    known.apps.push(app.sid)
  }
}

/** A device follows its target, which changes all the time. */
async function updates({ client, gateway }: ServerProcess, device: NewDevice, known: Acknowledged) {
  const link = await TestDevice.connect(device, gateway)
  await link.hello()
  for (;;) {
    const TargetApp = known.apps.at(-1)
    if (TargetApp === undefined || TargetApp === known.target) {
      if (link.socket.destroyed) return
      await sleep(5)
      continue
    }
    const form = { TargetApp }
    known.asked = TargetApp
    await client.call(api.updateDevice, { params: { Sid: device.sid }, form })
    known.target = TargetApp
    const { manifestHash } = await link.expect('target')
    const hash = Buffer.from(manifestHash).toString('hex')
    await link.fetch(hash)
    link.send({ case: 'deviceState', value: stateOf(hash) })
  }
}

async function check(
  { client, gateway }: ServerProcess,
  device: NewDevice,
  known: Acknowledged,
  moment: string,
): Promise<void> {
  const listed = new Set<string>()
  for await (const { sid: Sid } of client.each(api.listApps)) {
    listed.add(Sid)
    parseBundle(await client.call(api.fetchAppBundle, { params: { Sid } }), digest)
  }
  for (const sid of known.apps) assert.ok(listed.has(sid), `App ${sid} is lost: ${moment}`)
  await checkLog(client, listed, moment)
  const show = () => client.call(api.fetchDevice, { params: { Sid: device.sid } })
  const { app } = await show()
  const possible = [known.target, known.asked]
  assert.ok(possible.includes(app.target_sid), `the target is ${app.target_sid}: ${moment}`)
  const link = await TestDevice.connect(device, gateway)
  const { target } = await link.hello()
  const hash = Buffer.from(target!.manifestHash).toString('hex')
  assert.equal(hash === '' ? null : `sha256:${hash}`, app.target_hash, moment)
  link.send({ case: 'deviceState', value: stateOf(hash) })
  await link.settle()
  assert.equal((await show()).app.update_status, 'up-to-date', moment)
  assert.equal((await show()).app.reported_sid, app.target_sid, moment)
  known.target = app.target_sid
  known.asked = app.target_sid
  await link.close()
}

/** Whatever is there has its entry, or one of a server that was gone before it could say what it made. */
async function checkLog({ each, call }: Client, apps: ReadonlySet<string>, moment: string) {
  const confirmed = new Set<string>()
  let unfinished = 0
  for await (const { action, object, after } of each(api.listAudit, { query: { PageSize: 500 } })) {
    if (action !== 'createApp') continue
    if (api.isUnfinished({ after })) unfinished++
    else confirmed.add(object.replace('/v1/Apps/', ''))
  }
  const without = [...apps].filter((sid) => !confirmed.has(sid))
  assert.ok(without.length <= unfinished, `${without} have no entry: ${moment}`)
  assert.equal((await call(api.verifyAudit)).intact, true, moment)
}
