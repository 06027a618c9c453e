/**
 * Settings of a server that come from the environment: where the engines are that several servers
 * share. Everything else is a flag of `microvisor up`.
 */
import type { GatewayAddress } from './listening.ts'
import type { ServerOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

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
  MICROVISOR_TLS_CERTIFICATE: {
    option: 'tlsCertificate',
    unset: 'the API speaks plain HTTP',
    doc: 'PEM file with the certificate of the API, and its chain: it then speaks HTTPS itself; read again when it changes',
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
    parse: (text: string) => wholeNumber('MICROVISOR_CERTIFICATE_DAYS', text, 36_500),
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
    parse: (text: string) => {
      if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text
      throw new UsageError(
        'SETTING_INVALID',
        `OTEL_EXPORTER_OTLP_ENDPOINT is "${text}".`,
        'Give the address of a collector, as http://localhost:4318.',
      )
    },
  },
  MICROVISOR_DRAIN_SECONDS: {
    option: 'drainSeconds',
    unset: '0',
    doc: 'how long a server that was told to stop (SIGTERM) goes on serving while `/ready` says no, so that a balancer has noticed before connections end; 0 to 600',
    parse: (text: string) => wholeNumber('MICROVISOR_DRAIN_SECONDS', text, 600),
  },
  MICROVISOR_LOG_LINES: {
    option: 'logLinesKept',
    unset: '0: they are streamed, not kept',
    doc: 'lines that applications log, kept of each device: the newest so many',
    parse: (text: string) => wholeNumber('MICROVISOR_LOG_LINES', text, 1_000_000),
  },
  MICROVISOR_EVENTS_KEPT: {
    option: 'eventsKept',
    unset: '100000',
    doc: 'events kept of each account: the newest so many',
    parse: (text: string) => wholeNumber('MICROVISOR_EVENTS_KEPT', text, 100_000_000),
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

function wholeNumber(name: string, text: string, max: number): number {
  if (/^\d+$/.test(text) && Number(text) <= max) return Number(text)
  throw new UsageError(
    'SETTING_INVALID',
    `${name} is "${text}".`,
    `Give a whole number from 0 to ${max}.`,
  )
}
