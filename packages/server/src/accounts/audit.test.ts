/** The audit log when it cannot be written to for a while. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type OpenDatabase, openDatabase } from '../storage/database.ts'
import { accounts } from '../storage/schema.ts'
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
  audit = new Audit(database.db)
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
