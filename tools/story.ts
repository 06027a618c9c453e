/**
 * What `npm start` shows: the whole story on this machine, until Ctrl-C. Starts the server and one virtual
 * device, deploys samples/blink to it over the air, and shows what the device says.
 *
 * The server runs in this process, the device in one of its own: a busy application keeps one core
 * and leaves the other to the cloud, as a device elsewhere would. What there is from an earlier run
 * is used again, and what somebody deployed since is left alone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Device, DeviceEvent } from '@microvisor/api'
import {
  asFailure,
  type Cloud,
  connectCloud,
  dataFolder,
  deploy,
  Failure,
  followDevice,
  formatEvent,
  formatFailure,
  interruption,
  type LocalServer,
  prepareBundle,
  resolveEgress,
  startLocalServer,
} from '@microvisor/cli'
import { plainPolicies } from '@microvisor/protocol'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'packages/cli/bin/microvisor.js')
const DEVICE = 'first-device'
const SAMPLE = join(ROOT, 'samples/prebuilt/blink.elf')
/** For an application that logs nothing: the explanation does not wait for it longer than this. */
const QUIET_MS = 15_000

const say = (line: string) => process.stdout.write(`${line}\n`)
const signal = interruption()

try {
  await run()
} catch (thrown) {
  const failure = asFailure(thrown)
  process.stderr.write(`${formatFailure(failure)}\n`)
  if (failure.code === 'DATA_FOLDER_IN_USE' || failure.code === 'PORT_IN_USE') {
    process.stderr.write('  Perhaps another `npm start` is running.\n')
  }
  process.exitCode = failure.exitCode
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      'gateway-port': { type: 'string' },
    },
  })
  const data = dataFolder(values.data)
  say('Starting the server...')
  const server = await startLocalServer({
    data,
    host: undefined,
    port: values.port === undefined ? undefined : Number(values.port),
    gatewayPort: values['gateway-port'] === undefined ? undefined : Number(values['gateway-port']),
    egress: resolveEgress({}),
    profile: 'local',
  })
  const ending = new AbortController()
  const child = startDevice(data)
  try {
    await Promise.race([
      live(server, child, AbortSignal.any([signal, ending.signal])),
      child.failed,
    ])
  } finally {
    ending.abort()
    await child.stop()
    await server.stop()
  }
}

/** From a device that is being started to one whose lines are shown, until interrupted. */
async function live(server: LocalServer, child: DeviceProcess, until: AbortSignal): Promise<void> {
  const cloud = connectCloud(server.connection)
  const sid = await child.opened
  const { api, client } = cloud
  const device = await client.call(api.fetchDevice, { params: { Sid: sid } })
  const explain = explanation(server)
  const showEvent = (event: DeviceEvent) => {
    say(formatEvent(event))
    if (event.type === 'app_logging') explain(true)
  }
  const quiet = setTimeout(explain, QUIET_MS, false)
  try {
    if (device.app.target_sid === null) await deploySample(cloud, device, showEvent, until)
    else await followAgain(cloud, device, showEvent, until)
  } finally {
    clearTimeout(quiet)
  }
}

async function followAgain(
  cloud: Cloud,
  { sid }: Device,
  showEvent: (event: DeviceEvent) => void,
  until: AbortSignal,
): Promise<void> {
  say(`Device ${sid} has its application from before; logging from it...`)
  const events = await followDevice(cloud, sid, { signal: until, isLogging: true })
  for await (const event of events) showEvent(event)
}

async function deploySample(
  cloud: Cloud,
  device: Device,
  showEvent: (event: DeviceEvent) => void,
  until: AbortSignal,
): Promise<void> {
  const source = { path: SAMPLE, policies: plainPolicies, isBuilt: true, isCleanFirst: false }
  const quietly = { isKept: false, buildOutput: () => undefined, progress: say }
  await deploy(cloud, {
    bundle: await prepareBundle({ ...source, ...quietly }),
    device,
    uniqueName: undefined,
    isWaiting: true,
    isLogging: true,
    timeoutSeconds: undefined,
    isAnimated: false,
    progress: say,
    showEvent,
    signal: until,
  })
}

/** Said once: how long it took, where to look, what to type. */
function explanation({ connection, data }: LocalServer): (isFromLog: boolean) => void {
  let isSaid = false
  return (isFromLog) => {
    if (isSaid || signal.aborted) return
    isSaid = true
    const seconds = (performance.now() / 1000).toFixed(1)
    const lines = [
      '',
      isFromLog
        ? `The first log line came after ${seconds} s.`
        : 'The application logs nothing so far.',
      '',
      `  REST API    ${connection.url}  (user ${connection.accountSid}, token in the profile)`,
      `  data        ${data}`,
      '',
      'Type in a second terminal:',
      '  npx microvisor devices list              the device and what it runs',
      '  npx microvisor logs stream               what it says',
      '  npx microvisor device report             what it is, and what it used that is not modelled',
      '  npx microvisor deploy samples/blink --log   your own version: change MESSAGE in samples/blink/main.c first',
      '',
      'Ctrl-C stops everything.',
      '',
    ]
    say(lines.join('\n'))
  }
}

interface DeviceProcess {
  /** The device's SID, once its folder is open. */
  readonly opened: Promise<string>
  /** Never resolves; rejects when the device ends without being asked to. */
  readonly failed: Promise<never>
  stop(): Promise<void>
}

function startDevice(data: string): DeviceProcess {
  say('Starting a virtual device...')
  const words = ['device', 'run', DEVICE, '--data', data, '--json', '--profile', 'local']
  const child = spawn(process.execPath, [BIN, ...words], {
    // With a channel, so that the device ends when this process does, however it ends.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const opened = Promise.withResolvers<string>()
  const failed = Promise.withResolvers<never>()
  const lines: string[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.splice(0, lines.length - 4, line)
    const { event, sid, text, error } = parse(line)
    if (error) failed.reject(new Failure(error))
    if (event === 'opened') opened.resolve(String(sid))
    if (event === 'booted' || event === 'link' || event === 'kernel-failed') say(`device: ${text}`)
  })
  child.on('error', failed.reject)
  child.on('close', (code) => {
    if (signal.aborted) return
    const message = `the device ended with exit code ${code}:\n${lines.join('\n')}`
    failed.reject(new Failure({ code: 'DEVICE_ENDED', message }))
  })
  failed.promise.catch(() => undefined)
  return { opened: opened.promise, failed: failed.promise, stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  await ended
}

interface DeviceLine {
  readonly event?: string
  readonly sid?: string
  readonly text?: string
  readonly error?: { readonly code: string; readonly message: string; readonly fix?: string }
}

/** What `device run --json` writes; a line that is none of that says nothing here. */
function parse(line: string): DeviceLine {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}
