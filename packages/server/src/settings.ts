/**
 * Settings of a server that come from the environment: where the engines are that several servers
 * share. Everything else is a flag of `microvisor up`.
 */
import type { ServerOptions } from './server.ts'

export const serverSettings = {
  MICROVISOR_DATABASE_URL: {
    option: 'databaseUrl',
    unset: 'PGlite, in the data folder',
    doc: 'PostgreSQL 13 or later: `postgres://user:password@host:5432/name`',
  },
  MICROVISOR_BUS_URL: {
    option: 'busUrl',
    unset: 'none: this server is alone',
    doc: 'NATS, for what servers tell each other: `nats://user:password@host:4222`',
  },
  MICROVISOR_BLOBS_URL: {
    option: 'blobsUrl',
    unset: 'the folder `blobs` in the data folder',
    doc: 'S3-compatible store: `s3://key:secret@host/bucket/folder?region=eu-central-1`; `&tls=false` for plain HTTP; without key and secret, as the AWS SDK finds them',
  },
  MICROVISOR_KEYS_FOLDER: {
    option: 'keysFolder',
    unset: 'the folder `keys` in the data folder',
    doc: 'folder with signing keys, device CA, master keys and `credentials.json`, the same for all servers',
  },
  MICROVISOR_PUBLIC_URL: {
    option: 'publicUrl',
    unset: 'what each request says in its Host header',
    doc: 'address under which people reach the API, behind a proxy: `https://microvisor.example`',
  },
} as const satisfies Record<string, { option: keyof ServerOptions; unset: string; doc: string }>

/** What the environment says; what is empty is not set. */
export function settingsOf(environment: NodeJS.ProcessEnv): Partial<ServerOptions> {
  return Object.fromEntries(
    Object.entries(serverSettings)
      .map(([name, { option }]) => [option, environment[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  )
}
