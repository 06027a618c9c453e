/**
 * The step `network`: how the interfaces that face the cloud are, by name; without a name it is about
 * Ethernet. `up`, `down`, or what the way is like.
 */
import { readQuantity } from '../board/quantities.ts'
import { describe, type Located, refuseUnknown } from '../board/yaml-reader.ts'
import {
  type AccessPoint,
  type InterfaceConditions,
  type InterfaceName,
  interfaceNames,
} from '../network/conditions.ts'
import { act, needs, type Verb } from './verb.ts'

type Change = Partial<InterfaceConditions>

const LATENCY = { unit: 's', min: 0, max: 60 } as const
const KILOBYTES = { unit: '', min: 0.001, max: 1_000_000 } as const
const LOSS = { unit: '%', min: 0, max: 100 } as const

/** How each quality is read, and what it changes. */
const qualities: Readonly<Record<string, (value: Located) => Change>> = {
  latency: (value) => ({ latencyMs: (readQuantity(value, '`latency`', LATENCY) ?? 0) * 1000 }),
  jitter: (value) => ({ jitterMs: (readQuantity(value, '`jitter`', LATENCY) ?? 0) * 1000 }),
  rate: (value) => ({ bytesPerSecond: (readQuantity(value, '`rate`', KILOBYTES) ?? 1) * 1000 }),
  loss: (value) => ({ lossPercent: readQuantity(value, '`loss`', LOSS) ?? 0 }),
}
const better = { latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, lossPercent: 0 }

const ACCESS_POINTS = 'access points'

export const networkVerb: Verb = {
  about:
    'the connection of the microvisor: `up`, `down`, or `{ latency: 300 ms, jitter: 50 ms, rate: 2, loss: 5 % }` with the rate in kB/s and what is not named perfect; of Ethernet, or by interface: `{ ethernet: down, wifi: up, cellular: { latency: 80 ms } }`; `{ access points: { home: secret } }` for Wi-Fi',
  example: 'network: down',
  takes: [],
  read(value) {
    const points: AccessPoint[][] = []
    const changes: [InterfaceName, Change][] = []
    const isByName =
      value.isMap &&
      value.entries('`network`').some(({ key }) => isName(key) || key === ACCESS_POINTS)
    if (!isByName) changes.push(['ethernet', readChange(value)])
    for (const { key, keyNode, value: one } of isByName ? value.entries('`network`') : []) {
      if (key === ACCESS_POINTS) points.push(readAccessPoints(one))
      else if (isName(key)) changes.push([key, readChange(one)])
      else refuseUnknown('interface', keyNode, [...interfaceNames, ACCESS_POINTS])
    }
    return act(({ world }) => {
      const network = needs(world.network, 'network')
      for (const list of points) network.setAccessPoints(list)
      for (const [name, change] of changes) network.set(name, change)
    })
  },
}

function isName(key: string): key is InterfaceName {
  return (interfaceNames as readonly string[]).includes(key)
}

function readChange(value: Located): Change {
  if (!value.isMap) {
    if (['up', 'down'].includes(value.text)) return { isUp: value.text === 'up' }
    refuseUnknown('network', value, ['up', 'down'])
    return {}
  }
  const parts = value.entries('`network`').map(({ key, keyNode, value: content }) => {
    const read = Object.hasOwn(qualities, key) ? qualities[key] : undefined
    if (read !== undefined) return read(content)
    refuseUnknown('quality', keyNode, Object.keys(qualities))
    return {}
  })
  return Object.assign({}, better, ...parts) as Change
}

function readAccessPoints(value: Located): AccessPoint[] {
  return value.entries(`\`${ACCESS_POINTS}\``).map(({ key, value: password }) => {
    if (password.scalar === undefined) {
      password.refuse(`A password is a text, empty for an open network, not ${describe(password)}.`)
    }
    return { ssid: key, password: String(password.scalar ?? '') }
  })
}
