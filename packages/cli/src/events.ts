/** Following a device, or all of an account: their events as they happen, over server restarts and broken connections. */
import type { AccountEvent, Device, DeviceEvent } from '@microvisor/api'
import type { Cloud } from './cloud.ts'

export interface FollowOptions extends StreamOptions {
  /** Asks for the application's own log lines too, which the device sends while this is on. */
  readonly isLogging: boolean
}

interface StreamOptions {
  readonly signal: AbortSignal
  /** The connection to the server broke, or is there again. */
  readonly onConnection?: (state: 'lost' | 'back', reason: string) => void
}

/**
 * Resolves once the server listens for events, so that nothing that happens afterwards is missed.
 * The events end when `signal` is aborted. Throws what trying again cannot cure.
 */
export async function followDevice(
  cloud: Cloud,
  device: string,
  options: FollowOptions,
): Promise<AsyncGenerator<DeviceEvent>> {
  const open = () => listen(cloud, device, options)
  return reconnecting(open, options, await open())
}

export interface AccountQuery {
  readonly Device?: string | undefined
  readonly Type?: string[] | undefined
  readonly After?: string | undefined
}

/** As `followDevice`, for all devices; after a break it goes on behind the last event. */
export async function followAccount(
  { api, client }: Cloud,
  query: AccountQuery,
  options: StreamOptions,
): Promise<AsyncGenerator<AccountEvent>> {
  const { signal } = options
  let After = query.After
  const open = () => client.listen(api.streamEvents, { query: { ...query, After } }, { signal })
  const events = reconnecting(open, options, await open())
  return noting(events, ({ id }) => {
    After = id
  })
}

async function* noting<T>(events: AsyncGenerator<T>, note: (event: T) => void): AsyncGenerator<T> {
  for await (const event of events) {
    note(event)
    yield event
  }
}

export interface FollowedView {
  readonly device: Device
  readonly progress: (line: string) => void
  readonly showEvent: (event: DeviceEvent) => void
  readonly signal: AbortSignal
}

/** Shows a device's events until interrupted, which is how it is meant to end. */
export async function follow(
  cloud: Cloud,
  { device, progress, showEvent, signal }: FollowedView,
): Promise<void> {
  try {
    const events = await followDevice(cloud, device.sid, {
      signal,
      isLogging: true,
      onConnection: (state, reason) => progress(connectionLine(state, reason)),
    })
    progress(`Logging from ${device.sid}...`)
    for await (const event of events) showEvent(event)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

export function connectionLine(state: 'lost' | 'back', reason: string): string {
  return state === 'back' ? 'Connected again.' : `Connection lost: ${reason} Trying again...`
}

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 5_000

async function* reconnecting<T>(
  open: () => Promise<AsyncGenerator<T>>,
  { signal, onConnection }: StreamOptions,
  first: AsyncGenerator<T>,
): AsyncGenerator<T> {
  let events: AsyncGenerator<T> | undefined = first
  let waitMs = FIRST_WAIT_MS
  while (!signal.aborted) {
    let reason = 'the server ended the stream'
    try {
      if (!events) {
        events = await open()
        onConnection?.('back', '')
      }
      for await (const event of events) {
        waitMs = FIRST_WAIT_MS
        yield event
      }
    } catch (error) {
      if (signal.aborted) return
      if (!isPassing(error)) throw error
      reason = error.message
    }
    if (signal.aborted) return
    if (events) onConnection?.('lost', reason)
    events = undefined
    await pause(waitMs, signal)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
}

async function listen(
  { api, client }: Cloud,
  device: string,
  { signal, isLogging }: FollowOptions,
): Promise<AsyncGenerator<DeviceEvent>> {
  const params = { Sid: device }
  const events = await client.listen(api.streamDeviceLogs, { params }, { signal })
  if (isLogging) {
    await client.call(api.updateDevice, { params, form: { LoggingEnabled: true } }, { signal })
  }
  return events
}

const PASSING = [
  ...['SERVER_UNREACHABLE', 'SERVER_SILENT', 'CONNECTION_LOST', 'STOPPING'],
  'NO_SERVER_BEHIND_PROXY',
]

/** Trouble that ends by itself: the server restarts, or the network comes back. */
export function isPassing(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && PASSING.includes(String(error.code))
}

const PATIENCE_MS = 60_000

/** Does what may be done twice, again and again while the trouble is one that passes. */
export async function persist<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted || !isPassing(error) || performance.now() > deadline) throw error
      await pause(waitMs, signal)
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
