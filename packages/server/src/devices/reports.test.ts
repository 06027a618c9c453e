/** What is kept of reports, and who may have which content, against a database. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type CrashReport, encodeFrame, FrameDecoder } from '@microvisor/protocol'
import { pino } from 'pino'
import { AccountEvents } from '../events/account-events.ts'
import { ProcessBus } from '../events/bus.ts'
import { sha256Hex } from '../keys/engines.ts'
import { defaultLimits } from '../limits.ts'
import { Metrics } from '../metrics.ts'
import { FolderBlobs } from '../storage/blobs.ts'
import { BundleStore } from '../storage/bundles.ts'
import { type OpenDatabase, openDatabase } from '../storage/database.ts'
import { accounts, deviceCrashes, devices } from '../storage/schema.ts'
import { testFolder } from '../testing/cloud.ts'
import { databaseTemplate } from '../testing/database-template.ts'
import { DeviceReports } from './reports.ts'

let folder: string
let database: OpenDatabase
before(async () => {
  folder = await testFolder()
  cpSync(await databaseTemplate(), join(folder, 'db'), { recursive: true })
  database = await openDatabase(join(folder, 'db'))
  for (const sid of ['AC1', 'AC2'])
    await database.db.insert(accounts).values({ sid, authTokenHash: '' })
})
after(async () => {
  await database.close()
  await rm(folder, { recursive: true })
})

test('of the crashes of a device the newest are kept', async () => {
  const { db } = database
  await db.insert(devices).values({ sid: 'UV1', accountSid: 'AC1' })
  const [bus, metrics] = [new ProcessBus(), new Metrics()]
  const log = pino({ enabled: false })
  const onDeliveries = () => undefined
  const limits = defaultLimits
  const events = new AccountEvents({ db, bus, metrics, log, limits, onDeliveries })
  const framesOf = async () => undefined
  const logTail = { add: () => undefined }
  const parts = { db, bus, metrics, events, logTail, framesOf }
  const reports = new DeviceReports({ ...parts, crashesPerDevice: 3 })
  for (let id = 1n; id <= 7n; id++) {
    await reports.crash({ sid: 'UV1', accountSid: 'AC1' }, crashReport(id))
    const kept = await db.select({ id: deviceCrashes.crashId }).from(deviceCrashes)
    const expected = [id - 2n, id - 1n, id].filter((one) => one > 0n).map(String)
    assert.deepEqual(kept.map((row) => row.id).sort(), expected)
  }
})

test('content is found by the account that has it, and by no other', async () => {
  const blobs = new FolderBlobs(join(folder, 'blobs'))
  await blobs.recover()
  const bundles = new BundleStore(database, blobs)
  const [manifestBytes, layer] = [randomBytes(100), randomBytes(200)]
  const hash = sha256Hex(layer)
  const contents = { manifestBytes, layers: new Map([[hash, layer]]) }
  await bundles.store('AC1', 'KA1', contents, async () => undefined)
  assert.equal(await bundles.find('AC1', hash), 200)
  assert.equal(await bundles.find('AC1', sha256Hex(manifestBytes)), 100)
  assert.equal(await bundles.find('AC2', hash), undefined)
  assert.equal(await bundles.collectGarbage(), 0)
  await database.db.transaction((tx) => bundles.forget(tx, 'AC2', 'KA1'))
  assert.equal(await bundles.collectGarbage(), 0, 'forgotten by another account')
  const refused = bundles.store('AC1', 'KA2', contents, () => Promise.reject(new Error('no')))
  await assert.rejects(refused, /no/)
  await database.db.transaction((tx) => bundles.forget(tx, 'AC1', 'KA1'))
  assert.equal(await bundles.collectGarbage(), 2)
})

function crashReport(id: bigint): CrashReport {
  const registers = new Array(17).fill(0)
  const bytes = encodeFrame({ case: 'crashReport', value: { id, registers } })
  const [frame] = new FrameDecoder().push(bytes).frames
  if (frame?.case !== 'crashReport') throw new Error('not a crash report')
  return frame.value
}
