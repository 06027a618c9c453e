/**
 * The kernel: its parts, put together, and what it does when the chip calls.
 *
 * It never waits. Each call of the chip changes some part; `settle` then brings connection,
 * notifications and LED in line with what holds now. Frames from the cloud are only taken outside
 * of system calls, so that nothing they bring about can pull the application away from under one.
 */
import { EventType, SystemNotificationSource, WakeReason, type Welcome } from '@microvisor/protocol'
import type { FuseContents } from '../fuses.ts'
import type {
  ApplicationFault,
  BootRecord,
  DebugHalt,
  DeepSleepMode,
  FaultName,
  Hardware,
  ResetCause,
  SecureVectors,
  WakeCause,
} from '../hardware.ts'
import { Application } from './application.ts'
import { ApplicationMemory } from './application-memory.ts'
import { attest } from './attestation.ts'
import { makeCertificateRequest } from './certificate-request.ts'
import { Channels } from './channels/channels.ts'
import { startClocks } from './clock-tree.ts'
import { Connectivity, type KernelNeeds, type ResumedConnectivity } from './connectivity.ts'
import { CrashReports } from './crash.ts'
import { DebugAgent } from './debug/debug-agent.ts'
import { DebugServer } from './debug/debug-server.ts'
import { recall, remember } from './deep-sleep.ts'
import { deviceState } from './device-state.ts'
import { dispatch } from './dispatch.ts'
import { ExternalFlashAccess } from './external-flash.ts'
import { FastInterrupts } from './fast-interrupts.ts'
import { Handles } from './handles.ts'
import { ConnectionLed } from './led.ts'
import { Link, type LinkMessage } from './link/link.ts'
import { NetworkRequests } from './network-requests.ts'
import { Notifications } from './notifications.ts'
import { Random } from './random.ts'
import { ServerLog } from './server-log.ts'
import { Settings } from './settings.ts'
import { SystemNotifications } from './system-notifications.ts'
import { TestLog } from './test-log.ts'
import { Timers } from './timers.ts'
import { ApplicationStore } from './update/application-store.ts'
import { KernelUpdate } from './update/kernel-update.ts'
import { KeyStore } from './update/key-store.ts'
import { KeyUpdates, type KeyUpdatesParts } from './update/key-updates.ts'
import { nextStagingOffset } from './update/layer-fetch.ts'
import { Update } from './update/update.ts'
import { WallClock } from './wall-clock.ts'
import { Wifi } from './wifi.ts'

const { UPDATE, UPDATEPROGRESS } = SystemNotificationSource

/** Rounds until the parts agree; a connection that opens and has no reason to stay takes three. */
const SETTLE_ROUNDS = 4

/** An update waits this long for a debugger to be done, and then as long as the application may ask for. */
const DEBUGGED_POLITENESS_SECONDS = 3600

const wakeReasons: Readonly<Record<ResetCause, WakeReason>> = {
  'power-on': WakeReason.COLDBOOT,
  software: WakeReason.REMOTEMICROVISORRESTART,
  standby: WakeReason.DEEPSLEEPOTHER,
  watchdog: WakeReason.MICROVISORWATCHDOG,
  'option-bytes': WakeReason.OPTIONBYTES,
}

const standbyReasons: Readonly<Record<WakeCause, WakeReason>> = {
  alarm: WakeReason.DEEPSLEEPCHECKIN,
  rtc: WakeReason.DEEPSLEEPAPPLICATIONRTC,
  pin: WakeReason.DEEPSLEEPAPPLICATION,
  modem: WakeReason.DEEPSLEEPMODEM,
  unknown: WakeReason.DEEPSLEEPOTHER,
}

export class Kernel implements SecureVectors {
  readonly hardware: Hardware
  readonly boot: BootRecord
  readonly fuses: FuseContents
  readonly memory: ApplicationMemory
  readonly timers: Timers
  readonly wallClock: WallClock
  readonly led: ConnectionLed
  readonly notifications: Notifications
  readonly systemNotifications: SystemNotifications
  readonly networkRequests: NetworkRequests
  readonly externalFlash: ExternalFlashAccess
  readonly link: Link
  readonly connectivity: Connectivity
  readonly log: ServerLog
  readonly keys: KeyStore
  readonly channels: Channels
  readonly store: ApplicationStore
  readonly application: Application
  readonly update: Update
  readonly kernelUpdate: KernelUpdate
  readonly fastInterrupts: FastInterrupts
  readonly wifi: Wifi
  readonly testLog = new TestLog()
  readonly debugAgent: DebugAgent
  readonly debugServer: DebugServer
  readonly #random: Random
  readonly #keyUpdates: KeyUpdates
  readonly #crashReports = new CrashReports()
  /** What the kernel before this one died of, until the cloud knows. */
  #kernelFailure: string
  #cancelSettle: () => void = () => {}

  constructor(hardware: Hardware, boot: BootRecord, fuses: FuseContents) {
    this.hardware = hardware
    this.boot = boot
    this.fuses = fuses
    this.#kernelFailure = hardware.power.kernelFailure ?? ''
    const { application: world, clock, engines, network } = hardware
    const random = new Random(engines)
    this.#random = random
    const handles = new Handles(random)
    const memory = new ApplicationMemory(world)
    this.memory = memory
    this.timers = new Timers(clock)
    this.wallClock = new WallClock(clock)
    this.led = new ConnectionLed(hardware.led)
    this.notifications = new Notifications({ world, memory, clock, handles })
    this.systemNotifications = new SystemNotifications(handles, this.notifications)
    this.networkRequests = new NetworkRequests(handles, this.notifications)
    this.externalFlash = new ExternalFlashAccess(handles, hardware.externalFlash)
    this.keys = new KeyStore(hardware, fuses.applicationSigner)
    this.store = new ApplicationStore(hardware, this.keys)
    this.wifi = new Wifi(new Settings(hardware), network)
    this.fastInterrupts = new FastInterrupts({
      ...{ world, timers: this.timers },
      misbehaved: (exception) => this.applicationFault(this.#faultOf(exception)),
    })
    const resumed = this.#recall()
    this.link = this.#makeLink(resumed?.failures ?? 0)
    this.connectivity = this.#makeConnectivity(network, resumed)
    this.log = new ServerLog(this)
    const { notifications, link } = this
    this.channels = new Channels({ memory, notifications, link, handles, clock })
    this.application = this.#makeApplication()
    this.update = this.#makeUpdate()
    this.#keyUpdates = this.#makeKeyUpdates()
    this.kernelUpdate = this.#makeKernelUpdate()
    this.debugServer = this.#makeDebugServer()
    this.debugAgent = this.#makeDebugAgent()
  }

  /** What is done once, after the bootrom: clocks, then what a power cut may have left undone. */
  start(): void {
    startClocks(this.hardware.rcc)
    this.wifi.begin()
    this.update.finish()
    this.kernelUpdate.start()
    this.application.start(this.#wakeReason())
    this.#settle()
  }

  systemCall(address: number): number | undefined {
    const status = dispatch(this, address)
    this.link.flush()
    return status
  }

  applicationFault(fault: ApplicationFault): void {
    if (!this.debugAgent.catches(fault)) this.#crash(fault)
    this.#settle()
  }

  debugEvent(halt: DebugHalt): void {
    this.debugAgent.debugEvent(halt)
    this.#settle()
  }

  #crash(fault: ApplicationFault): void {
    const report = this.application.crash(fault)
    if (report !== undefined) {
      this.#crashReports.add(report)
      this.link.send({ case: 'crashReport', value: report })
      // Nobody is left who could put an update off.
      this.timers.after(0, () => this.update.apply())
    }
  }

  alarm(): void {
    this.timers.run()
    this.#settle()
  }

  network(): void {
    this.debugServer.poll()
    this.#settle()
  }

  fastInterrupt(): void {
    this.fastInterrupts.taken()
  }

  /** Does not return to the application, whatever ends the sleep. */
  sleepDeeply(mode: DeepSleepMode): void {
    const { clock, power } = this.hardware
    const { checkInMicroseconds } = this.connectivity
    const now = clock.sincePowerOn()
    const checkInAt = checkInMicroseconds === undefined ? undefined : now + checkInMicroseconds
    const known = this.wallClock.known
    const hasRequestedNetwork = this.networkRequests.hasEverRequested
    const time = known === undefined ? undefined : { ...known, at: now }
    // The application is not stopped before: that would reset the wake-up pins that it has set.
    const failures = this.link.failures + (this.hardware.network.state === 'down' ? 1 : 0)
    remember(this.hardware, { time, checkInAt, hasRequestedNetwork, failures })
    power.deepSleep(mode, checkInAt)
  }

  /** The factory test is over. After a pass the application that was staged takes its place. */
  endFactoryTest(isPassed: boolean): void {
    if (isPassed && this.update.apply()) return
    this.application.retire()
  }

  /** For system calls: does what they cannot do themselves right after them. */
  settleSoon(): void {
    this.#cancelSettle()
    this.#cancelSettle = this.timers.after(0, () => {})
  }

  /** For the log. */
  get clock() {
    return this.hardware.clock
  }

  #settle(): void {
    for (let round = 0; round < SETTLE_ROUNDS; round++) {
      const { reasons, status } = this.connectivity
      this.connectivity.update()
      if (reasons === this.connectivity.reasons && status === this.connectivity.status) break
    }
    this.kernelUpdate.proceed()
    this.update.resume()
    this.debugServer.poll()
    this.link.flush()
    this.led.show(this.connectivity.status)
  }

  #makeLink(failures: number): Link {
    const { clock, network } = this.hardware
    const { kernelVersion, kernelVersionText } = this.boot
    return new Link({
      network,
      clock,
      failures,
      timers: this.timers,
      random: this.#random,
      trace: this.#trace,
      hello: () => ({
        ...{ kernelVersion, kernelVersionText, state: this.#state() },
        renewsCertificates: true,
        kernelFailure: this.#kernelFailure,
      }),
      opened: (welcome) => this.#opened(welcome),
      message: (message) => this.#take(message),
      drained: () => {
        this.log.forward()
        this.channels.pump()
      },
      accept: (kind, stream) => {
        if (kind.case === 'debug') return this.debugServer.accept(kind.value.holder, stream)
        return 'This kernel has nothing that the cloud could open such a stream to.'
      },
    })
  }

  #makeConnectivity(
    network: Hardware['network'],
    resumed: ResumedConnectivity | undefined,
  ): Connectivity {
    const { link, timers, clock, networkRequests, systemNotifications } = this
    const needs = () => this.#needs()
    return new Connectivity({
      ...{ link, network, timers, clock, networkRequests, systemNotifications, needs, resumed },
    })
  }

  /** What was known before Standby goes on being known after it. */
  #recall(): (ResumedConnectivity & { readonly failures: number }) | undefined {
    if (this.boot.resetCause !== 'standby') return undefined
    const remembered = recall(this.hardware)
    if (remembered === undefined) return undefined
    const { clock } = this.hardware
    const now = clock.sincePowerOn()
    const { time, checkInAt, hasRequestedNetwork, failures } = remembered
    if (time !== undefined) {
      // The RTC's moment in terms of the kernel's clock, which began anew.
      this.wallClock.resume({ ...time, at: clock.microseconds() - (now - time.at) })
    }
    if (hasRequestedNetwork) this.networkRequests.resume()
    const isCheckInDue = checkInAt !== undefined && checkInAt <= now
    const left = checkInAt === undefined || isCheckInDue ? undefined : checkInAt - now
    return { isCheckInDue, checkInMicroseconds: left, failures }
  }

  #wakeReason(): WakeReason {
    const { resetCause, wakeCause = 'unknown' } = this.hardware.power
    const { isTrial, hasFailed } = this.boot
    if (this.hardware.power.kernelFailure !== undefined) return WakeReason.MICROVISORCRASH
    if (isTrial || (hasFailed && resetCause === 'software')) return WakeReason.MICROVISORUPDATE
    return resetCause === 'standby' ? standbyReasons[wakeCause] : wakeReasons[resetCause]
  }

  /** What the kernel itself finds wrong with the application. */
  #faultOf(exception: FaultName): ApplicationFault {
    const { registers } = this.hardware.application
    return { exception, registers, cfsr: 0, hfsr: 0, sfsr: 0, mmfar: 0, bfar: 0, sfar: 0 }
  }

  #makeApplication(): Application {
    const { memory, timers, store } = this
    return new Application({
      world: this.hardware.application,
      clock: this.hardware.clock,
      memory,
      timers,
      store,
      random: this.#random,
      engines: this.hardware.engines,
      trace: this.#trace,
      stopped: () => this.#forgetRequests(),
      clearing: () => {
        this.log.reset()
        this.led.enable(true)
      },
      changed: () => {
        this.debugServer.applicationStarted()
        this.link.send({ case: 'deviceState', value: this.#state() })
      },
    })
  }

  #makeUpdate(): Update {
    const { store, link, timers, application } = this
    return new Update({
      ...{ store, link, timers, random: this.#random, chip: this.hardware, trace: this.#trace },
      findKey: this.keys.findLayerKey,
      kernelVersion: this.boot.kernelVersion,
      host: {
        politenessSeconds: this.#politenessSeconds,
        stopApplication: () => application.stop(),
        isHeld: () => this.kernelUpdate.isFetching,
        startApplication: () => application.restart(WakeReason.APPLICATIONUPDATE),
        fetched: (bytes) => {
          const kib = Math.floor(bytes / 1024)
          this.systemNotifications.emit(UPDATEPROGRESS, EventType.UPDATEPROGRESS + kib)
        },
        downloaded: () => this.systemNotifications.emit(UPDATE, EventType.UPDATEDOWNLOADED),
      },
    })
  }

  #makeKernelUpdate(): KernelUpdate {
    const { hardware: chip, boot, fuses, link, timers, store } = this
    return new KernelUpdate({
      ...{ chip, boot, fuses, link, timers, trace: this.#trace },
      stagingOffset: () => nextStagingOffset(store.staged.values()),
      politenessSeconds: this.#politenessSeconds,
      isHeld: () => this.update.isFetching,
    })
  }

  #makeKeyUpdates(): KeyUpdates {
    const { keys, store, link } = this
    const send = (value: Parameters<KeyUpdatesParts['send']>[0]) =>
      link.send({ case: 'keyState', value })
    return new KeyUpdates({ engines: this.hardware.engines, keys, store, send })
  }

  #makeDebugServer(): DebugServer {
    return new DebugServer({
      sessions: this.hardware.secureSessions,
      timers: this.timers,
      agent: () => this.debugAgent,
      key: () => this.store.installed?.manifest.policies.debugKey,
      manifestHash: () => this.#manifestHash,
      changed: () => {
        this.update.politenessChanged()
        this.kernelUpdate.politenessChanged()
      },
      trace: this.#trace,
    })
  }

  get #manifestHash(): Uint8Array {
    return this.store.installed?.hash ?? new Uint8Array(0)
  }

  #makeDebugAgent(): DebugAgent {
    const { hardware, application } = this
    return new DebugAgent({
      unit: hardware.debug,
      engines: hardware.engines,
      internalFlash: hardware.internalFlash,
      kernelVersionText: this.boot.kernelVersionText,
      application: {
        get isRunning() {
          return application.isRunning
        },
        manifestHash: () => this.#manifestHash,
        restart: (isChanged) => application.restart(WakeReason.DEBUGGERRESTART, isChanged),
        crash: (fault) => this.#crash(fault),
      },
      send: (id, reply) => this.debugServer.send(id, reply),
    })
  }

  #opened(welcome: Welcome): void {
    this.wallClock.set(welcome.wallMicroseconds)
    this.#kernelFailure = ''
    this.connectivity.connected()
    this.log.setEnabled(welcome.settings?.loggingEnabled ?? true)
    for (const report of this.#crashReports.waiting) {
      this.link.send({ case: 'crashReport', value: report })
    }
    this.kernelUpdate.connected()
    this.#keyUpdates.tell()
    this.update.setTarget(welcome.target)
  }

  #take(message: LinkMessage): void {
    switch (message.case) {
      case 'target':
        this.update.setTarget(message.value)
        return
      case 'kernelTarget':
        this.kernelUpdate.setTarget(message.value)
        return
      case 'newKeys':
        this.#keyUpdates.take(message.value.signed)
        return
      case 'certificateOrder': {
        const request = makeCertificateRequest(this.hardware.engines)
        this.link.send({ case: 'certificateRequest', value: { request } })
        return
      }
      case 'certificate':
        if (!this.hardware.network.setCertificate(message.value.certificate))
          this.#trace('the new certificate cannot be used')
        return
      case 'settings':
        this.log.setEnabled(message.value.loggingEnabled)
        return
      case 'crashReceived':
        this.#crashReports.received(message.value.id)
        return
      case 'attestationRequest':
        this.link.send({ case: 'attestation', value: { token: attest(message.value.nonce, this) } })
        return
      case 'restartApplication':
        if (!this.update.apply()) this.application.restart(WakeReason.REMOTEAPPLICATIONRESTART)
    }
  }

  #forgetRequests(): void {
    this.channels.reset()
    this.networkRequests.reset()
    this.systemNotifications.reset()
    this.notifications.reset()
    this.externalFlash.reset()
    this.fastInterrupts.reset()
    this.testLog.reset()
  }

  #needs(): KernelNeeds {
    const policy = this.store.installed?.manifest.policies.connectivity
    return {
      isTimeUnknown: !this.wallClock.isSet,
      isFetchingUpdate: this.update.isFetching || this.kernelUpdate.isFetching,
      isDebugging: this.debugServer.isActive,
      hasKernelFailure: this.#kernelFailure !== '',
      hasCrashReport: this.#crashReports.waiting.length > 0,
      hasApplication: this.application.phase !== 'absent',
      graceSeconds: policy?.connectionGraceSeconds ?? 0,
      checkInSeconds: policy?.minimumCheckInSeconds ?? 0,
    }
  }

  readonly #politenessSeconds = (): number => {
    if (!this.application.isRunning) return 0
    if (this.debugServer.isActive) return DEBUGGED_POLITENESS_SECONDS
    return this.store.installed?.manifest.policies.update.maximumPolitenessSeconds ?? 0
  }

  #state() {
    return deviceState(this.hardware, this.store, this.application)
  }

  readonly #trace = (line: string): void => this.hardware.diagnostics.trace(line)
}
