/** A real server on free ports and a data folder of its own, and a client of it. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@microvisor/api'
import { type RunningServer, type ServerOptions, startServer } from '../server.ts'
import { type OpenDatabase, openDatabase } from '../storage/database.ts'
import { databaseTemplate } from './database-template.ts'
import { isScaled, sharedStores } from './stores.ts'

export interface TestCloud {
  readonly server: RunningServer
  readonly client: Client
  /** What the server has logged, an event each. */
  readonly log: Record<string, unknown>[]
  readonly folder: string
  /** The server's own, to be opened while the server is closed. */
  openDatabase(): Promise<OpenDatabase>
  /** Keys of the blobs that are kept, sorted. */
  blobNames(): Promise<string[]>
  /** A request as any program would send it, with the account's credentials. */
  request(path: string, init?: RequestInit): Promise<Response>
  /** Starts again on the same folder. */
  restart(): Promise<TestCloud>
  /** Stops, removes the folder, and fails if the server noted a fault of its own. */
  close(): Promise<void>
}

export async function testFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'microvisor-server-'))
}

/** On PGlite and a folder, or on what TEST_STORES names. */
export async function testCloud(given: Partial<ServerOptions> = {}): Promise<TestCloud> {
  const folder = given.dataFolder ?? (await testFolder())
  const options = given.dataFolder === undefined ? { ...(await lay(folder)), ...given } : given
  const log: Record<string, unknown>[] = []
  const server = await startServer({
    port: 0,
    gatewayPort: 0,
    log: { level: 'debug', write: (line) => log.push(JSON.parse(line)) },
    ...options,
    dataFolder: folder,
  }).catch(async (error: unknown) => {
    if (given.dataFolder === undefined) await rm(folder, { recursive: true })
    throw error
  })
  return {
    server,
    log,
    folder,
    client: createClient({ url: server.url, ...server.account }),
    request: (path, init = {}) =>
      fetch(`${server.url}${path}`, {
        ...init,
        headers: { ...authorization(server), ...init.headers },
      }),
    openDatabase: () => openDatabase(options.databaseUrl ?? join(folder, 'db')),
    blobNames: async () => (await namesIn(folder, options.blobsUrl)).filter(isHash).sort(),
    restart: async () => {
      await server.close()
      return testCloud({ ...options, dataFolder: folder })
    },
    close: async () => {
      await server.close()
      await rm(folder, { recursive: true, force: true })
      assert.deepEqual(
        log.filter(({ level }) => Number(level) >= 50),
        [],
        'the server logged errors',
      )
    },
  }
}

/** Makes a new server's start quick; the addresses of its stores, if they are not in the folder. */
async function lay(folder: string): Promise<Partial<ServerOptions>> {
  if (isScaled) return (await sharedStores()).fresh()
  cpSync(await databaseTemplate(), join(folder, 'db'), { recursive: true })
  return {}
}

async function namesIn(folder: string, blobsUrl: string | undefined): Promise<string[]> {
  if (blobsUrl === undefined) return readdir(join(folder, 'blobs'), { recursive: true })
  const { objects } = (await sharedStores()).s3
  const place = new URL(blobsUrl).pathname.split('/').at(-1)
  return [...objects.keys()].filter((key) => key.startsWith(`${place}/`))
}

const isHash = (name: string) => /[0-9a-f]{64}/.test(name)

export function authorization({ account }: RunningServer): Record<string, string> {
  return { authorization: `Basic ${btoa(`${account.accountSid}:${account.authToken}`)}` }
}
