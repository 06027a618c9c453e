/** Roll-outs: stage by stage, approved, stopped by failures, crashes and silence, caught up by new devices. */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { UpdatePhase } from '@microvisor/protocol'
import { sql } from 'drizzle-orm'
import { appBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'
import { until } from '../testing/until.ts'

let cloud: TestCloud
let app: api.App
let old: api.App
const made: string[] = []
before(async () => {
  cloud = await testCloud({ limits: { rolloutStepMs: 50 } })
  ;[app, old] = [await upload(), await upload()]
})
afterEach(async () => {
  for (const Sid of made.splice(0))
    await cloud.client.call(api.deleteDevice, { params: { Sid } }).catch(() => undefined)
})
after(() => cloud.close())

async function upload(): Promise<api.App> {
  const file = { fileName: 'a.zip', bytes: appBundle() }
  return cloud.client.upload(api.createApp, { form: {}, file })
}

async function device(Tags: string[] = []): Promise<NewDevice> {
  const one = await provision(cloud.client)
  made.push(one.sid)
  const params = { Sid: one.sid }
  await cloud.client.call(api.updateDevice, { params, form: { Tags, TargetApp: old.sid } })
  return one
}

const hashOf = ({ hash }: api.App) => hash.slice('sha256:'.length)

const start = (form: object) =>
  cloud.client.call(api.createRollout, {
    form: { App: app.sid, SoakMinutes: 0, FailurePercent: 0, ...form } as never,
  })
const show = (Sid: string) => cloud.client.call(api.fetchRollout, { params: { Sid } })
const act = (Sid: string, Action: 'approve' | 'pause' | 'resume' | 'stop' | 'roll-back') =>
  cloud.client.call(api.updateRollout, { params: { Sid }, form: { Action } })
const targetOf = async ({ sid: Sid }: NewDevice) =>
  (await cloud.client.call(api.fetchDevice, { params: { Sid } })).app.target_sid

const comesTo = (Sid: string, state: api.RolloutState, stage = 0) =>
  until(async () => {
    const found = await show(Sid)
    return found.state === state && found.stage >= stage ? found : undefined
  }, `${state} in stage ${stage}`)

/** Says that it runs the App now. */
async function update(one: NewDevice): Promise<void> {
  const link = await TestDevice.join(one, hashOf(app))
  await link.close()
}

test('canaries first, then what was approved, then everybody, also who comes later', async () => {
  const [canary, ...others] = [await device(['canary']), await device(), await device()]
  const { sid } = await start({
    Stages: ['tag:canary', '100%'],
    Approval: 'first',
    CatchNew: true,
  })
  await until(async () => (await targetOf(canary!)) === app.sid, 'the canary has its target')
  for (const one of others) assert.equal(await targetOf(one), old.sid)
  await update(canary!)
  const waiting = await comesTo(sid, 'waiting')
  assert.deepEqual(waiting.devices, { pending: 0, updated: 1, failed: 0, skipped: 0 })
  await act(sid, 'approve')
  await until(async () => (await show(sid)).devices.pending === 2, 'the others have it')
  for (const one of others) await update(one)
  await comesTo(sid, 'completed', 1)
  const late = await provision(cloud.client)
  made.push(late.sid)
  await until(async () => (await targetOf(late)) === app.sid, 'the late one has it')
  const { events } = await cloud.client.call(api.listEvents, { query: { Type: ['rollout.*'] } })
  assert.deepEqual(events.map(({ data }) => `${data.state} ${data.stage}`).reverse(), [
    'running 0',
    'waiting 0',
    'running 1',
    'completed 1',
  ])
  await act(sid, 'roll-back')
  assert.equal(await targetOf(canary!), old.sid)
})

test('a failed update stops it; who had not begun gets its target back', async () => {
  const [bad, idle] = [await device(), await device()]
  const { sid } = await start({})
  await until(async () => (await show(sid)).devices.pending === 2, 'both have it')
  const link = await TestDevice.join(bad)
  link.send({
    case: 'updateProgress',
    value: {
      ...{ phase: UpdatePhase.FAILED, error: 7 },
      manifestHash: Buffer.from(hashOf(app), 'hex'),
    },
  })
  const stopped = await comesTo(sid, 'stopped')
  assert.match(stopped.reason ?? '', /1 of 2 devices failed/)
  assert.equal(await targetOf(idle), old.sid)
  const { devices } = await cloud.client.call(api.listRolloutDevices, {
    params: { Sid: sid },
    query: { State: 'failed' },
  })
  assert.deepEqual(
    devices.map(({ device_sid, reason }) => [device_sid, reason]),
    [[bad.sid, 'its update failed with error 7']],
  )
  await assert.rejects(act(sid, 'approve'), { code: 'ROLLOUT_STATE_WRONG' })
  await link.close()
})

test('a device that crashes with it fails, and so does one that says nothing', async () => {
  const crashing = await device()
  const crashed = await start({ CrashesPerDevice: 2, SoakMinutes: 60 })
  await until(async () => (await show(crashed.sid)).devices.pending === 1, 'it has it')
  const link = await TestDevice.join(crashing, hashOf(app))
  for (const id of [1n, 2n]) {
    const manifestHash = Buffer.from(hashOf(app), 'hex')
    const value = { id, exception: 'HardFault', registers: Array(17).fill(0), manifestHash }
    link.send({ case: 'crashReport', value })
    await link.expect('crashReceived')
  }
  await comesTo(crashed.sid, 'stopped')
  await link.close()
  await device(['quiet'])
  const silent = await start({ Tag: 'quiet', TimeoutMinutes: 0.005 })
  const stopped = await comesTo(silent.sid, 'stopped')
  assert.equal(stopped.devices.failed, 1)
})

test('some failures are allowed; a stage is watched before the next; paused is paused', async () => {
  const [good, silent] = [await device(), await device()]
  const { sid } = await start({ FailurePercent: 50, SoakMinutes: 60, Stages: ['100%', '100%'] })
  await until(async () => (await show(sid)).devices.pending === 2, 'both have it')
  await update(good)
  await until(async () => (await show(sid)).devices.updated === 1, 'one is updated')
  await act(sid, 'pause')
  const late = await device()
  await cloud.client.call(api.updateDevice, {
    params: { Sid: silent.sid },
    form: { TargetApp: old.sid },
  })
  await until(async () => (await show(sid)).devices.skipped === 1, 'it is somebody else’s')
  assert.equal(await targetOf(late), old.sid)
  await act(sid, 'resume')
  await until(async () => (await targetOf(late)) === app.sid, 'it goes on')
  assert.deepEqual([(await show(sid)).state, (await show(sid)).stage], ['running', 0])
  await act(sid, 'stop')
})

test('a percentage takes as many as it says, at least one, and more include fewer', async () => {
  for (let i = 0; i < 6; i++) await device(['p'])
  await cloud.server.close()
  const database = await cloud.openDatabase()
  await database.db.execute(
    sql`INSERT INTO devices (sid, account_sid, tags) SELECT 'UV' || md5(n::text), account_sid, '{many}' FROM (SELECT account_sid FROM devices LIMIT 1) AS a, generate_series(1, 400) AS n`,
  )
  await database.close()
  cloud = await cloud.restart()
  const few = await start({ Tag: 'p', Stages: ['0.01%', '100%'] })
  const found = await until(async () => {
    const { devices } = await show(few.sid)
    return devices.pending > 0 ? devices : undefined
  }, 'one has it')
  assert.equal(found.pending, 1)
  await act(few.sid, 'stop')
  const tenth = await start({ Tag: 'many', Stages: ['10%', '100%'] })
  const many = await until(async () => {
    const { devices } = await show(tenth.sid)
    return devices.pending > 0 ? devices : undefined
  }, 'a tenth has it')
  assert.ok(many.pending > 15 && many.pending < 75, `${many.pending} of 400`)
  await act(tenth.sid, 'stop')
})

test('what makes no sense is refused', async () => {
  for (const Stages of [['101%'], ['tag:'], ['5'], Array(11).fill('5%')])
    await assert.rejects(start({ Stages }), { code: 'PARAMETER_INVALID' })
  await assert.rejects(start({ App: 'nothing' }), { code: 'TARGET_APP_NOT_FOUND' })
  await assert.rejects(show(`RO${'0'.repeat(32)}`), { code: 'ROLLOUT_NOT_FOUND' })
})
