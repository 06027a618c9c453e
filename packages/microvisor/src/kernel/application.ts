/**
 * The application as a whole: verified and started, stopped, crashed and started again.
 *
 *   absent    there is none, or flash does not hold what its manifest says: nothing is run
 *   running   it runs
 *   crashed   it is stopped and will be started again
 *   stopped   the kernel stopped it, for an update
 */
import { INTERNAL_FLASH_ADDRESS, WakeReason } from '@microvisor/protocol'
import type { ApplicationFault, ApplicationWorld, Clock, Engines } from '../hardware.ts'
import type { ApplicationMemory } from './application-memory.ts'
import { type CrashReport, describeFault, RestartLaw, sealReport, stackBytes } from './crash.ts'
import type { Random } from './random.ts'
import type { Timers } from './timers.ts'
import type { ApplicationStore } from './update/application-store.ts'

export type ApplicationPhase = 'absent' | 'running' | 'crashed' | 'stopped'

export interface ApplicationParts {
  readonly world: ApplicationWorld
  readonly memory: ApplicationMemory
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly engines: Engines
  readonly store: ApplicationStore
  readonly trace: (line: string) => void
  /** It was stopped: what it had asked of the kernel is void. */
  readonly stopped: () => void
  /** Its memory is about to be cleared. */
  readonly clearing: () => void
  /** What a DeviceState says has changed. */
  readonly changed: () => void
}

const MILLISECOND = 1_000

export class Application {
  readonly #parts: ApplicationParts
  readonly #restartLaw = new RestartLaw()
  #phase: ApplicationPhase = 'absent'
  #wakeReason: WakeReason = WakeReason.COLDBOOT
  #startedAt = 0
  #cancelRestart: () => void = () => {}

  constructor(parts: ApplicationParts) {
    this.#parts = parts
  }

  get phase(): ApplicationPhase {
    return this.#phase
  }

  get isRunning(): boolean {
    return this.#phase === 'running'
  }

  /** Why it started last. */
  get wakeReason(): WakeReason {
    return this.#wakeReason
  }

  /**
   * Starts what is installed, if flash holds what its manifest says. The first start after an
   * installation has the reason APPLICATIONUPDATE, whatever else brought it about. `isChanged`: a
   * debugger has written flash, and what it holds is run as it is.
   */
  start(reason: WakeReason, isChanged = false): void {
    const { world, store, clearing, changed, clock, trace } = this.#parts
    this.stop()
    this.#phase = 'absent'
    clearing()
    world.clearMemory()
    if (store.installed !== undefined && (isChanged || store.isIntact())) {
      this.#wakeReason = store.hasStarted ? reason : WakeReason.APPLICATIONUPDATE
      this.#startedAt = clock.microseconds()
      this.#phase = 'running'
      world.start(INTERNAL_FLASH_ADDRESS)
      if (!store.hasStarted) store.markStarted()
    } else if (store.installed !== undefined) {
      trace('the application in flash is not what its manifest says: it is not started')
    }
    changed()
  }

  /** Starts it again on purpose: what it did before is not held against it. */
  restart(reason: WakeReason, isChanged = false): void {
    this.#restartLaw.forget()
    this.start(reason, isChanged)
  }

  /** Stops it for good; nothing of it runs until `start`. */
  stop(): void {
    this.#cancelRestart()
    if (this.#phase === 'running') this.#halt('stopped')
    else this.#phase = this.#phase === 'absent' ? 'absent' : 'stopped'
  }

  /** It faulted. The report of it goes to the cloud. */
  crash(fault: ApplicationFault): CrashReport | undefined {
    if (this.#phase !== 'running') return undefined
    const { clock, timers, random, trace, changed } = this.#parts
    const now = clock.microseconds()
    const policy = this.#parts.store.installed!.manifest.policies.crash
    const restartInMs = this.#restartLaw.afterCrash(policy, (now - this.#startedAt) / MILLISECOND)
    const report = {
      ...describeFault(fault),
      id: (BigInt(random.word()) << 32n) | BigInt(random.word()),
      manifestHash: this.#parts.store.installed!.hash,
      microseconds: BigInt(now),
      restartInMs,
      stack: this.#stack(fault.registers.sp),
    }
    this.#halt('crashed')
    this.#cancelRestart = timers.after(restartInMs * MILLISECOND, () =>
      this.start(WakeReason.APPLICATIONCRASH),
    )
    trace(`the application crashed: ${fault.exception}; starts again in ${restartInMs} ms`)
    changed()
    return policy.reportKey === undefined
      ? report
      : sealReport(this.#parts.engines, policy.reportKey, report)
  }

  /** It has done what it was for: nothing runs until the next start. */
  retire(): void {
    this.stop()
    this.#parts.changed()
  }

  #halt(phase: 'crashed' | 'stopped'): void {
    this.#phase = phase
    this.#parts.world.stop()
    this.#parts.stopped()
  }

  /**
   * The top of the stack, as much as the manifest asks for and memory has.
   */
  #stack(sp: number): Uint8Array {
    const { includeStackBytes } = this.#parts.store.installed!.manifest.policies.crash
    for (let length = stackBytes(includeStackBytes); length > 0; length >>= 1) {
      const stack = this.#parts.memory.read(sp, length)
      if (stack !== undefined) return stack
    }
    return new Uint8Array(0)
  }
}
