/**
 * Settings of a server that come from the environment: where the engines are that several servers
 * share. Everything else is a flag of `microvisor up`.
 */
import { parseNetwork } from './http/proxies.ts'
import type { GatewayAddress } from './listening.ts'
import type { ServerOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

export const serverSettings = {
  MICROVISOR_DATABASE_URL: {
    option: 'databaseUrl',
    unset: 'PGlite, in the data folder',
    doc: 'PostgreSQL 13 or later: `postgres://user:password@host:5432/name`',
    parse: addressOf('MICROVISOR_DATABASE_URL', {
      schemes: ['postgres:', 'postgresql:'],
      example: 'postgres://user:password@host:5432/name',
    }),
  },
  MICROVISOR_BUS_URL: {
    option: 'busUrl',
    unset: 'none: this server is alone',
    doc: 'NATS, for what servers tell each other: `nats://user:password@host:4222`',
    parse: addressOf('MICROVISOR_BUS_URL', {
      schemes: ['nats:'],
      example: 'nats://user:password@host:4222',
    }),
  },
  MICROVISOR_BLOBS_URL: {
    option: 'blobsUrl',
    unset: 'the folder `blobs` in the data folder',
    doc: 'S3-compatible store: `s3://key:secret@host/bucket/folder?region=eu-central-1`; `&tls=false` for plain HTTP; without key and secret, as the AWS SDK finds them',
    parse: addressOf('MICROVISOR_BLOBS_URL', {
      schemes: ['s3:'],
      example: 's3://key:secret@host/bucket?region=eu-central-1',
    }),
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
    parse: addressOf('MICROVISOR_PUBLIC_URL', {
      schemes: ['https:', 'http:'],
      example: 'https://microvisor.example',
      isOrigin: true,
    }),
  },
  MICROVISOR_TRUSTED_PROXIES: {
    option: 'trustedProxies',
    unset: 'nobody: addresses are those of the connections',
    doc: 'proxies and balancers of yours in front of the API, addresses or networks with commas between them: `10.0.0.5,fd00:1::/64`. What they say in X-Forwarded-For, and they alone, is believed: the audit log and limits by address then go by who sent a request',
    parse: networksOf,
  },
  MICROVISOR_TLS_CERTIFICATE: {
    option: 'tlsCertificate',
    unset: 'the API speaks plain HTTP',
    doc: 'PEM file with the certificate of the API, and its chain: it then speaks HTTPS itself. Read again within a minute after it changed, and at SIGHUP',
  },
  MICROVISOR_TLS_KEY: {
    option: 'tlsKey',
    unset: 'as above',
    doc: 'PEM file with the private key that belongs to it',
  },
  MICROVISOR_CERTIFICATE_DAYS: {
    option: 'certificateDays',
    unset: '730',
    doc: 'days that certificates of devices last; they are renewed when a third is left. 0: without an end',
    parse: wholeNumber('MICROVISOR_CERTIFICATE_DAYS', 0, 36_500),
  },
  MICROVISOR_GATEWAY: {
    option: 'publicGateway',
    unset: 'the host of MICROVISOR_PUBLIC_URL, and the port of `--gateway-port`',
    doc: "where devices are told to find the gateway, behind a balancer: `microvisor.example:8701`. The gateway's certificate has this name",
    parse: gatewayOf,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    option: 'traceEndpoint',
    unset: 'no traces',
    doc: "collector of OpenTelemetry for traces, OTLP over HTTP: `http://collector:4318`. A caller's `traceparent` is taken up",
    parse: addressOf('OTEL_EXPORTER_OTLP_ENDPOINT', {
      schemes: ['http:', 'https:'],
      example: 'http://localhost:4318',
    }),
  },
  MICROVISOR_DRAIN_SECONDS: {
    option: 'drainSeconds',
    unset: '0',
    doc: 'how long a server that was told to stop (SIGTERM) goes on serving while `/ready` says no, so that a balancer has noticed before connections end; 0 to 600',
    parse: wholeNumber('MICROVISOR_DRAIN_SECONDS', 0, 600),
  },
  MICROVISOR_LOG_LINES: {
    option: 'logLinesKept',
    unset: '0: they are streamed, not kept',
    doc: 'lines that applications log, kept of each device: the newest so many',
    parse: wholeNumber('MICROVISOR_LOG_LINES', 0, 1_000_000),
  },
  MICROVISOR_EVENTS_KEPT: {
    option: 'eventsKept',
    unset: '100000',
    doc: 'events kept of each account: the newest so many, 1 or more',
    parse: wholeNumber('MICROVISOR_EVENTS_KEPT', 1, 100_000_000),
  },
} as const satisfies Record<string, Setting>

interface Setting {
  readonly option: keyof ServerOptions
  readonly unset: string
  readonly doc: string
  /** Throws UsageError. Default: the text as it is. */
  readonly parse?: (text: string) => unknown
}

/** What the environment says; what is empty is not set. */
export function settingsOf(environment: NodeJS.ProcessEnv): Partial<ServerOptions> {
  return Object.fromEntries(
    Object.entries<Setting>(serverSettings).flatMap(([name, { option, parse }]) => {
      const text = environment[name]
      return text === undefined || text === '' ? [] : [[option, parse ? parse(text) : text]]
    }),
  )
}

function networksOf(text: string): string[] {
  const networks = text.split(',').map((one) => one.trim())
  const wrong = networks.find((one) => parseNetwork(one) === undefined)
  if (wrong === undefined) return networks
  throw new UsageError(
    'SETTING_INVALID',
    `MICROVISOR_TRUSTED_PROXIES is "${text}", in which "${wrong}" is neither an address nor a network.`,
    'Give addresses (10.0.0.5, fd00::5) or networks (10.0.0.0/8, fd00:1::/64) with commas between them.',
  )
}

function gatewayOf(text: string): GatewayAddress {
  const url = URL.parse(`tls://${text}`)
  if (url !== null && url.hostname !== '' && url.port !== '' && url.host === text)
    return { host: url.hostname, port: Number(url.port) }
  throw new UsageError(
    'SETTING_INVALID',
    `MICROVISOR_GATEWAY is "${text}".`,
    'Give a host and a port, as microvisor.example:8701.',
  )
}

function wholeNumber(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text)
    throw new UsageError(
      'SETTING_INVALID',
      `${name} is "${text}".`,
      `Give a whole number from ${min} to ${max}.`,
    )
  }
}

interface Address {
  readonly schemes: readonly string[]
  readonly example: string
  /** Nothing but scheme, host and port. */
  readonly isOrigin?: boolean
}

function addressOf(name: string, { schemes, example, isOrigin }: Address) {
  return (text: string): string => {
    const url = URL.parse(text)
    const isPlain = url?.username === '' && /^\/?$/.test(url.pathname + url.search + url.hash)
    // PostgreSQL's socket is a parameter: postgres:///name?host=/run/postgresql
    const hasHost = url !== null && (url.host !== '' || url.searchParams.has('host'))
    if (hasHost && schemes.includes(url.protocol) && (isPlain || !isOrigin)) return text
    throw new UsageError(
      'SETTING_INVALID',
      `${name} is "${withoutPassword(text)}".`,
      `Write it as ${example}.`,
    )
  }
}

/** What may stand in a log. */
function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^/@:]*:).*@/, '$1…@')
}
