/** The networks around a virtual device of this machine: shown and changed. */
import {
  type AccessPoint,
  changeNetwork,
  type InterfaceConditions,
  type InterfaceName,
  interfaceNames,
  type NetworkConditions,
  readNetwork,
  usualConditions,
} from '@microvisor/device'
import { deviceFolder } from './folders.ts'
import { chooseLocalDevice } from './local-device.ts'
import { table } from './output.ts'

export interface NetworkChange {
  readonly interface: InterfaceName
  readonly isReset: boolean
  /** What is undefined stays. */
  readonly conditions: {
    readonly [Key in keyof InterfaceConditions]: InterfaceConditions[Key] | undefined
  }
  /** SSID[:PASSWORD]; undefined: they stay. */
  readonly accessPoints: readonly string[] | undefined
}

/** Changes them; `restore` puts back what was there. Throws Failure or DeviceError. */
export function changeLocalNetwork(
  place: { readonly data: string; readonly name: string | undefined },
  change: NetworkChange,
) {
  const folder = deviceFolder(place.data, chooseLocalDevice(place.data, place.name))
  const before = readNetwork(folder)
  const wanted = apply(change.isReset ? usualConditions : before, change)
  const isSame = JSON.stringify(wanted) === JSON.stringify(before)
  const after = isSame ? before : changeNetwork(folder, () => wanted)
  return { before, after, restore: () => void changeNetwork(folder, () => before) }
}

function apply(base: NetworkConditions, change: NetworkChange): NetworkConditions {
  const given = Object.entries(change.conditions).filter(([, value]) => value !== undefined)
  const changed = { ...base.interfaces[change.interface], ...Object.fromEntries(given) }
  return {
    interfaces: { ...base.interfaces, [change.interface]: changed },
    accessPoints:
      change.accessPoints?.filter((text) => text !== '').map(accessPoint) ?? base.accessPoints,
  }
}

function accessPoint(text: string): AccessPoint {
  const [ssid = '', ...rest] = text.split(':')
  return { ssid, password: rest.join(':') }
}

export function formatNetwork({ interfaces, accessPoints }: NetworkConditions): string {
  const rows = interfaceNames.map((name) => ({ name, ...interfaces[name] }))
  const shown = table(rows, [
    { title: 'INTERFACE', value: ({ name }) => name },
    { title: 'LINK', value: ({ isUp }) => (isUp ? 'up' : 'down') },
    { title: 'LATENCY', value: ({ latencyMs, jitterMs }) => `${latencyMs} ms + ${jitterMs}` },
    {
      title: 'RATE',
      value: ({ bytesPerSecond }) => (bytesPerSecond === 0 ? 'unlimited' : `${bytesPerSecond} B/s`),
    },
    { title: 'LOSS', value: ({ lossPercent }) => `${lossPercent} %` },
  ])
  const points = accessPoints.map(({ ssid, password }) => `${ssid}${password ? '' : ' (open)'}`)
  return `${shown}\nAccess points in range: ${points.join(', ') || 'none'}`
}
