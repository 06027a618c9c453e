/**
 * The cloud in one process: opens the data folder, starts REST and the device gateway, and stops them
 * in an order that loses nothing. Each step that succeeded is undone when a later one fails.
 */
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import packageFile from '../package.json' with { type: 'json' }
import { Accounts, type Credentials } from './accounts/accounts.ts'
import { ApiKeys } from './accounts/api-keys.ts'
import { Audit } from './accounts/audit.ts'
import { Identities } from './accounts/identities.ts'
import { addApiKeyRoutes, addAuditRoutes } from './accounts/routes.ts'
import { addUserRoutes, welcomeLink } from './accounts/user-routes.ts'
import { Users } from './accounts/users.ts'
import { AppSymbols } from './apps/app-symbols.ts'
import { Apps } from './apps/apps.ts'
import { addAppRoutes, addSymbolRoutes } from './apps/routes.ts'
import { Attestations } from './attestations/attestations.ts'
import { addAttestationRoutes } from './attestations/routes.ts'
import { Configs } from './configs/configs.ts'
import { addConfigRoutes } from './configs/routes.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { DebugDoor } from './debug/debug-door.ts'
import { CheckIn } from './devices/check-in.ts'
import { Devices } from './devices/devices.ts'
import { LogTail } from './devices/log-tail.ts'
import { DeviceOrders } from './devices/orders.ts'
import { BEAT_MS, Presence } from './devices/presence.ts'
import { DeviceReports } from './devices/reports.ts'
import { addDeviceRoutes } from './devices/routes.ts'
import { addUsageRoutes } from './devices/usage.ts'
import { AccountEvents } from './events/account-events.ts'
import { type Bus, ProcessBus } from './events/bus.ts'
import { EventReaders } from './events/event-readers.ts'
import { Listeners } from './events/listeners.ts'
import { addEventRoutes } from './events/routes.ts'
import { Gateway } from './gateway/gateway.ts'
import { Proxies } from './http/proxies.ts'
import { Rest } from './http/rest.ts'
import { addServiceRoutes } from './http/service-routes.ts'
import { openBoard } from './http/status.ts'
import { type TlsContent, TlsFollower, tlsOf } from './http/tls-files.ts'
import { addDeviceKernelRoutes } from './kernels/device-kernels.ts'
import { Kernels } from './kernels/kernels.ts'
import { addKernelRoutes } from './kernels/routes.ts'
import { addCertificateRoutes } from './keys/certificate-routes.ts'
import { type Authority, openAuthority } from './keys/certificates.ts'
import { DeviceCertificates } from './keys/device-certificates.ts'
import { checkKeys, type Keyring, openKeyring } from './keys/keyring.ts'
import { MasterKeys } from './keys/master-keys.ts'
import { defaultLimits, type Limits } from './limits.ts'
import {
  checkPort,
  explainListening,
  gatewayHost,
  type Listening,
  namesOf,
  type Places,
  placesOf,
  publicNames,
  shownHost,
} from './listening.ts'
import { Egress, type EgressSettings } from './managed/egress.ts'
import { Managed } from './managed/managed.ts'
import { Metrics } from './metrics.ts'
import { faultOfNode } from './node-faults.ts'
import type { RunningServer, ServerOptions } from './options.ts'
import { openRollouts, type RolloutParts } from './rollouts/open.ts'
import { addRolloutRoutes } from './rollouts/routes.ts'
import { addLayerKeyRoutes, addSignerRoutes } from './signers/routes.ts'
import { Signers } from './signers/signers.ts'
import { type Blobs, FolderBlobs } from './storage/blobs.ts'
import { BundleReader } from './storage/bundle-reader.ts'
import { BundleStore } from './storage/bundles.ts'
import { collectFrom } from './storage/collection.ts'
import { type Database, type OpenDatabase, openDatabase } from './storage/database.ts'
import { noTracing, OtlpTracing, type Tracing } from './tracing.ts'
import { DeltaMaker } from './transfers/delta-maker.ts'
import { Transfers } from './transfers/transfers.ts'
import { openWebhooks, type WebhookParts } from './webhooks/open.ts'
import { addWebhookRoutes } from './webhooks/routes.ts'

export type { RunningServer, ServerOptions } from './options.ts'

const CLOSED: EgressSettings = { open: [], authorities: [] }
const CERTIFICATE_DAYS = 730

/** Throws UsageError if the settings or the surroundings do not allow it. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const undo: (() => unknown)[] = []
  const hurry = new AbortController()
  const undoAll = async () => {
    while (undo.length > 0) await undo.pop()?.()
  }
  let closing: Promise<void> | undefined
  const close = () => {
    if (closing !== undefined) hurry.abort()
    closing ??= undoAll()
    return closing
  }
  try {
    const places = placesOf(options)
    const foundation = await layFoundation(options, places, undo)
    const cloud = await openCloud(foundation, options, undo)
    const settled = { ...options, places, hurry: hurry.signal }
    return { ...(await listen(foundation, cloud, settled, undo)), close }
  } catch (error) {
    await undoAll()
    throw error
  }
}

/** What is on disk: folder, keys, database. */
interface Foundation {
  readonly log: Logger
  readonly tracing: Tracing
  readonly limits: Limits
  readonly folder: DataFolder
  readonly keyring: Keyring
  readonly masterKeys: MasterKeys
  readonly authority: Authority
  readonly db: Database
  readonly isShared: boolean
  readonly inTurn: OpenDatabase['inTurn']
}

function withKeys(folder: DataFolder, shared: string | undefined): DataFolder {
  if (shared === undefined) return folder
  const keys = resolve(shared)
  return { ...folder, keys, credentials: join(keys, 'credentials.json') }
}

async function layFoundation(
  options: ServerOptions,
  places: Places,
  undo: (() => unknown)[],
): Promise<Foundation> {
  const log = options.log
    ? pino({ level: options.log.level }, { write: (line) => options.log?.write(line) })
    : pino({ enabled: false })
  const detail = faultOfNode(process.version)
  if (detail !== undefined) log.warn({ event: 'node is faulty', detail })
  const { traceEndpoint } = options
  const tracing = traceEndpoint === undefined ? noTracing : new OtlpTracing(traceEndpoint, log)
  undo.push(() => tracing.close())
  const folder = withKeys(await openDataFolder(options.dataFolder), options.keysFolder)
  undo.push(() => folder.release())
  await checkPort(places.rest)
  await checkPort(places.gateway)
  // The longest part of a start; keys are read or made meanwhile.
  const opening = openDatabase(options.databaseUrl ?? folder.database)
  opening.catch(() => undefined)
  undo.push(() => opening.then((database) => database.close()).catch(() => undefined))
  const keyring = await openKeyring(folder.keys, log)
  const days = options.certificateDays ?? CERTIFICATE_DAYS
  const authority = await openAuthority(keyring, new Date(), days)
  const database = await opening
  await checkKeys(database.db, keyring)
  const masterKeys = await MasterKeys.open(folder.keys)
  const { eventsKept } = options
  const limits = { ...defaultLimits, ...(eventsKept && { eventsKept }), ...options.limits }
  return { log, tracing, limits, folder, keyring, masterKeys, authority, ...database }
}

/** The rules, over what is on disk. */
interface Cloud {
  readonly users: Users
  readonly identities: Identities
  readonly apiKeys: ApiKeys
  readonly audit: Audit
  readonly account: Credentials
  readonly apps: Apps
  readonly symbols: AppSymbols
  readonly signers: Signers
  readonly attestations: Attestations
  readonly kernels: Kernels
  readonly devices: Devices
  readonly certificates: DeviceCertificates
  readonly configs: Configs
  readonly bundles: BundleStore
  readonly blobs: Blobs
  readonly bus: Bus
  readonly listeners: Listeners
  readonly rollouts: RolloutParts
  readonly logTail: LogTail
  readonly events: AccountEvents
  readonly readers: EventReaders
  readonly hooks: WebhookParts
  readonly presence: Presence
  readonly metrics: Metrics
  readonly managed: Managed
  readonly deltas: DeltaMaker
}

async function openCloud(
  foundation: Foundation,
  options: ServerOptions,
  undo: (() => unknown)[],
): Promise<Cloud> {
  const { db, folder, keyring, masterKeys, authority, limits, log } = foundation
  const accounts = new Accounts(db)
  const account = await accounts.openFirst(folder.credentials)
  const blobs = await openBlobs(foundation, options, undo)
  const bundles = new BundleStore(foundation, blobs)
  const bus = await openBus(foundation, options)
  undo.push(() => bus.close())
  const metrics = new Metrics()
  const egress = new Egress(options.egress ?? CLOSED)
  const hooks = openWebhooks({ db, masterKeys, egress, limits, metrics, log })
  undo.push(() => hooks.close())
  const onDeliveries = () => hooks.dispatcher.kick()
  const events = new AccountEvents({ db, bus, metrics, log, limits, onDeliveries })
  undo.push(() => events.close())
  const logTail = new LogTail(db, log, options.logLinesKept ?? 0)
  undo.push(() => logTail.close())
  const configs = new Configs({ db, masterKeys, keysPerPlace: limits.configsPerPlace })
  const users = new Users(db, masterKeys)
  const signers = new Signers(db, bus, masterKeys)
  let resealed = 0
  for (const owner of [configs, users, hooks.webhooks, signers.layerKeys])
    resealed += await owner.resealAll()
  if (resealed > 0) log.info({ event: 'secrets sealed under the new master key', resealed })
  const files = new BundleReader(limits)
  undo.push(() => files.close())
  const apps = new Apps({ db, bundles, files, signers, signer: keyring.applicationSigner })
  const symbols = new AppSymbols(db, bundles, limits)
  undo.push(() => symbols.close())
  const rollouts = openRollouts({ db, apps, events, bus, limits, log })
  undo.push(() => rollouts.engine.close())
  const audit = await Audit.open(foundation)
  undo.push(() => audit.close())
  return {
    users,
    identities: new Identities(db, users, limits),
    apiKeys: new ApiKeys(db),
    audit,
    account,
    apps,
    symbols,
    signers,
    kernels: new Kernels({ db, bundles, files, signer: keyring.kernelSigner }),
    devices: new Devices({ db, apps, authority, bus, events, limits }),
    certificates: new DeviceCertificates({ db, bus, events, authority, limits }),
    attestations: new Attestations({ db, bus, bundles, limits }),
    configs,
    bundles,
    blobs,
    bus,
    listeners: new Listeners(bus, limits),
    logTail,
    rollouts,
    events,
    readers: new EventReaders({ events, bus, limits }),
    hooks,
    presence: new Presence(db, randomUUID()),
    metrics,
    managed: new Managed({ egress, configs, limits, log }),
    deltas: new DeltaMaker(limits),
  }
}

/** What only a cluster needs is loaded by a cluster: the SDK for S3 alone is 30 MiB. */
async function openBus({ log, tracing }: Foundation, { busUrl }: ServerOptions): Promise<Bus> {
  if (busUrl === undefined) return new ProcessBus()
  const { NatsBus } = await import('./events/nats-bus.ts')
  return NatsBus.connect(busUrl, log, tracing)
}

async function openBlobs(
  { folder, log }: Foundation,
  { blobs, blobsUrl }: ServerOptions,
  undo: (() => unknown)[],
): Promise<Blobs> {
  if (blobs !== undefined) return blobs
  if (blobsUrl !== undefined) {
    const { S3Blobs } = await import('./storage/s3-blobs.ts')
    const shared = await S3Blobs.open(blobsUrl)
    undo.push(() => shared.close())
    return shared
  }
  const own = new FolderBlobs(folder.blobs)
  const unfinished = await own.recover()
  if (unfinished > 0) log.info({ event: 'unfinished uploads removed', files: unfinished })
  return own
}

async function listen(
  foundation: Foundation,
  cloud: Cloud,
  options: ServerOptions & { readonly places: Places; readonly hurry: AbortSignal },
  undo: (() => unknown)[],
): Promise<Omit<RunningServer, 'close'>> {
  const { places } = options
  const { host } = places.rest
  const names = namesOf(host, [...(options.hostNames ?? []), ...publicNames(options)])
  const gateway = makeGateway(foundation, cloud, names)
  const tls = await tlsOf(options)
  const proxies = new Proxies(options.trustedProxies ?? [])
  const rest = makeRest(foundation, cloud, { ...options, proxies, tls: tls?.content })
  const { limits, log } = foundation
  const follower = tls && new TlsFollower(rest.http.server, tls.files, log, limits.tlsLookMs)
  undo.push(() => follower?.close())
  const board = openBoard({ ...foundation, ...cloud, gateway, version: packageFile.version })
  undo.push(() => board.close())
  let gatewayPort = places.gateway.port
  const gatewayFor = (home: string) =>
    options.publicGateway ?? { host: gatewayHost(home, names), port: gatewayPort }
  addDeviceRoutes(rest, { ...foundation, ...cloud, gatewayFor })
  addCertificateRoutes(rest, { ...foundation, ...cloud })
  addUsageRoutes(rest, foundation.db)
  let isLeaving = false
  addServiceRoutes(rest, packageFile.version, {
    isLeaving: () => isLeaving,
    metrics: cloud.metrics,
    bus: cloud.bus,
    devices: () => gateway.devices,
    waiting: () => gateway.waiting,
    debuggers: () => door.sessions,
    askDatabase: () => foundation.db.execute('SELECT 1'),
    board,
  })
  undo.push(cloud.metrics.begin())
  undo.push(await keepPresence(foundation, cloud))
  undo.push(cloud.bus.onReturn(() => gateway.refreshAll()))
  const door = makeDoor(foundation, cloud, { proxies, gateway, rest })
  rest.http.server.on('upgrade', door.upgrade)
  undo.push(() => rest.close(limits.stopMs))
  undo.push(() => door.close())
  undo.push(() => cloud.listeners.endAll())
  undo.push(() => cloud.readers.endAll())
  undo.push(() => cloud.managed.close())
  undo.push(() => cloud.deltas.close())
  undo.push(() => gateway.close())
  undo.push(() => rest.stop())
  undo.push(collectFrom(cloud.bundles, log))
  gatewayPort = await gateway.listen(host, gatewayPort).catch((error: unknown) => {
    throw explainListening(error, places.gateway)
  })
  const port = await listenRest(rest, places.rest)
  const url = options.publicUrl ?? `${tls ? 'https' : 'http'}://${shownHost(host)}:${port}`
  log.info({ event: 'server started', url, port, gatewayPort })
  undo.push(async () => {
    isLeaving = true
    gateway.leave()
    const drainMs = (options.drainSeconds ?? 0) * 1000
    await sleep(drainMs, undefined, { signal: options.hurry }).catch(() => undefined)
  })
  const { path: dataFolder } = foundation.folder
  const welcomeUrl = await welcome(cloud, url)
  return {
    ...{ url, port, gateway: gatewayFor(url), account: cloud.account, dataFolder, welcomeUrl },
    acceptDevice: (socket) => void gateway.accept(socket),
    reload: async () => void (await follower?.read()),
  }
}

function makeDoor(
  { log, limits }: Foundation,
  { identities, audit, devices, bus }: Cloud,
  { proxies, gateway, rest }: { proxies: Proxies; gateway: Gateway; rest: Rest },
): DebugDoor {
  return new DebugDoor({
    ...{ identities, audit, devices, proxies, bus, log, sessionMs: limits.debugSessionMs },
    home: (request) => rest.home(request),
    open: (wish, peer) => gateway.openDebug(wish, peer),
  })
}

async function welcome({ users, account }: Cloud, url: string): Promise<string | undefined> {
  if (!(await users.isEmpty(account.accountSid))) return undefined
  return welcomeLink(url, (await users.invite(account.accountSid, 'owner')).token)
}

function makeGateway(
  { db, limits, log, tracing, authority, keyring }: Foundation,
  {
    bus,
    bundles,
    blobs,
    certificates,
    deltas,
    events,
    logTail,
    managed,
    metrics,
    presence,
    signers,
    symbols,
  }: Cloud,
  names: readonly string[],
): Gateway {
  const transfers = new Transfers({ db, bundles, blobs, deltas })
  return new Gateway({
    authority,
    keyring,
    names,
    bus,
    managed,
    limits,
    log,
    tracing,
    orders: new DeviceOrders(db),
    checkIn: new CheckIn(db, bus, presence.serverId),
    signers,
    presence,
    certificates,
    metrics,
    reports: new DeviceReports({
      ...{ db, bus, metrics, events, logTail },
      crashesPerDevice: limits.crashesPerDevice,
      framesOf: (accountSid, crash) => symbols.framesOf(accountSid, crash),
    }),
    chooseForm: (device, wanted) => transfers.choose(device, wanted),
    // Only what some App of the device's own account consists of.
    findContent: async ({ accountSid }, hash) => {
      const isOwn = (await bundles.find(accountSid, hash)) !== undefined
      return isOwn ? blobs.open(hash) : undefined
    },
  })
}

type RestOptions = ServerOptions & {
  readonly proxies: Proxies
  readonly tls: TlsContent | undefined
}

function makeRest(
  { db, limits, log, tracing }: Foundation,
  cloud: Cloud,
  options: RestOptions,
): Rest {
  const rest = new Rest({
    identities: cloud.identities,
    audit: cloud.audit,
    metrics: cloud.metrics,
    log,
    tracing,
    publicUrl: options.publicUrl?.replace(/\/+$/, ''),
    proxies: options.proxies,
    tls: options.tls,
    limits,
  })
  addAppRoutes(rest, cloud.apps)
  addSymbolRoutes(rest, cloud.apps, cloud.symbols)
  addConfigRoutes(rest, cloud.configs, cloud.devices)
  addKernelRoutes(rest, cloud.kernels)
  addDeviceKernelRoutes(rest, { db, ...cloud })
  addSignerRoutes(rest, cloud.signers)
  addLayerKeyRoutes(rest, cloud.signers.layerKeys)
  addAttestationRoutes(rest, cloud)
  addApiKeyRoutes(rest, cloud.apiKeys)
  addAuditRoutes(rest, cloud.audit)
  addUserRoutes(rest, cloud)
  addEventRoutes(rest, cloud)
  addRolloutRoutes(rest, cloud.rollouts)
  addWebhookRoutes(rest, cloud.hooks)
  return rest
}

async function listenRest(rest: Rest, place: Listening): Promise<number> {
  const { host, port } = place
  try {
    await rest.http.listen({ host, port })
  } catch (error) {
    throw explainListening(error, place)
  }
  return (rest.http.server.address() as AddressInfo).port
}

/** Says every few seconds that this server is there. Returns what ends it. */
async function keepPresence(
  { isShared, log }: Foundation,
  { presence }: Cloud,
): Promise<() => Promise<void>> {
  const note = (error: unknown) => log.warn({ event: 'presence not noted', err: error })
  await presence.begin(!isShared)
  const timer = setInterval(() => void presence.beat().catch(note), BEAT_MS).unref()
  return () => {
    clearInterval(timer)
    return presence.end().catch(note)
  }
}
