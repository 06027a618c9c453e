/**
 * Crashes of the application: the records that wait for the cloud, and when to start again.
 *
 * The wait after a crash begins at the manifest's minimum and doubles with each further crash up to
 * its maximum; an application that then runs for as long as the maximum begins anew. 0 in the
 * manifest means 1 second and 60 seconds.
 */
import { CRASH_STACK_BYTES_MAX, type FrameInit, sealCrashReport } from '@microvisor/protocol'
import { chipGcm } from '../chip-crypto.ts'
import type { ApplicationFault, Engines } from '../hardware.ts'

export type CrashReport = Extract<FrameInit, { case: 'crashReport' }>['value']

/** Reports that wait at most; a further one takes the place of the oldest. */
export const CRASH_REPORTS_MAX = 8

const PUBLIC_KEY_BYTES = 65
/** What stays in place of what must not be read. */
const NOTHING = {
  registers: new Array<number>(17).fill(0),
  floatRegisters: [],
  ...{ cfsr: 0, hfsr: 0, sfsr: 0, mmfar: 0, bfar: 0, sfar: 0 },
  stack: new Uint8Array(0),
}

const DEFAULT_MINIMUM_MS = 1_000
const DEFAULT_MAXIMUM_MS = 60_000

export interface RestartPolicy {
  readonly minimumRestartMs: number
  readonly maximumRestartMs: number
}

export class RestartLaw {
  #crashes = 0

  /** How long to wait after a crash of an application that had run so long. */
  afterCrash(policy: RestartPolicy, ranMs: number): number {
    const minimum = policy.minimumRestartMs || DEFAULT_MINIMUM_MS
    const maximum = Math.max(minimum, policy.maximumRestartMs || DEFAULT_MAXIMUM_MS)
    if (ranMs >= maximum) this.#crashes = 0
    const doublings = Math.min(this.#crashes++, 32)
    return Math.min(maximum, minimum * 2 ** doublings)
  }

  /** Another application, or the same one on purpose: nothing is held against it. */
  forget(): void {
    this.#crashes = 0
  }
}

/** Reports that the cloud has not acknowledged. They live as long as the power. */
export class CrashReports {
  readonly #reports: CrashReport[] = []

  get waiting(): readonly CrashReport[] {
    return this.#reports
  }

  add(report: CrashReport): void {
    this.#reports.push(report)
    if (this.#reports.length > CRASH_REPORTS_MAX) this.#reports.shift()
  }

  received(id: bigint): void {
    const index = this.#reports.findIndex((report) => report.id === id)
    if (index >= 0) this.#reports.splice(index, 1)
  }
}

/**
 * Seals a report for the holder of the key. If the key is no point of the curve, nothing of the
 * report leaves but that there was a crash.
 */
export function sealReport(engines: Engines, key: Uint8Array, report: CrashReport): CrashReport {
  const sender = new Uint8Array(PUBLIC_KEY_BYTES)
  const shared = new Uint8Array(32)
  if (!engines.agreeOnce(key, sender, shared)) return { ...report, ...NOTHING }
  return sealCrashReport(chipGcm(engines), { shared, sender, receiver: key }, report)
}

/** The fault in the link's words. */
export function describeFault(fault: ApplicationFault) {
  const { exception, cfsr, hfsr, sfsr, mmfar, bfar, sfar } = fault
  const { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12 } = fault.registers
  const { sp, lr, pc, xpsr } = fault.registers
  const registers = [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, sp, lr, pc, xpsr]
  const floatRegisters = [...(fault.floats ?? [])]
  return { exception, registers, floatRegisters, cfsr, hfsr, sfsr, mmfar, bfar, sfar }
}

/** How much stack a report carries: what the manifest asks for, within the link's limit. */
export function stackBytes(asked: number): number {
  return Math.min(asked, CRASH_STACK_BYTES_MAX)
}
