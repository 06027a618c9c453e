/**
 * Devices and their server in one process, joined by streams instead of TLS over loopback: what the
 * gateway, the link and the rules cost without the network, and more devices than a machine's sockets
 * and handshakes allow. The gateway sees each device's real certificate; that the device has its key
 * nobody proves here.
 *
 * `node server-in-process.ts JOB`, as JSON, is one such process; it says what it measures to its parent.
 */
import { fork } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createClient } from '@microvisor/api'
import type { DeviceSocket } from '../packages/server/src/gateway/device-socket.ts'
import { type RunningServer, startServer } from '../packages/server/src/server.ts'
import { startNats } from '../packages/server/src/testing/nats.ts'
import { startPostgres } from '../packages/server/src/testing/postgres.ts'
import type { Line } from './light-device.ts'
import { type LightIdentity, makeFleet } from './light-fleet.ts'
import type { Report, Row } from './run.ts'
import { Load, WITHOUT_RATES } from './server-load.ts'

interface Job {
  readonly dataFolder: string
  readonly keysFolder?: string
  readonly databaseUrl?: string
  readonly busUrl?: string
  /** JSON: pairs of a SID and a certificate, base64. */
  readonly fleet: string
}

export async function benchInProcess(
  report: Report,
  count: number,
  processes: number,
  folder: string,
): Promise<void> {
  const isShared = processes > 1
  const postgres = isShared ? await startPostgres() : undefined
  const nats = isShared ? await startNats() : undefined
  const databaseUrl = await postgres?.createDatabase()
  const { identities } = await makeFleet(folder, count, databaseUrl)
  const keysFolder = join(folder, 'keys')
  if (isShared)
    await copyFile(join(folder, 'credentials.json'), join(keysFolder, 'credentials.json'))
  const shared = isShared && { databaseUrl, keysFolder, busUrl: nats?.url }
  try {
    const jobs = Array.from({ length: processes }, async (_, i) => {
      const fleet = join(folder, `fleet-${i}.json`)
      const own = identities.filter((_identity, at) => at % processes === i)
      await writeFile(fleet, JSON.stringify(own.map(pairOf)))
      const dataFolder = isShared ? join(folder, `server-${i}`) : folder
      const prefix = isShared ? `process ${i + 1}: ` : ''
      await run({ ...shared, dataFolder, fleet }, (row) =>
        report({ ...row, case: prefix + row.case }),
      )
    })
    await Promise.all(jobs)
  } finally {
    await postgres?.stop()
    await nats?.kill()
  }
}

function run(job: object, report: Report): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(job)])
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  return new Promise((resolve, reject) => {
    child.on('message', (row) => report(row as Row))
    child.once('exit', (code, signal) => {
      process.off('exit', kill)
      if (code === 0) resolve()
      else reject(new Error(`a server with devices ended with ${code ?? signal}`))
    })
  })
}

function pairOf({ sid, certificate }: LightIdentity): [string, string] {
  return [sid, certificate.toString('base64')]
}

/** A device's end of a connection; the other is the gateway's. */
function connect(server: RunningServer, certificate: Buffer): Line {
  const [near, far] = duplexPair()
  const socket: DeviceSocket = Object.assign(far, {
    authorized: true,
    authorizationError: null,
    remoteAddress: 'in process',
    getPeerCertificate: () => ({ raw: certificate }),
  })
  // A stream that is destroyed takes the other end with it, as a socket does.
  near.once('close', () => far.destroy())
  far.once('close', () => near.destroy())
  setImmediate(() => {
    near.emit('secureConnect')
    server.acceptDevice(socket)
  })
  return near
}

async function measure({ fleet, ...options }: Job): Promise<void> {
  const pairs: [string, string][] = JSON.parse(await readFile(fleet, 'utf8'))
  const certificates = new Map(pairs.map(([sid, text]) => [sid, Buffer.from(text, 'base64')]))
  const limits = { ...WITHOUT_RATES, connections: pairs.length + 1 }
  let running: RunningServer | undefined
  const load = new Load({
    sids: pairs.map(([sid]) => sid),
    dial: (_server, sid) => connect(running!, certificates.get(sid)!),
    start: async () => {
      const server = await startServer({ ...options, limits, port: 0, gatewayPort: 0 })
      running = server
      const client = createClient({ url: server.url, ...server.account })
      return { ...server, client, pid: process.pid, kill: () => server.close() }
    },
    report: (row) => void process.send?.(row),
    transport: 'in process',
  })
  await load.hold()
  await load.reads()
  await load.deployments()
  await load.logs()
  await load.end()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await measure(JSON.parse(process.argv[2] ?? '') as Job)
  process.exit()
}
