/**
 * Keeps state.json and report.json up to date without writing at every turn: changes are gathered
 * for a moment, and written at once when the device stops.
 */
import type { Stm32u585 } from '@microvisor/mcu'
import type { EnergyAccount } from './energy.ts'
import { writeJson } from './folder/device-folder.ts'
import type { DeviceReport, DeviceStatus } from './folder/device-status.ts'
import type { Host } from './host.ts'

const GATHER_MS = 50
const REPORT_MS = 1000

export class Journal {
  readonly #folder: string
  readonly #host: Host
  readonly #ledger: Stm32u585['notModelled']
  readonly #energy: EnergyAccount
  readonly #microvisor = new Map<string, number>()
  #status: Omit<DeviceStatus, 'pid' | 'updated'> = {
    state: 'running',
    lockDown: undefined,
    kernelVersion: undefined,
    kernelVersionText: undefined,
    resetCause: 'power-on',
    link: { state: 'idle', lastError: '', interface: undefined },
    application: 'stopped',
    lastCrash: undefined,
    kernelFailure: undefined,
    powerLoss: undefined,
  }
  #cancelStatus: (() => void) | undefined
  #cancelReport: (() => void) | undefined
  #isClosed = false

  constructor(folder: string, host: Host, ledger: Stm32u585['notModelled'], energy: EnergyAccount) {
    this.#energy = energy
    this.#folder = folder
    this.#host = host
    this.#ledger = ledger
    ledger.onRecord = () => this.#reportSoon()
    this.#writeReport()
  }

  note(change: Partial<DeviceStatus>): void {
    if (this.#isClosed) return
    this.#status = { ...this.#status, ...change }
    this.#cancelStatus ??= this.#host.after(GATHER_MS, () => this.#writeStatus())
  }

  /** The microvisor was asked for something that it does not have. */
  count(name: string): void {
    this.#microvisor.set(name, (this.#microvisor.get(name) ?? 0) + 1)
    this.#reportSoon()
  }

  /** What comes after is not kept. */
  close(last: Partial<DeviceStatus>): void {
    const { state } = this.#status
    const isFinal = state === 'locked-down' || state === 'power-lost'
    this.note(isFinal ? { ...last, state } : last)
    this.#isClosed = true
    this.#cancelStatus?.()
    this.#cancelReport?.()
    this.#ledger.onRecord = () => {}
    this.#writeStatus()
    this.#writeReport()
  }

  #reportSoon(): void {
    if (!this.#isClosed)
      this.#cancelReport ??= this.#host.after(REPORT_MS, () => this.#writeReport())
  }

  #writeStatus(): void {
    this.#cancelStatus = undefined
    const updated = new Date().toISOString()
    const status: DeviceStatus = { ...this.#status, pid: process.pid, updated }
    writeJson(this.#folder, 'status', status)
    this.#reportSoon()
  }

  #writeReport(): void {
    this.#cancelReport = undefined
    const report: DeviceReport = {
      accesses: this.#ledger.accesses,
      totalAccesses: this.#ledger.total,
      microvisor: Object.fromEntries(this.#microvisor),
      energy: this.#energy.report,
    }
    writeJson(this.#folder, 'report', report)
  }
}
