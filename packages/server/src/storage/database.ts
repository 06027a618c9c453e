/**
 * The database: PostgreSQL's dialect, here PGlite in this process with its files in a folder, or a
 * PostgreSQL server that several processes share.
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
import { makeDatabaseFolder } from './database-folder.ts'

export type Database = ReturnType<typeof drizzle>
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0]

export interface OpenDatabase {
  readonly db: Database
  /** Whether other processes use it, too. */
  readonly isShared: boolean
  /** Work that others, in this process or another, must not do at the same time. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** What migrations need of a connection. */
export interface SqlClient {
  exec(sql: string): Promise<unknown>
  query<Row>(sql: string, values?: unknown[]): Promise<{ rows: Row[] }>
  transaction<T>(work: (tx: Omit<SqlClient, 'transaction'>) => Promise<T>): Promise<T>
}

/** PostgreSQL's default, 128 MB, is for a machine of its own; here it is a third of the process's memory. */
const SHARED_BUFFERS = '16MB'

/** Migrations to apply: all there are, those up to a number, or none. */
export type MigrateTo = 'latest' | 'as it is' | number

/** `place`: a folder, or the address of a PostgreSQL server. */
export async function openDatabase(place: string, to: MigrateTo = 'latest'): Promise<OpenDatabase> {
  const migrations = (await readMigrations()).filter(
    ({ number }) => typeof to === 'string' || number <= to,
  )
  const bring = async (client: SqlClient) => {
    if (to !== 'as it is') await migrate(client, migrations)
  }
  if (/^postgres(ql)?:/.test(place))
    return (await import('./postgres.ts')).openPostgres(place, bring)
  await makeDatabaseFolder(place)
  const client = await PGlite.create(place, {
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${SHARED_BUFFERS}`],
  })
  try {
    await bring(client as SqlClient)
  } catch (error) {
    await client.close()
    throw error
  }
  return {
    db: drizzle(client),
    isShared: false,
    inTurn: takingTurns(),
    close: () => client.close(),
  }
}

/** One after another, within this process. */
function takingTurns(): OpenDatabase['inTurn'] {
  let turn: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
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

export async function migrate(client: SqlClient, migrations: readonly Migration[]): Promise<void> {
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

async function apply(client: SqlClient, migration: Migration): Promise<void> {
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
  deadlock: '40P01',
  diskFull: '53100',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
} as const

/** True if the database could not be asked at all, rather than having said no. */
export function isUnavailable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && UNAVAILABLE.test(code)) return true
    if (LOST.test(at.message)) return true
  }
  return false
}

/** What pg says without a code: the last of a connection that broke in a transaction, at its rollback. */
const LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Client (has encountered a connection error|was closed))/

/** Of PostgreSQL (classes 08 and 57P) and of sockets. */
const UNAVAILABLE =
  /^(08...|57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/

/** The SQLSTATE of what a query threw. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code
  }
  return undefined
}

/**
 * True if the same with other content may well be done: PostgreSQL's classes of data, of constraints and of
 * limits, and what our own code threw on the way there.
 */
export function isOfTheContent(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === undefined ? !isUnavailable(error) : /^(22|23|54)/.test(state)
}

/** Does it again if it and another, on the same rows in another order, waited for each other. */
export async function despiteDeadlock<T>(statement: () => Promise<T>): Promise<T> {
  for (let left = DEADLOCKS; ; left--) {
    try {
      return await statement()
    } catch (error) {
      if (left === 0 || sqlStateOf(error) !== SqlState.deadlock) throw error
    }
  }
}

const DEADLOCKS = 3
