/** A PostgreSQL server as the database: what its pool of connections has to outlive. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startPostgres, type TestPostgres } from '../testing/postgres.ts'
import { missingStores } from '../testing/stores.ts'
import { openDatabase } from './database.ts'

const skip = missingStores()
/** More than the pool has. */
const FAILURES = 25

let postgres: TestPostgres
before(async () => {
  if (!skip) postgres = await startPostgres()
})
after(async () => {
  if (!skip) await postgres.stop()
})

test('transactions that fail at any point give their connection back', { skip }, async () => {
  const { db, close } = await openDatabase(await postgres.createDatabase())
  const never = { isolationLevel: 'of no kind' as never }
  for (let i = 0; i < FAILURES; i++) {
    await assert.rejects(
      db.transaction(async () => undefined, never),
      'at its BEGIN',
    )
    await assert.rejects(
      db.transaction(async () => {
        throw new Error('on purpose')
      }),
      /on purpose/,
    )
    await assert.rejects(db.transaction((tx) => tx.execute('SELECT nothing')))
    const gone = (pid: string) => `SELECT pg_terminate_backend(${pid})`
    await assert.rejects(
      db.transaction((tx) => tx.execute(gone('pg_backend_pid()'))),
      'the connection is cut within',
    )
  }
  await db.transaction((tx) => tx.execute('SELECT 1'))
  await close()
})
