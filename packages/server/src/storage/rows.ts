/**
 * All rows of a database as files, one for each table and a line of JSON for each row, and back: how
 * backups move between PGlite and PostgreSQL. PostgreSQL itself makes and reads the JSON, so nothing is
 * lost on the way through JavaScript's numbers.
 *
 *   (1) What is written is one moment of the database: one transaction reads it all.
 *   (2) Rows come after those that they refer to.
 *   (3) They are read back into tables as they were then; later migrations follow at the next start.
 */
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { type SQL, sql } from 'drizzle-orm'
import type { Database, Transaction } from './database.ts'

/** Who is there at the moment, and what migrations were applied: neither is part of a backup. */
const LEFT_OUT = ['schema_migrations', 'servers']
const ROWS = 500
const SUFFIX = '.ndjson'

/** The number of the last migration of what was written. */
export function dumpRows(db: Database, folder: string): Promise<number> {
  return db.transaction(
    async (tx) => {
      await mkdir(folder, { mode: 0o700 })
      for (const [at, table] of (await tablesOf(tx)).entries())
        await dumpTable(tx, table, join(folder, `${String(at).padStart(3, '0')}-${table}${SUFFIX}`))
      const [last] = await ask<{ number: number }>(
        tx,
        sql`SELECT max(number)::int AS number FROM schema_migrations`,
      )
      return last?.number ?? 0
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

/** Into empty tables; all of it or nothing. */
export async function loadRows(db: Database, folder: string): Promise<void> {
  await db.transaction(async (tx) => {
    for (const name of (await readdir(folder)).sort()) {
      const table = name.slice(name.indexOf('-') + 1, -SUFFIX.length)
      await loadTable(tx, table, join(folder, name))
    }
    await raiseSequences(tx)
  })
}

/** True if no server has ever been here. */
export async function isEmpty(db: Database): Promise<boolean> {
  const [found] = await ask<{ is_there: boolean }>(
    db,
    sql`SELECT to_regclass('public.accounts') IS NOT NULL AS is_there`,
  )
  if (!found?.is_there) return true
  return (await ask(db, sql`SELECT 1 FROM accounts LIMIT 1`)).length === 0
}

async function ask<Row>(db: Pick<Database, 'execute'>, query: SQL): Promise<Row[]> {
  const { rows } = await db.execute(query)
  return rows as Row[]
}

/** Those that others refer to first. */
async function tablesOf(tx: Transaction): Promise<string[]> {
  const tables = await ask<{ name: string }>(
    tx,
    sql`SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`,
  )
  const references = await ask<{ child: string; parent: string }>(
    tx,
    sql`SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent
      FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid`,
  )
  const ordered: string[] = []
  const visit = (name: string) => {
    if (ordered.includes(name)) return
    for (const { child, parent } of references) if (child === name) visit(parent)
    ordered.push(name)
  }
  for (const { name } of tables) if (!LEFT_OUT.includes(name)) visit(name)
  return ordered
}

async function dumpTable(tx: Transaction, table: string, path: string): Promise<void> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  const name = sql.identifier(table)
  await tx.execute(
    sql`DECLARE all_rows CURSOR FOR SELECT row_to_json(t)::text AS line FROM ${name} t`,
  )
  for (;;) {
    const query = sql.raw(`FETCH ${ROWS} FROM all_rows`)
    const lines = await ask<{ line: string }>(tx, query)
    if (lines.length === 0) break
    file.write(lines.map(({ line }) => `${line}\n`).join(''))
    if (file.writableNeedDrain) await once(file, 'drain')
  }
  await tx.execute(sql`CLOSE all_rows`)
  file.end()
  await finished(file)
}

async function loadTable(tx: Transaction, table: string, path: string): Promise<void> {
  const name = sql.identifier(table)
  const insert = (lines: readonly string[]) =>
    tx.execute(sql`INSERT INTO ${name} OVERRIDING SYSTEM VALUE
      SELECT * FROM json_populate_recordset(NULL::${name}, ${`[${lines.join(',')}]`}::json)`)
  let lines: string[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    lines.push(line)
    if (lines.length < ROWS) continue
    await insert(lines)
    lines = []
  }
  if (lines.length > 0) await insert(lines)
}

/** Numbers that the database gives itself go on after the highest. */
async function raiseSequences(tx: Transaction): Promise<void> {
  const columns = await ask<{ table: string; column: string }>(
    tx,
    sql`SELECT table_name AS table, column_name AS column FROM information_schema.columns
      WHERE table_schema = 'public' AND is_identity = 'YES'`,
  )
  for (const { table, column } of columns) {
    const [name, field] = [sql.identifier(table), sql.identifier(column)]
    await tx.execute(sql`SELECT setval(pg_get_serial_sequence(${table}, ${column}),
      coalesce(max(${field}), 0) + 1, false) FROM ${name}`)
  }
}
