/**
 * What servers share when there are several: a real PostgreSQL, a real NATS and an object store, each
 * in a process or folder of its own.
 */
import { missing } from '../../../../tools/programs.ts'
import { startNats, type TestNats } from './nats.ts'
import { postgresFolder, startPostgres, type TestPostgres } from './postgres.ts'
import { startS3, type TestS3 } from './s3-server.ts'

export interface StoreAddresses {
  readonly databaseUrl: string
  readonly busUrl: string
  readonly blobsUrl: string
}

export interface Stores {
  readonly postgres: TestPostgres
  readonly nats: TestNats
  readonly s3: TestS3
  /** An empty database and an empty folder of the object store. */
  fresh(): Promise<StoreAddresses>
  stop(): Promise<void>
}

/** Why they cannot be started here, as a test's `skip`. */
export function missingStores(): string | false {
  return missing('nats-server') || (postgresFolder() === undefined && 'PostgreSQL not installed')
}

export async function startStores(): Promise<Stores> {
  const [postgres, nats, s3] = await Promise.all([startPostgres(), startNats(), startS3()])
  let made = 0
  return {
    postgres,
    nats,
    s3,
    fresh: async () => ({
      databaseUrl: await postgres.createDatabase(),
      busUrl: nats.url,
      blobsUrl: s3.urlIn(`folder-${++made}`),
    }),
    stop: async () => {
      await Promise.all([postgres.stop(), nats.kill(), s3.close()])
    },
  }
}

/** `npm test -- --scaled`: servers of tests use these instead of PGlite and a folder. */
export const isScaled = process.env.MICROVISOR_TEST_STORES === 'scaled'

let shared: Promise<Stores> | undefined

/** Started once in a process, for tests that do not kill them; ended with it. */
export function sharedStores(): Promise<Stores> {
  shared ??= startStores()
  return shared
}
