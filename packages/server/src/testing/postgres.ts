/**
 * A real PostgreSQL server in a folder of its own, for tests. It refuses to run as root, so root runs
 * it as another user.
 */
import { execFile, spawn } from 'node:child_process'
import { chownSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

export interface TestPostgres {
  /** The address of a new, empty database. */
  createDatabase(): Promise<string>
  /** SIGKILL, as when its machine dies; `start` brings it back with what it had. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const DEBIAN = '/usr/lib/postgresql'
/** Any user that is not root; files are made its own. */
const OTHER_USER = 65_534
const PATIENCE_MS = 120_000

/** Where the programs are; undefined if they are not installed. */
export function postgresFolder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort().reverse() : []
  const folders = [...versions.map((version) => join(DEBIAN, version, 'bin')), ...path()]
  return folders.find((folder) => existsSync(join(folder, 'initdb')))
}

function path(): string[] {
  return (process.env.PATH ?? '').split(':').filter((folder) => folder !== '')
}

export async function startPostgres(): Promise<TestPostgres> {
  const bin = postgresFolder()
  if (bin === undefined) throw new Error('PostgreSQL is not installed')
  const folder = await mkdtemp(join(tmpdir(), 'microvisor-postgres-'))
  const identity = process.getuid?.() === 0 ? { uid: OTHER_USER, gid: OTHER_USER } : {}
  if (identity.uid !== undefined) chownSync(folder, OTHER_USER, OTHER_USER)
  const data = join(folder, 'data')
  await promisify(execFile)(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'],
    { ...identity, cwd: folder },
  )
  const port = await freePort()
  let child: ReturnType<typeof spawn> | undefined
  let gone: Promise<unknown> = Promise.resolve()
  const start = async () => {
    await rm(join(data, 'postmaster.pid'), { force: true })
    child = spawn(
      join(bin, 'postgres'),
      [
        ...['-D', data, '-p', `${port}`, '-k', folder, '-c', 'listen_addresses=127.0.0.1'],
        // In its folder, where it goes with a server that was killed.
        ...['-c', 'dynamic_shared_memory_type=mmap'],
      ],
      { ...identity, cwd: folder, stdio: 'ignore' },
    )
    gone = new Promise((resolve) => child?.once('exit', resolve))
    await answering(port)
  }
  const end = async (signal: NodeJS.Signals) => {
    child?.kill(signal)
    await gone
  }
  await start()
  process.once('exit', () => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  })
  let databases = 0
  return {
    createDatabase: async () => {
      const name = `test${++databases}`
      await run(port, `CREATE DATABASE ${name}`)
      return `postgres://test@127.0.0.1:${port}/${name}`
    },
    kill: () => end('SIGKILL'),
    start,
    stop: async () => {
      await end('SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function run(port: number, sql: string): Promise<void> {
  const client = new pg.Client(`postgres://test@127.0.0.1:${port}/postgres`)
  client.on('error', () => undefined)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

async function answering(port: number): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const failure = await run(port, 'SELECT 1').then(
      () => undefined,
      (error: unknown) => error,
    )
    if (failure === undefined) return
    if (Date.now() > end) throw failure
    await sleep(50)
  }
}

/** A port that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
    server.once('error', reject)
  })
}
