/**
 * A device that runs: the machine, its folder, the run loop and the connection to the gateway.
 *
 * What it does is told through `events`, and kept for others in state.json and report.json.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import {
  Board,
  EXTERNAL_FLASH_BYTES,
  OPTION_BYTES,
  OTP_BYTES,
  type PowerCutPlan,
  Supply,
  type SystemLedColour,
} from '@microvisor/mcu'
import {
  type ApplicationFault,
  type BootRecord,
  decodeFuses,
  type FactoryTest,
  type LockDown,
} from '@microvisor/microvisor'
import { EnergyAccount } from './energy.ts'
import { DeviceError } from './errors.ts'
import {
  type DeviceFile,
  type DeviceRecord,
  damaged,
  devicePath,
  readDeviceFile,
  readDeviceRecord,
} from './folder/device-folder.ts'
import { FlashFile } from './folder/flash-file.ts'
import { lockDevice } from './folder/lock.ts'
import { keepCertificate } from './folder/own-certificate.ts'
import { hostDigest } from './hardware/engines.ts'
import { type Dialer, NetworkPort } from './hardware/network.ts'
import { secureSessions } from './hardware/secure-sessions.ts'
import { TlsDialer } from './hardware/tls-dialer.ts'
import { type Host, realHost } from './host.ts'
import { Journal } from './journal.ts'
import { Machine, type MachineEvents } from './machine.ts'
import { readNetwork, watchNetwork } from './network/network-file.ts'
import { ShapedDialer } from './network/shaped-dialer.ts'
import { VirtualNetworks } from './network/virtual-networks.ts'
import { type ClockMode, RunLoop } from './run-loop.ts'

export interface DeviceEvents {
  booted?(record: BootRecord): void
  lockedDown?(lockDown: LockDown): void
  /** The kernel broke down; the watchdog restarts the device. */
  kernelFailed?(error: unknown): void
  /** The power failed: as a test had planned, or because a flash file could not be written. */
  powerLost?(reason: string): void
  /** A line of the kernel for whoever stands at the bench. */
  trace?(line: string): void
  applicationStarted?(): void
  applicationStopped?(): void
  applicationFaulted?(fault: ApplicationFault): void
  /** 'down', 'idle', 'connecting' or 'connected'; why it last ended, for people. */
  link?(state: string, lastError: string): void
  userLed?(isLit: boolean): void
  systemLed?(colour: SystemLedColour): void
  /** A byte on the board's serial log, PD5. */
  logByte?(byte: number): void
}

export interface DeviceOptions {
  readonly clock: ClockMode
  readonly events?: DeviceEvents
  readonly host?: Host
  /** Instead of TLS to the gateway of the device's record. */
  readonly dialer?: Dialer
  /** The bench of the factory test, where the device stands on it. */
  readonly factoryTest?: FactoryTest
  /** When the power is to fail, for tests. */
  readonly powerCut?: PowerCutPlan
}

/** Opens the device in a folder. Throws DeviceError; then nothing stays locked or open. */
export function openDevice(folder: string, options: DeviceOptions): VirtualDevice {
  const record = readDeviceRecord(folder)
  const held = [lockDevice(folder)]
  const release = () => {
    for (const give of held.splice(0).reverse()) give()
  }
  try {
    return new VirtualDevice({ folder, record, hold: (give) => held.push(give), release }, options)
  } catch (error) {
    release()
    throw error
  }
}

interface Opening {
  readonly folder: string
  readonly record: DeviceRecord
  /** Remembers how to give back what was opened. */
  readonly hold: (give: () => void) => void
  readonly release: () => void
}

export class VirtualDevice {
  readonly record: DeviceRecord
  readonly board: Board
  /** The networks around it, to be changed at will. */
  readonly networks: VirtualNetworks
  readonly #machine: Machine
  readonly #loop: RunLoop
  readonly #network: NetworkPort
  readonly #journal: Journal
  readonly #energy: EnergyAccount
  readonly #events: DeviceEvents
  readonly #supply = new Supply()
  readonly #opening: Opening
  #isStopped = false
  #lastLink = ''

  /** Use `openDevice`. */
  constructor(opening: Opening, options: DeviceOptions) {
    const { clock, events = {}, host = realHost } = options
    const { folder, record } = opening
    this.#opening = opening
    this.record = record
    this.#events = events
    this.#supply.cutAt(options.powerCut)
    this.board = this.#openBoard(folder)
    this.#energy = new EnergyAccount(this.board.chip)
    this.#journal = new Journal(folder, host, this.board.chip.notModelled, this.#energy)
    this.networks = new VirtualNetworks(readNetwork(folder), {
      activeChanged: (active) => this.#linkMoved(active !== undefined),
    })
    this.#network = this.#makeNetwork(options)
    opening.hold(watchNetwork(folder, () => this.#readNetwork()))
    this.#machine = new Machine({
      ...{ board: this.board, network: this.#network, random: host.random },
      secureSessions: secureSessions(
        () => this.#identity(folder),
        () => this.#sessionNews(),
      ),
      deviceKey: this.#deviceKey(folder),
      events: this.#machineEvents(),
      factoryTest: options.factoryTest,
    })
    const { time } = this.board.chip
    this.#loop = new RunLoop({
      ...{ machine: this.#machine, host, clock },
      microsecondsAt: (cycle) => time.microseconds(cycle),
      cycleAt: (microseconds) => time.cycleAt(microseconds),
    })
  }

  start(): void {
    this.#machine.powerUp()
    if (!this.#isStopped) this.#loop.start()
  }

  /** Takes the power away and closes everything. The device can be opened again afterwards. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#loop.stop()
    this.#machine.powerDown()
    this.#supply.turnOff()
    this.#journal.close({ state: 'stopped', application: 'stopped' })
    this.#opening.release()
  }

  /** The cable is plugged in or pulled out. */
  setLink(isUp: boolean): void {
    this.networks.set('ethernet', { isUp })
  }

  press(isPressed: boolean): void {
    this.board.press(isPressed)
    this.#loop.wake()
  }

  /** Bytes for the receiver of the log's serial port. */
  sendToLogPort(bytes: Uint8Array): void {
    this.board.sendToLogPort(bytes)
    this.#loop.wake()
  }

  #makeNetwork(options: DeviceOptions): NetworkPort {
    const { clock, host = realHost } = options
    const { scheduler, time, cpu } = this.board.chip
    const microseconds = () => time.microseconds(cpu.cycles)
    const onDeviceTime = {
      now: () => microseconds() / 1000,
      after: (ms: number, action: () => void) =>
        scheduler.at(time.cycleAt(microseconds() + ms * 1000), action),
    }
    const dialer = new ShapedDialer(options.dialer ?? this.#dialer(this.#opening.folder), {
      ...(clock === 'virtual' ? onDeviceTime : { now: host.now, after: host.after }),
      way: () => this.networks.way,
      random: () => fraction(host),
    })
    const port = new NetworkPort(
      dialer,
      () => this.#netNews(),
      (credentials) => this.networks.joinWifi(credentials),
      (certificate) => keepCertificate(this.#opening.folder, certificate),
    )
    if (this.networks.active === undefined) port.takeLink()
    return port
  }

  /** Another interface takes over, or none: what there was is gone. */
  #linkMoved(isUp: boolean): void {
    this.#network.setLink(false)
    if (isUp) this.#network.setLink(true)
  }

  /** Somebody has changed the file. What makes no sense changes nothing. */
  #readNetwork(): void {
    try {
      this.networks.replace(readNetwork(this.#opening.folder))
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
      this.#events.trace?.(error.message)
    }
  }

  #netNews(): void {
    const { state, lastError } = this.#network
    const { active } = this.networks
    this.#machine.networkChanged()
    this.#loop.wake()
    const link = `${state} ${active} ${lastError}`
    if (link === this.#lastLink) return
    this.#lastLink = link
    this.#energy.connected(state === 'connected' ? active : undefined)
    this.#journal.note({ link: { state, lastError, interface: active } })
    this.#events.link?.(state, lastError)
  }

  #openBoard(folder: string): Board {
    const cells = {
      externalFlash: new Uint8Array(EXTERNAL_FLASH_BYTES),
      fuses: new Uint8Array(OTP_BYTES),
      optionBytes: new Uint8Array(OPTION_BYTES),
    }
    const files = new Map<DeviceFile, FlashFile>()
    const save = (file: DeviceFile) => (offset: number, length: number) =>
      this.#save(files.get(file), offset, length)
    const board = new Board({
      ...{
        hasSecureSide: true,
        supply: this.#supply,
        externalFlash: cells.externalFlash,
        otp: cells.fuses,
        optionBytes: cells.optionBytes,
      },
      uniqueId: hostDigest([new TextEncoder().encode(this.record.sid)]).slice(0, 12),
      events: {
        internalFlashChanged: save('internalFlash'),
        externalFlashChanged: save('externalFlash'),
        otpChanged: save('fuses'),
        optionBytesChanged: () => save('optionBytes')(0, OPTION_BYTES),
        userLed: (isLit) => this.#events.userLed?.(isLit),
        systemLed: (colour) => this.#events.systemLed?.(colour),
        logByte: (byte) => this.#events.logByte?.(byte),
      },
    })
    files.set('internalFlash', this.#openFlash(folder, 'internalFlash', board.chip.flashBytes))
    for (const file of ['externalFlash', 'fuses', 'optionBytes'] as const) {
      files.set(file, this.#openFlash(folder, file, cells[file]))
    }
    return board
  }

  /** A change that cannot be kept is one that did not happen: the device goes no further. */
  #save(file: FlashFile | undefined, offset: number, length: number): void {
    try {
      file?.save(offset, length)
    } catch (error) {
      this.#supply.fail(error instanceof Error ? error.message : String(error))
    }
  }

  #openFlash(folder: string, file: DeviceFile, cells: Uint8Array): FlashFile {
    const options = { path: devicePath(folder, file), isInverted: file === 'externalFlash' }
    try {
      const opened = new FlashFile(options, cells)
      this.#opening.hold(() => opened.close())
      return opened
    } catch (error) {
      throw damaged(folder, file, error instanceof Error ? error.message : String(error))
    }
  }

  #sessionNews(): void {
    this.#machine.networkChanged()
    this.#loop.wake()
  }

  #deviceKey(folder: string): KeyObject {
    try {
      return createPrivateKey(readDeviceFile(folder, 'key'))
    } catch (error) {
      throw damaged(folder, 'key', error instanceof Error ? error.message : String(error))
    }
  }

  #identity(folder: string) {
    const read = (file: DeviceFile) => readDeviceFile(folder, file).toString('utf8')
    return { key: read('key'), certificate: read('certificate') }
  }

  #dialer(folder: string): Dialer {
    const fuses = decodeFuses(new Uint8Array(readDeviceFile(folder, 'fuses')))
    return new TlsDialer({
      identity: () => this.#identity(folder),
      ca: readDeviceFile(folder, 'ca').toString('utf8'),
      gateway: this.record.gateway,
      caSha256: fuses?.deviceCaSha256 ?? new Uint8Array(),
    })
  }

  #machineEvents(): MachineEvents {
    const events = this.#events
    return {
      booted: (record) => {
        const { kernelVersion, kernelVersionText, resetCause } = record
        this.#journal.note({ state: 'running', kernelVersion, kernelVersionText, resetCause })
        events.booted?.(record)
      },
      lockedDown: (lockDown) => {
        const { reason, detail } = lockDown
        this.#journal.note({ state: 'locked-down', lockDown: { reason, detail } })
        events.lockedDown?.(lockDown)
      },
      kernelFailed: (error) => {
        this.#journal.note({ state: 'kernel-failed', kernelFailure: describe(error) })
        events.kernelFailed?.(error)
      },
      powerLost: (reason) => {
        this.#journal.note({ state: 'power-lost', powerLoss: reason, application: 'stopped' })
        events.powerLost?.(reason)
      },
      applicationStarted: () => {
        this.#journal.note({ application: 'running' })
        events.applicationStarted?.()
      },
      applicationStopped: () => {
        this.#journal.note({ application: 'stopped' })
        events.applicationStopped?.()
      },
      applicationFaulted: (fault) => {
        this.#journal.note({ lastCrash: this.#summary(fault), application: 'stopped' })
        events.applicationFaulted?.(fault)
      },
      trace: (line) => events.trace?.(line),
      notModelled: (name) => this.#journal.count(name),
    }
  }

  #summary({ exception, registers, cfsr, hfsr, sfsr }: ApplicationFault) {
    const { time, cpu } = this.board.chip
    const microseconds = time.microseconds(cpu.cycles)
    const { pc, lr } = registers
    return { exception, pc, lr, cfsr, hfsr, sfsr, microseconds }
  }
}

/** From 0 to 1. */
function fraction(host: Host): number {
  const bytes = new Uint32Array(1)
  host.random(new Uint8Array(bytes.buffer))
  return bytes[0]! / 2 ** 32
}

function describe(error: unknown): string {
  const stack = (error as { stack?: unknown } | undefined)?.stack
  return typeof stack === 'string' ? stack : String(error)
}
