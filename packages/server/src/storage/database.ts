/**
 * The database: PostgreSQL's dialect, here PGlite in this process with its files in a folder.
 *
 * Migrations are the numbered files of `migrations/`, applied in order, each in a transaction of its
 * own together with its mark. They only go forward; a database that is ahead of this server is
 * refused rather than touched.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { UsageError } from '../usage-error.ts'

export type Database = ReturnType<typeof drizzle>
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

export interface OpenDatabase {
  readonly db: Database
  close(): Promise<void>
}

export async function openDatabase(folder: string): Promise<OpenDatabase> {
  const client = await PGlite.create(folder)
  try {
    await migrate(client, await readMigrations())
  } catch (error) {
    await client.close()
    throw error
  }
  return { db: drizzle(client), close: () => client.close() }
}

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

const MIGRATIONS = new URL('./migrations/', import.meta.url)

export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => ({
      number: Number.parseInt(name, 10),
      name,
      sql: await readFile(new URL(name, MIGRATIONS), 'utf8'),
    })),
  )
}

export async function migrate(client: PGlite, migrations: readonly Migration[]): Promise<void> {
  await client.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now())`)
  const { rows } = await client.query<{ number: number; name: string; sha256: string }>(
    'SELECT number, name, sha256 FROM schema_migrations ORDER BY number',
  )
  const known = new Map(migrations.map((migration) => [migration.number, migration]))
  for (const applied of rows) {
    const own = known.get(applied.number)
    if (own === undefined || hashOf(own) !== applied.sha256) throw newer(applied.name)
  }
  const done = new Set(rows.map((row) => row.number))
  for (const migration of migrations) {
    if (!done.has(migration.number)) await apply(client, migration)
  }
}

async function apply(client: PGlite, migration: Migration): Promise<void> {
  await client.transaction(async (tx) => {
    await tx.exec(migration.sql)
    await tx.query('INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)', [
      migration.number,
      migration.name,
      hashOf(migration),
    ])
  })
}

function hashOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex')
}

function newer(name: string): UsageError {
  return new UsageError(
    'DATA_FOLDER_NEWER',
    `The database has had migration ${name}, which this server does not know.`,
    'Start the server version that made it or a later one, or name another data folder.',
  )
}

/** PostgreSQL's error codes (documentation, appendix A), as far as rules answer them. */
export const SqlState = {
  diskFull: '53100',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
} as const

/** The SQLSTATE of what a query threw. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code
  }
  return undefined
}
