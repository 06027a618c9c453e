/**
 * How long `npm start` takes to the first log line of the application, and how much memory the two
 * processes hold once the device idles: first on an empty data folder, then on the same one again.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Report } from './run.ts'

const START = join(import.meta.dirname, '../tools/start.ts')
const TIMEOUT_MS = 120_000
/** The application sleeps but for a line each second. */
const IDLE_MS = 5_000

export async function bench(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-bench-'))
  try {
    const ports = [await freePort(), await freePort()]
    await measure('first start', folder, ports, report)
    await measure('later start', folder, ports, report)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measure(
  name: string,
  folder: string,
  [port, gatewayPort]: number[],
  report: Report,
): Promise<void> {
  const started = performance.now()
  const where = [
    '--data',
    join(folder, 'data'),
    '--port',
    `${port}`,
    '--gateway-port',
    `${gatewayPort}`,
  ]
  const child = spawn(process.execPath, [START, ...where], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_CONFIG_HOME: folder },
  })
  try {
    await firstLogLine(child)
    report({
      case: `${name}, to the first log line`,
      value: seconds(performance.now() - started),
      unit: 's',
    })
    const device = childrenOf(child.pid!)[0]!
    const before = processorSeconds(device)
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
    const busy = (processorSeconds(device) - before) / (IDLE_MS / 1000)
    report({ case: `${name}, server memory`, value: residentMiB(child.pid!), unit: 'MiB' })
    report({ case: `${name}, device memory`, value: residentMiB(device), unit: 'MiB' })
    report({ case: `${name}, device processor`, value: Math.round(busy * 1000) / 10, unit: '%' })
  } finally {
    await stop(child)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function firstLogLine(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = []
    const fail = (why: string) => reject(new Error(`${why}; its last lines:\n${lines.join('\n')}`))
    const timer = setTimeout(() => fail(`no log line within ${TIMEOUT_MS} ms`), TIMEOUT_MS)
    child.once('close', (code) => fail(`npm start ended with ${code}`))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      lines.splice(0, lines.length - 19, line)
      if (!line.includes('[app_logging')) return
      clearTimeout(timer)
      resolve()
    })
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  await ended
}

function childrenOf(pid: number): number[] {
  const output = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const rows = output.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return rows.filter(([, parent]) => parent === pid).map(([child]) => child!)
}

function residentMiB(pid: number): number {
  const kib = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  return Math.round(Number(kib) / 1024)
}

/** User and system time of a process, in hundredths; Linux only (proc(5), /proc/PID/stat). */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) / 100
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
