/** What a server can be told when it is started, and what its starter gets. */
import type { Credentials } from './accounts/accounts.ts'
import type { DeviceSocket } from './gateway/device-socket.ts'
import type { Networks } from './http/proxies.ts'
import type { Limits } from './limits.ts'
import type { GatewayAddress } from './listening.ts'
import type { EgressSettings } from './managed/egress.ts'
import type { Blobs } from './storage/blobs.ts'

export interface ServerOptions {
  readonly dataFolder: string
  /** Where REST and the gateway listen. Default: 127.0.0.1, this machine only. */
  readonly host?: string | undefined
  /** REST. Default 8700; 0: any free one. */
  readonly port?: number | undefined
  /** Default 8701; 0: any free one. */
  readonly gatewayPort?: number | undefined
  /** More names and addresses by which devices may reach the gateway. */
  readonly hostNames?: readonly string[] | undefined
  /** The address that answers give; default: what the request says. */
  readonly publicUrl?: string | undefined
  /** Where devices are told to find the gateway, behind a balancer; default: the host of `publicUrl`, and its own port. */
  readonly publicGateway?: GatewayAddress | undefined
  /** A collector of OpenTelemetry, OTLP over HTTP; default: no traces. */
  readonly traceEndpoint?: string | undefined
  /** Default: none. */
  readonly log?: { readonly level: string; write(line: string): void } | undefined
  readonly limits?: Partial<Limits> | undefined
  /** What connections made for devices may reach besides the public Internet; default: nothing. */
  readonly egress?: EgressSettings | undefined
  /** Where contents are kept; default: the folder `blobs` in the data folder. */
  readonly blobs?: Blobs | undefined
  /** PostgreSQL, for several servers; default: PGlite in the data folder. */
  readonly databaseUrl?: string | undefined
  /** NATS, for several servers; default: none, for a server that is alone. */
  readonly busUrl?: string | undefined
  /** An S3-compatible store, for several servers; default: as `blobs`. */
  readonly blobsUrl?: string | undefined
  /** How long a server that was told to stop still serves while `/ready` says no; default: not at all. */
  readonly drainSeconds?: number | undefined
  /** Whose X-Forwarded-For is believed: addresses and networks. Default: nobody's. */
  readonly trustedProxies?: Networks | undefined
  /** PEM files with which the API speaks HTTPS itself; default: plain HTTP. */
  readonly tlsCertificate?: string | undefined
  readonly tlsKey?: string | undefined
  /** How long certificates of devices last; 0: without an end. Default: two years. */
  readonly certificateDays?: number | undefined
  /** Lines that applications log, kept of each device. Default: none. */
  readonly logLinesKept?: number | undefined
  /** Events kept of each account; default: as in the limits. */
  readonly eventsKept?: number | undefined
  /** Keys and credentials that servers share; default: in the data folder. */
  readonly keysFolder?: string | undefined
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  readonly gateway: { readonly host: string; readonly port: number }
  readonly account: Credentials
  readonly dataFolder: string
  /** While there is no user: makes the first one, once, within a day. */
  readonly welcomeUrl: string | undefined
  /** Serves a device whose connection comes from this process instead of the gateway's port. */
  acceptDevice(socket: DeviceSocket): void
  /** Reads the certificate of the API again. */
  reload(): Promise<void>
  /** Ends streams and connections, keeps everything, gives the data folder free. Asked again, without draining. */
  close(): Promise<void>
}
