/**
 * How a device is doing, as anybody may read it while it runs and afterwards: state.json and
 * report.json. Nothing of this decides what the device does.
 */
import type { UnmodelledAccess } from '@microvisor/mcu'
import type { EnergyReport } from '../energy.ts'
import { DeviceError } from '../errors.ts'
import { type DeviceRecord, readDeviceRecord, readJson } from './device-folder.ts'
import { runningOwner } from './lock.ts'

export interface DeviceStatus {
  readonly state: 'running' | 'locked-down' | 'kernel-failed' | 'power-lost' | 'stopped'
  /** With state `locked-down`: the bootrom's reason, and what it found. */
  readonly lockDown: { readonly reason: string; readonly detail: string } | undefined
  readonly kernelVersion: number | undefined
  readonly kernelVersionText: string | undefined
  readonly resetCause: string
  readonly link: {
    readonly state: string
    readonly lastError: string
    /** What carries it: ethernet, wifi, cellular. */
    readonly interface: string | undefined
  }
  readonly application: 'running' | 'stopped'
  readonly lastCrash: CrashSummary | undefined
  /** With state `kernel-failed`: what the kernel died of. */
  readonly kernelFailure: string | undefined
  /** With state `power-lost`: why. */
  readonly powerLoss: string | undefined
  readonly pid: number
  /** ISO 8601. */
  readonly updated: string
}

interface CrashSummary {
  readonly exception: string
  readonly pc: number
  readonly lr: number
  readonly cfsr: number
  readonly hfsr: number
  readonly sfsr: number
  /** Kernel time. */
  readonly microseconds: number
}

/** What was used and does not exist here, and what the device's life has cost. */
export interface DeviceReport {
  readonly accesses: readonly UnmodelledAccess[]
  /** Accesses of all kinds, also those that found no line of their own. */
  readonly totalAccesses: number
  /** Parts of the microvisor, such as system calls, and how often they were asked for. */
  readonly microvisor: Readonly<Record<string, number>>
  /** Since power-up. */
  readonly energy: EnergyReport
}

export interface DeviceOverview {
  readonly record: DeviceRecord
  readonly status: DeviceStatus | undefined
  readonly report: DeviceReport | undefined
  /** Process that runs the device now. */
  readonly runningPid: number | undefined
}

/** Throws DeviceError when the folder holds no device. */
export function readDeviceOverview(folder: string): DeviceOverview {
  return {
    record: readDeviceRecord(folder),
    status: readAside<DeviceStatus>(folder, 'status', 'state'),
    report: readAside<DeviceReport>(folder, 'report', 'accesses'),
    runningPid: runningOwner(folder)?.pid,
  }
}

/** A file that the device does without; what is no such thing counts as missing. */
function readAside<Content>(
  folder: string,
  file: 'status' | 'report',
  key: keyof Content,
): Content | undefined {
  try {
    const value = readJson(folder, file)
    const isContent = typeof value === 'object' && value !== null && key in value
    return isContent ? (value as Content) : undefined
  } catch (error) {
    if (error instanceof DeviceError) return undefined
    throw error
  }
}
