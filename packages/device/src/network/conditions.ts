/**
 * How the networks around a device are: what a person, a scenario or a command may set, and
 * network.json, which keeps it in the device's folder.
 */
import { DeviceError } from '../errors.ts'

/** In the order in which the device prefers them. */
export const interfaceNames = ['ethernet', 'wifi', 'cellular'] as const
export type InterfaceName = (typeof interfaceNames)[number]

export interface InterfaceConditions {
  /** Cable in, access point in range, registered with a mobile network. */
  readonly isUp: boolean
  /** One way. */
  readonly latencyMs: number
  /** Up to so much is added to the latency of each piece. */
  readonly jitterMs: number
  /** Each way; 0: no limit. */
  readonly bytesPerSecond: number
  /** Of a hundred segments, how many have to be sent again; at 100 nothing arrives. */
  readonly lossPercent: number
}

export interface AccessPoint {
  readonly ssid: string
  /** Empty: open. */
  readonly password: string
}

export interface NetworkConditions {
  readonly interfaces: Readonly<Record<InterfaceName, InterfaceConditions>>
  readonly accessPoints: readonly AccessPoint[]
}

const perfect = { isUp: true, latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, lossPercent: 0 }

/** A cable to a perfect network, no access point in range, no SIM. */
export const usualConditions: NetworkConditions = {
  interfaces: { ethernet: perfect, wifi: perfect, cellular: { ...perfect, isUp: false } },
  accessPoints: [],
}

/** The largest value of each number; all are whole and not below 0. */
const conditionLimits = {
  latencyMs: 60_000,
  jitterMs: 60_000,
  bytesPerSecond: 1_000_000_000,
  lossPercent: 100,
} as const
const ACCESS_POINTS_MAX = 32
const SSID_BYTES_MAX = 32
const PASSWORD_BYTES_MAX = 63

/** Parses what network.json holds; throws DeviceError naming what is wrong. */
export function parseConditions(value: unknown): NetworkConditions {
  const { interfaces, accessPoints } = objectOf(value, 'it')
  const given = objectOf(interfaces, 'interfaces')
  const parsed = interfaceNames.map((name) => [name, parseInterface(given[name], name)] as const)
  if (!Array.isArray(accessPoints) || accessPoints.length > ACCESS_POINTS_MAX) {
    throw wrong(`accessPoints has to be a list of at most ${ACCESS_POINTS_MAX}`)
  }
  return {
    interfaces: Object.fromEntries(parsed) as NetworkConditions['interfaces'],
    accessPoints: accessPoints.map(parseAccessPoint),
  }
}

export function checkInterface(name: string, conditions: InterfaceConditions): void {
  parseInterface(conditions, name)
}

function parseInterface(value: unknown, name: string): InterfaceConditions {
  const given = objectOf(value, name)
  if (typeof given.isUp !== 'boolean') throw wrong(`${name}.isUp has to be true or false`)
  const numbers = Object.entries(conditionLimits).map(([key, max]) => {
    const number = given[key]
    const isGood = typeof number === 'number' && number >= 0 && number <= max
    if (!isGood) {
      throw wrong(`${name}.${key} is ${JSON.stringify(number)} and has to be from 0 to ${max}`)
    }
    return [key, number] as const
  })
  return { isUp: given.isUp, ...Object.fromEntries(numbers) } as InterfaceConditions
}

function parseAccessPoint(value: unknown): AccessPoint {
  const { ssid, password } = objectOf(value, 'an access point')
  if (typeof ssid !== 'string' || typeof password !== 'string') {
    throw wrong('an access point has an ssid and a password')
  }
  const [ssidBytes, passwordBytes] = [ssid, password].map((text) => Buffer.byteLength(text))
  if (ssidBytes === 0 || ssidBytes! > SSID_BYTES_MAX || passwordBytes! > PASSWORD_BYTES_MAX) {
    throw wrong(
      `access point ${JSON.stringify(ssid)}: an SSID has 1 to ${SSID_BYTES_MAX} bytes, a password up to ${PASSWORD_BYTES_MAX}`,
    )
  }
  return { ssid, password }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw wrong(`${what} has to be an object`)
}

function wrong(what: string): DeviceError {
  return new DeviceError('NETWORK_CONDITIONS_WRONG', `The network's conditions: ${what}.`)
}
