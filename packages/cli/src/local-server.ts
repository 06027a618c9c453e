/** The server of this machine, as `up` and `npm start` run it. */
import { join } from 'node:path'
import { settingsOf, startServer } from '@microvisor/server'
import type { Egress } from './egress.ts'
import { serverFolder } from './folders.ts'
import { noteGateway } from './local-gateway.ts'
import { serverLogOf } from './server-log.ts'
import { type Connection, writeProfile } from './settings.ts'

export interface LocalServerOptions {
  readonly data: string
  readonly host: string | undefined
  readonly port: number | undefined
  readonly gatewayPort: number | undefined
  readonly egress: Egress
  /** Gets the server's address and credentials, so that commands find it. */
  readonly profile: string
}

export interface LocalServer {
  readonly connection: Connection
  readonly gateway: { readonly host: string; readonly port: number }
  readonly data: string
  readonly credentialsFile: string
  readonly profileFile: string
  readonly log: string
  /** While there is no user: makes the first one. */
  readonly welcomeUrl: string | undefined
  /** Reads the certificate of the API again. */
  reload(): Promise<void>
  stop(): Promise<void>
}

export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { data, profile } = options
  const folder = serverFolder(data)
  const log = serverLogOf(folder, process.env)
  const server = await startServer({
    ...settingsOf(process.env),
    dataFolder: folder,
    host: options.host,
    port: options.port,
    gatewayPort: options.gatewayPort,
    egress: options.egress,
    log,
  })
  const connection = { url: server.url, ...server.account }
  await noteGateway(data, { accountSid: connection.accountSid, gateway: server.gateway })
  return {
    connection,
    gateway: server.gateway,
    data,
    credentialsFile: join(folder, 'credentials.json'),
    profileFile: await writeProfile(profile, connection),
    log: log.place,
    welcomeUrl: server.welcomeUrl,
    reload: () => server.reload(),
    stop: () => server.close(),
  }
}

/** What to type in another terminal to get this command. */
export function commandName(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.npm_command === undefined ? 'microvisor' : 'npx microvisor'
}
