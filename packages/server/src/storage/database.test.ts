/** Migrations: in order, once, whole, and only forwards. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import { type Migration, migrate, readMigrations } from './database.ts'
import * as schema from './schema.ts'

let client: PGlite
before(async () => {
  client = await PGlite.create()
})
beforeEach(() => client.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public'))
after(() => client.close())

const first: Migration = { number: 1, name: '0001_a.sql', sql: 'CREATE TABLE a (n integer);' }
const second: Migration = { number: 2, name: '0002_b.sql', sql: 'INSERT INTO a VALUES (2);' }

test('migrations are applied once, in order, each whole or not at all', async () => {
  const rows = async () => (await client.query('SELECT n FROM a')).rows
  await migrate(client, [first])
  await migrate(client, [first, second])
  await migrate(client, [first, second])
  assert.deepEqual(await rows(), [{ n: 2 }])
  const third = { number: 3, name: '0003_c.sql', sql: 'INSERT INTO a VALUES (3); SELECT nonsense;' }
  await assert.rejects(migrate(client, [first, second, third]), /nonsense/)
  assert.deepEqual(await rows(), [{ n: 2 }])
  await assert.rejects(migrate(client, [first]), { code: 'DATA_FOLDER_NEWER', message: /0002_b/ })
  await assert.rejects(migrate(client, [{ ...first, sql: '' }, second]), {
    code: 'DATA_FOLDER_NEWER',
  })
})

test('queries see every column that the migrations make, and no other', async () => {
  await migrate(client, await readMigrations())
  const tables = Object.values(schema).filter((value) => is(value, PgTable))
  for (const table of tables) {
    const { rows } = await client.query<{ name: string; optional: string }>(
      'SELECT column_name AS name, is_nullable AS optional FROM information_schema.columns WHERE table_name = $1',
      [getTableName(table)],
    )
    const columns = Object.values(getTableColumns(table))
    assert.deepEqual(
      columns.map((column) => [column.name, column.notNull ? 'NO' : 'YES']).sort(),
      rows.map((row) => [row.name, row.optional]).sort(),
    )
  }
  const { rows } = await client.query(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'",
  )
  assert.equal(rows.length, tables.length + 1, 'and schema_migrations')
})
