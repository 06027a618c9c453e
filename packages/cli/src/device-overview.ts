/** What the folder of a virtual device says about it, for people. */
import {
  type DeviceOverview,
  type EnergyReport,
  energyStates,
  readDeviceOverview,
} from '@microvisor/device'
import { describeFault, formatWord } from '@microvisor/protocol'
import { deviceFolder } from './folders.ts'
import { chooseLocalDevice, localDevices } from './local-device.ts'
import { facts, table } from './output.ts'

export interface LocalDevice extends DeviceOverview {
  readonly name: string
  readonly folder: string
}

export function readLocalDevice(data: string, given: string | undefined): LocalDevice {
  const name = chooseLocalDevice(data, given)
  const folder = deviceFolder(data, name)
  return { name, folder, ...readDeviceOverview(folder) }
}

export function listLocalDevices(data: string): LocalDevice[] {
  return localDevices(data).map((name) => readLocalDevice(data, name))
}

/** `running`, `stopped`, `locked down`, ... */
export function deviceState({ status, runningPid }: DeviceOverview): string {
  const state = status?.state ?? 'stopped'
  const isLeftOver = state === 'running' && runningPid === undefined
  return isLeftOver ? 'stopped' : state.replaceAll('-', ' ')
}

export function formatOverview(device: LocalDevice, batteryMah: number): string {
  const { status, report } = device
  const parts = [facts(overviewRows(device))]
  const { lastCrash } = status ?? {}
  if (lastCrash) {
    const { exception, pc, lr, microseconds } = lastCrash
    parts.push(
      `Last crash\n${facts([
        ['  exception', exception],
        ['  PC', formatWord(pc)],
        ['  LR', formatWord(lr)],
        ['  cause', describeFault(lastCrash) || '-'],
        ['  time', `${(microseconds / 1e6).toFixed(6)} s after the kernel started`],
      ])}`,
    )
  }
  if (report) parts.push(formatReport(report), formatEnergy(report.energy, batteryMah))
  return parts.join('\n\n')
}

function overviewRows(device: LocalDevice): [string, string | number | undefined][] {
  const { record, status, runningPid } = device
  const isRunning = runningPid !== undefined
  const lockDown = status?.lockDown
  return [
    ['name', device.name],
    ['sid', record.sid],
    ['account', record.accountSid],
    ['folder', device.folder],
    ['state', deviceState(device)],
    ...(lockDown && deviceState(device) === 'locked down'
      ? ([['reason', `${lockDown.reason}: ${lockDown.detail}`]] as [string, string][])
      : []),
    ['process', runningPid],
    ['kernel', status?.kernelVersionText],
    ['last reset', status?.resetCause],
    ['application', isRunning ? status?.application : 'stopped'],
    ['gateway', `${record.gateway.host}:${record.gateway.port}`],
    ['link', isRunning ? status?.link.state : 'off'],
    ['interface', isRunning ? status?.link.interface : undefined],
    ['last link error', status?.link.lastError],
    ['kernel failure', status?.kernelFailure?.split('\n', 1)[0]],
    ['as of', status?.updated],
  ]
}

function formatEnergy(energy: EnergyReport, batteryMah: number): string {
  const { microseconds, averageMicroamperes } = energy
  const rows = energyStates.filter((state) => microseconds[state] > 0)
  const shown = table(rows, [
    { title: 'STATE', value: (state) => state },
    { title: 'SECONDS', value: (state) => (microseconds[state] / 1e6).toFixed(3) },
  ])
  const days = (batteryMah * 1000) / averageMicroamperes / 24
  const life = averageMicroamperes > 0 ? `${days.toFixed(1)} days` : '-'
  const average = `${averageMicroamperes.toFixed(1)} uA`
  return `Energy since power-up: ${average} on average; ${batteryMah} mAh last about ${life}\n${shown}`
}

function formatReport(report: NonNullable<DeviceOverview['report']>): string {
  const { accesses, totalAccesses, microvisor } = report
  const calls = Object.entries(microvisor)
  if (accesses.length === 0 && calls.length === 0) {
    return 'Nothing was used that is not modelled.'
  }
  const parts = []
  if (accesses.length > 0) {
    const rows = table(accesses, [
      { title: 'ADDRESS', value: ({ address }) => formatWord(address) },
      { title: 'REGISTER', value: ({ peripheral, register }) => `${peripheral}_${register}` },
      { title: 'ACCESS', value: ({ direction }) => direction },
      { title: 'PC', value: ({ pc }) => (pc === 0 ? undefined : formatWord(pc)) },
      { title: 'COUNT', value: ({ count }) => count },
      { title: 'ANSWER', value: ({ answer }) => answer },
    ])
    parts.push(`Used and not modelled: ${totalAccesses} accesses\n${rows}`)
  }
  if (calls.length > 0) {
    const rows = table(calls, [
      { title: 'PART OF THE MICROVISOR', value: ([name]) => name },
      { title: 'COUNT', value: ([, count]) => count },
    ])
    parts.push(`Asked for and not there\n${rows}`)
  }
  return parts.join('\n\n')
}
