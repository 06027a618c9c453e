/** The audit log when it cannot be written to for a while, and when the server goes in the middle of a change. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isUnfinished } from '@microvisor/api'
import { type OpenDatabase, openDatabase } from '../storage/database.ts'
import { accounts, auditIntents } from '../storage/schema.ts'
import { testFolder } from '../testing/cloud.ts'
import { databaseTemplate } from '../testing/database-template.ts'
import { until } from '../testing/until.ts'
import { Audit } from './audit.ts'

const accountSid = `AC${'1'.repeat(32)}`

let folder: string
let database: OpenDatabase
let audit: Audit
before(async () => {
  folder = await testFolder()
  cpSync(await databaseTemplate(), join(folder, 'db'), { recursive: true })
  database = await openDatabase(join(folder, 'db'))
  await database.db.insert(accounts).values({ sid: accountSid, authTokenHash: '' })
  audit = await Audit.open(database)
})
after(async () => {
  await audit.close()
  await database.close()
  await rm(folder, { recursive: true })
})

const deed = (requestId: string) => ({
  ...{ accountSid, actor: accountSid, address: '', requestId, action: 'deleteApp' },
  object: '/v1/Apps/x',
})

test('what was done while the log could not be written to follows, once, and the chain is whole', async () => {
  const { db } = database
  await audit.append(deed('before'))
  await db.execute('ALTER TABLE audit RENAME TO audit_away')
  await Promise.all(
    ['one', 'two'].map((id) => assert.rejects(audit.append(deed(id)), 'it is not acknowledged')),
  )
  await db.execute('ALTER TABLE audit_away RENAME TO audit')
  await audit.append(deed('after'))
  const request = { Page: 0, PageSize: 50 }
  const ids = await until(async () => {
    const { items } = await audit.list(accountSid, request)
    return items.length >= 4 ? items.map(({ requestId }) => requestId).sort() : undefined
  }, 'all four')
  assert.deepEqual(ids, ['after', 'before', 'one', 'two'])
  const { entries, intact } = await audit.verify(accountSid)
  assert.deepEqual([entries, intact], [4, true])
})

test('what was meant and not confirmed has an entry that says so, at once, or when the server starts again', async () => {
  const nothing = Promise.withResolvers<never>()
  const isRefusal = (error: unknown) => (error as Error).message === 'refused'
  const change = (id: string, work: () => Promise<unknown>) => {
    const meant = { ...deed(id), before: { name: 'old' } }
    return audit.record(meant, work, async (after) => ({ ...meant, after }), isRefusal)
  }
  const failing = (message: string) => () => Promise.reject(new Error(message))
  await change('confirmed', async () => ({ name: 'new' }))
  await assert.rejects(change('none', failing('refused')), /refused/)
  await assert.rejects(change('failed', failing('broken')), /broken/)
  const cut = change('cut', () => nothing.promise)
  const left = async () => {
    const rows = await database.db.select().from(auditIntents)
    return rows.map(({ requestId }) => requestId).join()
  }
  await until(async () => (await left()) === 'cut', 'the one of which nothing is known yet')

  await audit.close()
  audit = await Audit.open(database)
  const { items } = await audit.list(accountSid, { Page: 0, PageSize: 3 })
  const told = items.map(({ requestId, before, after }) => [
    requestId,
    before,
    isUnfinished({ after }),
  ])
  const old = '{"name":"old"}'
  assert.deepEqual(told.sort(), [
    ['confirmed', old, false],
    ['cut', old, true],
    ['failed', old, true],
  ])
  assert.deepEqual(await database.db.select().from(auditIntents), [])
  assert.equal((await audit.verify(accountSid)).intact, true)
  nothing.reject(new Error('over'))
  await assert.rejects(cut, /over/)
})

test('of a database that others use, only what is long past is taken for left', async () => {
  const meant = (requestId: string, agoMs: number) => ({
    ...{ ...deed(requestId), before: '', at: new Date(Date.now() - agoMs) },
  })
  await database.db.insert(auditIntents).values([meant('now', 0), meant('long ago', 301_000)])
  await (await Audit.open({ db: database.db, isShared: true })).close()
  const left = await database.db.select().from(auditIntents)
  assert.deepEqual(
    left.map(({ requestId }) => requestId),
    ['now'],
  )
  const { items } = await audit.list(accountSid, { Page: 0, PageSize: 1 })
  assert.equal(items[0]?.requestId, 'long ago')
  assert.equal((await audit.verify(accountSid)).intact, true)
})
