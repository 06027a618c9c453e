/**
 * A server in a process of its own, to be killed: `node server-process.ts OPTIONS`, as JSON, prints one line
 * with where it is.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '@microvisor/api'
import { frugal } from '../frugal.ts'
import { type RunningServer, type ServerOptions, startServer } from '../server.ts'

type Facts = Pick<RunningServer, 'url' | 'gateway' | 'account'>

export interface ServerProcess extends Facts {
  readonly pid: number
  readonly client: Client
  /** SIGKILL, unless given; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

export async function spawnServer(
  dataFolder: string,
  more: Partial<ServerOptions> = {},
): Promise<ServerProcess> {
  const file = fileURLToPath(import.meta.url)
  const options = { port: 0, gatewayPort: 0, ...more, dataFolder }
  const { environment, flags } = frugal({ environment: process.env, flags: [] })
  const child = spawn(process.execPath, [...flags, file, JSON.stringify(options)], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for await (const line of createInterface({ input: child.stdout })) {
    const facts = JSON.parse(line) as Facts
    return {
      ...facts,
      pid: child.pid ?? 0,
      client: createClient({ url: facts.url, ...facts.account }),
      kill: (signal = 'SIGKILL') => {
        child.kill(signal)
        return gone
      },
    }
  }
  throw new Error('the server did not start')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startServer(JSON.parse(process.argv[2] ?? '') as ServerOptions)
  const { url, gateway, account } = server
  process.once('SIGTERM', () => void server.close().then(() => process.exit()))
  process.stdout.write(`${JSON.stringify({ url, gateway, account })}\n`)
}
