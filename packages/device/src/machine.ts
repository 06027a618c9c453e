/**
 * A board with its secure side: boots, runs, takes the chip's calls to the kernel, and starts over
 * after a reset. Synchronous, and a function of its memories and inputs: it knows no clock of the
 * host, no files and no sockets.
 *
 *   (1) The kernel is called only from here, and never while it is being called.
 *   (2) An error in the kernel ends that kernel, as a fault in it would; the watchdog's reset starts
 *       the next one a second later. No reset is free, so a loop of resets is not an endless turn.
 *   (3) After a power cut nothing happens any more.
 */
import type { KeyObject } from 'node:crypto'
import { type Board, PowerCut, RTC_IRQ, type StopReason } from '@microvisor/mcu'
import {
  type ApplicationFault,
  type BootRecord,
  type DebugHalt,
  type FactoryTest,
  type FaultName,
  type LockDown,
  type ResetCause,
  readBoot,
  type SecureSessions,
  type SecureVectors,
  type WakeCause,
} from '@microvisor/microvisor'
import { floatsOf, registersOf } from './hardware/application.ts'
import { debugHalt } from './hardware/debug.ts'
import { ChipReset, ChipSleep, makeHardware } from './hardware/hardware.ts'
import type { NetworkPort } from './hardware/network.ts'
import { loadBoot, loadKernel } from './kernel-loader.ts'

const WATCHDOG_MICROSECONDS = 1_000_000
/** From a reset that software asked for to the next boot: what a chip needs for it, about. */
const RESTART_MICROSECONDS = 10_000

/**
 * What the kernel takes of the CPU, each time it is entered. Of the original only is known that a
 * fast interrupt waits less than 20 microseconds and an ordinary one a little longer; these are
 * 1.5, 6, 12 and 20 microseconds at 160 MHz.
 */
const KERNEL_CYCLES = { systemCall: 240, alarm: 960, network: 1920, fault: 3200 } as const

export interface MachineOptions {
  readonly board: Board
  readonly network: NetworkPort
  readonly secureSessions: SecureSessions
  readonly random: (into: Uint8Array) => void
  /** The private half of the device's own pair. */
  readonly deviceKey: KeyObject
  readonly events: MachineEvents
  /** Where the device stands on the bench of the factory test. */
  readonly factoryTest?: FactoryTest | undefined
}

export interface MachineEvents {
  booted(record: BootRecord): void
  lockedDown(lockDown: LockDown): void
  kernelFailed(error: unknown): void
  powerLost(reason: string): void
  applicationStarted(): void
  applicationStopped(): void
  applicationFaulted(fault: ApplicationFault): void
  trace(line: string): void
  notModelled(name: string): void
}

export class Machine {
  readonly #options: MachineOptions
  #vectors: SecureVectors | undefined
  #hasPower = false
  #hasNetworkNews = false
  /** Lives of the application, to tell a call that stopped it from one that forgot to answer. */
  #applicationStops = 0
  /** Backup SRAM: 2 KiB (RM0456, memory map). */
  readonly #retained = new Uint8Array(2048)
  /** What the last kernel died of. */
  #kernelFailure: string | undefined
  /** The chip's time at which power came. */
  #poweredOn = 0

  constructor(options: MachineOptions) {
    this.#options = options
  }

  get #chip() {
    return this.#options.board.chip
  }

  get cycles(): number {
    return this.#chip.cpu.cycles
  }

  /** The cycle before which nothing will happen by itself: now, if the application is running. */
  get nextCycle(): number {
    if (!this.#hasPower) return Infinity
    return this.#chip.isAsleep ? this.#chip.scheduler.next : this.cycles
  }

  get isInTouch(): boolean {
    const { state } = this.#options.network
    return state === 'connecting' || state === 'connected'
  }

  powerUp(): void {
    this.#hasPower = true
    this.#retained.fill(0)
    this.#kernelFailure = undefined
    this.#poweredOn = this.#now
    this.#guarded(() => {
      this.#chip.reset('power-on')
      this.#boot('power-on')
    })
  }

  /** NRST is pulled: as power that comes, but that the backup domain goes on. */
  resetByPin(): void {
    if (!this.#hasPower) return
    this.#endLife()
    this.#chip.reset('pin')
    this.#bootIn(RESTART_MICROSECONDS, 'power-on')
  }

  powerDown(): void {
    this.#hasPower = false
    this.#vectors = undefined
    this.#options.network.reset()
  }

  /** Runs until this cycle. Returns early only without power. */
  advance(untilCycle: number): void {
    while (this.#hasPower && this.cycles < untilCycle) {
      this.#guarded(() => this.#serve(this.#chip.run(untilCycle)))
    }
  }

  /** Something happened on the network; the kernel hears of it with the next `deliver`. */
  networkChanged(): void {
    this.#hasNetworkNews = true
  }

  deliver(): void {
    if (!this.#hasNetworkNews) return
    this.#hasNetworkNews = false
    this.#guarded(() => this.#spending('network', () => this.#vectors?.network()))
  }

  #serve(reason: StopReason): void {
    const { cpu } = this.#chip
    if (reason === 'secure-call') this.#systemCall(cpu.gate.veneer)
    if (reason === 'secure-exception') this.#fault(cpu.faultRecord)
    if (reason === 'reset-request') this.#resetRequested()
    if (reason === 'halt') this.#halted(debugHalt(this.#chip))
  }

  /** By software that may not, or by a watchdog of the application's: it alone is stopped. */
  #resetRequested(): void {
    const { requestedReset: cause } = this.#chip
    if (cause === 'software') this.#misbehaved('ResetRequest')
    else if (cause === 'watchdog' || cause === 'window-watchdog') this.#misbehaved('Watchdog')
    else this.#resetChip('watchdog', RESTART_MICROSECONDS)
  }

  #systemCall(address: number): void {
    const stops = this.#applicationStops
    const result = this.#spending('systemCall', () => this.#vectors?.systemCall(address))
    if (result !== undefined) {
      this.#chip.cpu.returnToNonSecure(result >>> 0)
      // A call is one step.
      if (this.#chip.isStepping) this.#halted({ kind: 'step' })
    }
    if (result === undefined && stops === this.#applicationStops) {
      throw new Error(`System call 0x${address.toString(16)} has no result and stopped nothing.`)
    }
  }

  #halted(halt: DebugHalt | undefined): void {
    this.#chip.haltApplication()
    if (halt !== undefined) this.#vectors?.debugEvent(halt)
  }

  #fault(fault: ApplicationFault): void {
    this.#chip.haltApplication()
    this.#options.events.applicationFaulted(fault)
    const whole = { ...fault, ...floatsOf(this.#chip) }
    this.#spending('fault', () => this.#vectors?.applicationFault(whole))
  }

  /** It did what an application may not, and no exception says so. */
  #misbehaved(exception: FaultName): void {
    const registers = registersOf(this.#chip)
    const none = { cfsr: 0, hfsr: 0, sfsr: 0, mmfar: 0, bfar: 0, sfar: 0 }
    this.#fault({ exception, registers, ...none })
  }

  /** What the kernel does takes time, which the application sees. */
  #spending<Result>(entry: keyof typeof KERNEL_CYCLES, work: () => Result): Result {
    const result = work()
    this.#chip.owe(KERNEL_CYCLES[entry])
    return result
  }

  get #now(): number {
    return this.#chip.time.microseconds(this.cycles)
  }

  #sleepDeeply({ mode, wakeAt }: ChipSleep): void {
    this.#endLife()
    const { scheduler, time } = this.#chip
    const wake = (cause: WakeCause) => {
      if (mode === 'shutdown') this.#retained.fill(0)
      this.#resetChip(mode === 'standby' ? 'standby' : 'power-on', RESTART_MICROSECONDS, cause)
    }
    this.#chip.enterDeepSleep(mode, (irq) => {
      scheduler.at(this.cycles, () => wake(irq === RTC_IRQ ? 'rtc' : 'pin'))
    })
    if (wakeAt === undefined) return
    scheduler.at(time.cycleAt(this.#poweredOn + wakeAt), () => wake('alarm'))
  }

  /** Resets the chip now and boots it later. */
  #resetChip(cause: ResetCause, bootAfterMicroseconds: number, wakeCause?: WakeCause): void {
    this.#vectors = undefined
    this.#options.network.reset()
    this.#chip.reset(cause)
    this.#bootIn(bootAfterMicroseconds, cause, wakeCause)
  }

  #bootIn(microseconds: number, cause: ResetCause, wakeCause?: WakeCause): void {
    const { scheduler, time } = this.#chip
    const at = time.cycleAt(time.microseconds(this.cycles) + microseconds)
    scheduler.at(at, () => this.#boot(cause, wakeCause))
  }

  /** Kernel and application run no more. */
  #endLife(): void {
    const { network, events } = this.#options
    this.#vectors = undefined
    network.reset()
    this.#applicationStops++
    events.applicationStopped()
  }

  #boot(cause: ResetCause, wakeCause?: WakeCause): void {
    const { board, network, secureSessions, random, deviceKey, events } = this.#options
    const hardware = makeHardware({
      ...{ board, network, secureSessions, random, deviceKey, resetCause: cause, wakeCause },
      ...{ retained: this.#retained, factoryTest: this.#options.factoryTest },
      poweredOnMicroseconds: this.#poweredOn,
      kernelFailure: this.#kernelFailure,
      alarm: () => this.#spending('alarm', () => this.#vectors?.alarm()),
      fastInterrupt: () => this.#vectors?.fastInterrupt(),
      trace: (line) => events.trace(line),
      notModelled: (name) => events.notModelled(name),
      events: {
        applicationStarted: () => events.applicationStarted(),
        applicationStopped: () => {
          this.#applicationStops++
          events.applicationStopped()
        },
      },
    })
    const script = readBoot(hardware)
    const outcome = 'outcome' in script ? script : loadBoot(script)(hardware)
    if (outcome.outcome === 'locked-down') {
      events.lockedDown(outcome)
      return
    }
    events.booted(outcome.record)
    this.#vectors = loadKernel(outcome.image)(hardware, outcome.record)
    this.#kernelFailure = undefined
  }

  /** Runs a step of the device and answers what ends it from the inside. */
  #guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (error instanceof ChipReset) this.#resetChip('software', RESTART_MICROSECONDS)
      else if (error instanceof ChipSleep) this.#sleepDeeply(error)
      else if (error instanceof PowerCut) this.#losePower(error.message)
      else this.#kernelFailed(error)
    }
  }

  /** News only if it was not taken away on purpose, from inside what was just being done. */
  #losePower(reason: string): void {
    if (!this.#hasPower) return
    this.powerDown()
    this.#options.events.powerLost(reason)
  }

  #kernelFailed(error: unknown): void {
    if (!this.#hasPower) return
    this.#options.events.kernelFailed(error)
    this.#kernelFailure = (error instanceof Error ? error.message : String(error)).slice(0, 300)
    this.#resetChip('watchdog', WATCHDOG_MICROSECONDS)
  }
}
