/** What the service says about itself. */
import * as api from '@microvisor/api'
import type { Bus } from '../events/bus.ts'
import type { Metrics } from '../metrics.ts'
import type { Rest } from './rest.ts'
import { type StatusBoard, statusPage } from './status.ts'

/** What the service says of its own state. */
export interface ServiceState {
  readonly metrics: Metrics
  readonly bus: Pick<Bus, 'isConnected'>
  readonly devices: () => number
  /** For a handshake. */
  readonly waiting: () => number
  readonly debuggers: () => number
  /** It was told to stop: others should get new requests. */
  readonly isLeaving: () => boolean
  /** Throws if the database does not answer. */
  readonly askDatabase: () => Promise<unknown>
  readonly board: StatusBoard
}

export function addServiceRoutes(rest: Rest, version: string, state: ServiceState): void {
  const started = Date.now()
  rest.handle(api.fetchHealth, () => ({
    status: 'ok' as const,
    version,
    uptime_seconds: Math.floor((Date.now() - started) / 1000),
  }))
  rest.handle(api.fetchReadiness, async () => {
    if (state.isLeaving())
      throw new api.Problem('STOPPING', 'This server is about to stop; others take new requests.')
    await state.askDatabase()
    const isWhole = state.bus.isConnected
    return {
      status: isWhole ? ('ready' as const) : ('degraded' as const),
      database: 'ok' as const,
      bus: isWhole ? ('ok' as const) : ('unavailable' as const),
      devices_connected: state.devices(),
    }
  })
  rest.handle(api.fetchStatus, () => state.board.look(), statusPage)
  rest.handle(api.fetchMetrics, () =>
    state.metrics.show({
      devices: state.devices(),
      waiting: state.waiting(),
      debuggers: state.debuggers(),
      isBusConnected: state.bus.isConnected,
    }),
  )
  rest.handle(api.fetchOpenApi, ({ home }) => api.openApiDocument(home, version))
  rest.handle(api.fetchHome, ({ home }) => homePage(home, version))
  rest.handle(api.fetchWelcome, ({ home }) => welcomePage(home))
  rest.handle(api.fetchErrorPage, ({ params }) => errorPage(params.Code))
}

function homePage(home: string, version: string): string {
  return `Microvisor ${version}: the cloud for devices.

  ${home}/v1/openapi.json   the REST API (HTTP Basic: Account SID, Auth Token)
  ${home}/v1/Devices        devices
  ${home}/v1/Apps           applications
  ${home}/status            what works and what does not

On the command line: microvisor devices list, microvisor deploy, microvisor logs stream.
`
}

function welcomePage(home: string): string {
  return `You were invited. What stands behind the # of this link is your invitation, good for one use.

Become a user, with a password of at least ${api.PASSWORD_CHARACTERS_MIN} characters:

  curl ${home}/v1/Users -d Invitation=INVITATION -d Name=NAME --data-urlencode Password=PASSWORD
`
}

function errorPage(code: string): string {
  if (!Object.hasOwn(api.errors, code))
    throw new api.Problem('ROUTE_NOT_FOUND', `There is no error called ${code}.`)
  const { number, status, fix } = api.errors[code as api.ErrorCode]
  return `${code} (code ${number}, HTTP status ${status})\n\n${fix}\n`
}
