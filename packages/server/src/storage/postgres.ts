/**
 * A PostgreSQL server as the database. Connections are made when needed and given back to a pool; one
 * that breaks fails the request that uses it, and the next one makes another.
 */
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { UsageError } from '../usage-error.ts'
import type { OpenDatabase, SqlClient } from './database.ts'

/** Connections of one server process. */
const CONNECTIONS = 10
const CONNECT_MS = 5000
/** No statement of ours takes long; one that does is stuck. */
const STATEMENT_MS = 30_000

/** Names of advisory locks; any numbers that nothing else in the database uses. */
const MIGRATION_LOCK = 8_700_001
const TURN_LOCK = 8_700_002

export async function openPostgres(
  url: string,
  migrate: (client: SqlClient) => Promise<void>,
): Promise<OpenDatabase> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    keepAlive: true,
  })
  // A connection that breaks leaves the pool by itself, and fails whoever uses it; what it says at
  // its end must not end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  try {
    await locked(pool, MIGRATION_LOCK, (client) => migrate(sqlClientOf(client)))
  } catch (error) {
    await pool.end()
    throw explain(url, error)
  }
  return {
    // The same dialect and calls; of raw results, `rows` and the texts of times are the same, too.
    db: databaseOver(pool) as unknown as OpenDatabase['db'],
    isShared: true,
    inTurn: (work) => locked(pool, TURN_LOCK, work),
    close: () => pool.end(),
  }
}

/**
 * drizzle's own transaction never gives a connection back whose BEGIN fails, as it does when the server goes
 * away: after ten of those the pool would be empty for good. (Seen in drizzle-orm 0.45.)
 */
function databaseOver(pool: pg.Pool) {
  const db = drizzle(pool)
  const transaction: typeof db.transaction = async (work, config) => {
    const client = await pool.connect()
    try {
      return await drizzle(client).transaction(work, config)
    } finally {
      // One that is broken is not kept: pg's pool looks.
      client.release()
    }
  }
  return Object.assign(db, { transaction })
}

/** Holds a lock of the whole database meanwhile; it ends with the connection, whatever happens. */
async function locked<T>(
  pool: pg.Pool,
  lock: number,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    await client.query('SET statement_timeout = 0')
    await client.query('SELECT pg_advisory_lock($1)', [lock])
    return await work(client)
  } finally {
    await client
      .query('SELECT pg_advisory_unlock_all()')
      .then(() => client.query(`SET statement_timeout = ${STATEMENT_MS}`))
      .catch((error: Error) => {
        failure = error
      })
    // A connection that may still hold the lock is closed.
    client.release(failure)
  }
}

function sqlClientOf(client: pg.PoolClient): SqlClient {
  const plain: Omit<SqlClient, 'transaction'> = {
    exec: (sql) => client.query(sql),
    query: async <Row>(sql: string, values?: unknown[]) => {
      const { rows } = await client.query(sql, values)
      return { rows: rows as Row[] }
    },
  }
  return {
    ...plain,
    transaction: async (work) => {
      await client.query('BEGIN')
      try {
        const result = await work(plain)
        await client.query('COMMIT')
        return result
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      }
    },
  }
}

function explain(url: string, error: unknown): unknown {
  if (error instanceof UsageError) return error
  const { host, pathname } = new URL(url)
  const reason = error instanceof Error ? error.message || String(error) : String(error)
  return new UsageError(
    'DATABASE_UNUSABLE',
    `The database ${host}${pathname} cannot be used: ${reason}.`,
    'Check MICROVISOR_DATABASE_URL (postgres://user:password@host:5432/name), and that PostgreSQL runs there.',
    error,
  )
}
