/**
 * What one server allows, each with its name. What both sides of the link rely on stands in
 * protocol's limits, what callers of the API rely on in the contract.
 */
export interface Limits {
  /** Bundles being received at once; each is held in memory. */
  readonly uploadsAtOnce: number
  /** Bundles' files being opened or made in the thread for that, and how long one may take; ELF files, too. */
  readonly bundlesAtOnce: number
  readonly bundleMs: number
  /** Of one program's symbols, as JSON; and MiB of JavaScript's heap to read them with. */
  readonly symbolsBytes: number
  readonly symbolsHeapMb: number
  readonly listenersPerDevice: number
  /** Events that wait for one slow listener; the oldest are dropped. */
  readonly eventsPerListener: number
  /** Events kept of each account; the oldest make room. */
  readonly eventsKept: number
  /** Events that wait to be written to the database. */
  readonly eventsUnwritten: number
  /** Who follow the events of one account, in each process. */
  readonly eventReadersPerAccount: number
  /** For a webhook's target to take an event. */
  readonly webhookMs: number
  /** From one failed attempt to the next; after the last there is none. */
  readonly webhookRetrySeconds: readonly number[]
  /** Posts to one target at once, in each process; to one that failed last, one. */
  readonly webhookPostsAtOnce: number
  /** Events that wait for one webhook; of more, the oldest are given up. */
  readonly webhookBacklog: number
  /** Deliveries kept of each webhook, besides those that wait. */
  readonly webhookDeliveriesKept: number
  /** A comment in quiet event streams. */
  readonly eventHeartbeatMs: number
  /** How long logging stays on once it was switched on. */
  readonly loggingMs: number
  /** How long requests may take to end when the server stops. */
  readonly stopMs: number
  /** Devices here at once; those beyond are told when to come back, so many of them at a time. */
  readonly connections: number
  readonly refusalsAtOnce: number
  /** Devices whose certificate is being looked up; while the database is slow, others come back later. */
  readonly identificationsAtOnce: number
  /** TLS handshakes at once, and how long one may keep others waiting; how long one may have to wait. */
  readonly handshakesAtOnce: number
  readonly handshakePlaceMs: number
  readonly handshakeWaitMs: number
  /** From the first byte of TLS to its end, and from there to the Hello. */
  readonly handshakeMs: number
  readonly helloMs: number
  /** The device pings when it has been quiet this long; after 2.5 times as long it counts as gone. */
  readonly heartbeatSeconds: number
  /** From the first byte of a frame to its last. */
  readonly frameMs: number
  /** Bytes that wait to be sent to a device; one that takes none of them is let go. */
  readonly unsentBytes: number
  /** Connections of one device a minute, and how many at once; beyond, it is told to come back later. */
  readonly arrivalsPerMinute: number
  readonly arrivalBurst: number
  /** Of the API: connections, how long one may be silent in a request, and for all headers of one. */
  readonly requestConnections: number
  readonly requestSilenceMs: number
  readonly headersMs: number
  /** For the whole body of a request without a file. */
  readonly bodyMs: number
  /** How often renewed files of the API's certificate are looked for. */
  readonly tlsLookMs: number
  /** Log bytes a second from one device, and how much may come at once. */
  readonly logBytesPerSecond: number
  readonly logBurstBytes: number
  /** States, progress and crash reports a second from one device, and how many may come at once. */
  readonly reportsPerSecond: number
  readonly reportBurst: number
  /** The longest debug session. */
  readonly debugSessionMs: number
  /** A debugger and its device on two servers: how often these say that they are there, and how long one may be silent. */
  readonly pipeBeatMs: number
  readonly pipeSilenceMs: number
  /** Crashes kept for each device. */
  readonly crashesPerDevice: number
  /** Attestations kept for each device, and how long one may take. */
  readonly attestationsPerDevice: number
  readonly attestationMs: number
  /** Channels of applications that one device may have open, and open a second; how many at once. */
  readonly channelsPerDevice: number
  readonly channelsPerSecond: number
  readonly channelBurst: number
  /** For a broker to answer a connect. */
  readonly mqttConnectMs: number
  /** Bytes of one packet of a broker. */
  readonly mqttPacketBytes: number
  /** Messages a second from a broker to one device, and how many may come at once. */
  readonly mqttMessagesPerSecond: number
  readonly mqttMessageBurst: number
  /** Messages that a broker may have sent and the application not acknowledged; MQTT 5 only. */
  readonly mqttUnacknowledged: number
  /** A delta that is not made in this time is done without. */
  readonly deltaMs: number
  readonly deltasAtOnce: number
  readonly deltaCacheBytes: number
  /** From one step of all roll-outs to the next. */
  readonly rolloutStepMs: number
  /** Certificates that one device gets within a day. */
  readonly certificatesPerDay: number
  /** Configs, and Secrets, of one device or account. */
  readonly configsPerPlace: number
  /** Requests of one key or account, in each process, and how many may come at once. */
  readonly requestsPerSecond: number
  readonly requestBurst: number
  /** Wrong credentials from one address, in each process, and how many may come at once. */
  readonly wrongCredentialsPerSecond: number
  readonly wrongCredentialsBurst: number
}

export const defaultLimits: Limits = {
  uploadsAtOnce: 4,
  bundlesAtOnce: 16,
  bundleMs: 60_000,
  symbolsBytes: 16_777_216,
  symbolsHeapMb: 256,
  listenersPerDevice: 32,
  eventsPerListener: 1000,
  eventsKept: 100_000,
  eventsUnwritten: 20_000,
  eventReadersPerAccount: 64,
  webhookMs: 10_000,
  webhookRetrySeconds: [5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 86_400],
  webhookPostsAtOnce: 4,
  webhookBacklog: 10_000,
  webhookDeliveriesKept: 1000,
  eventHeartbeatMs: 15_000,
  loggingMs: 24 * 3_600_000,
  stopMs: 5000,
  connections: 18_000,
  refusalsAtOnce: 500,
  identificationsAtOnce: 1000,
  handshakesAtOnce: 200,
  handshakePlaceMs: 5000,
  handshakeWaitMs: 50_000,
  handshakeMs: 10_000,
  helloMs: 10_000,
  heartbeatSeconds: 30,
  frameMs: 60_000,
  unsentBytes: 1_048_576,
  arrivalsPerMinute: 12,
  arrivalBurst: 20,
  requestConnections: 1500,
  requestSilenceMs: 60_000,
  headersMs: 20_000,
  bodyMs: 20_000,
  tlsLookMs: 60_000,
  logBytesPerSecond: 65_536,
  logBurstBytes: 262_144,
  reportsPerSecond: 20,
  reportBurst: 200,
  debugSessionMs: 12 * 3_600_000,
  pipeBeatMs: 2000,
  pipeSilenceMs: 10_000,
  crashesPerDevice: 100,
  attestationsPerDevice: 20,
  attestationMs: 30_000,
  channelsPerDevice: 4,
  channelsPerSecond: 8,
  channelBurst: 32,
  mqttConnectMs: 30_000,
  mqttPacketBytes: 262_144,
  mqttMessagesPerSecond: 200,
  mqttMessageBurst: 1000,
  mqttUnacknowledged: 32,
  deltaMs: 30_000,
  deltasAtOnce: 16,
  deltaCacheBytes: 33_554_432,
  rolloutStepMs: 5000,
  certificatesPerDay: 6,
  configsPerPlace: 1000,
  requestsPerSecond: 500,
  requestBurst: 2000,
  wrongCredentialsPerSecond: 2,
  wrongCredentialsBurst: 100,
}
