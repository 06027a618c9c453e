/**
 * The policies of the application's manifest, as a scenario may set them: named as the options of
 * `microvisor deploy`, with units. What is not named stays as the bundle says, or as in a bundle made
 * without options.
 */
import type { AppPolicies } from '@microvisor/protocol'
import { parseWhole, readQuantity } from '../board/quantities.ts'
import { describe, type Located, refuseUnknown } from '../board/yaml-reader.ts'

interface Policy {
  readonly about: string
  readonly read: (value: Located, name: string) => number | undefined
  readonly apply: (policies: AppPolicies, value: number) => AppPolicies
}

const U32_MAX = 0xffff_ffff

const seconds: Policy['read'] = (value, name) => {
  const read = readQuantity(value, `\`${name}\``, { unit: 's', min: 0, max: U32_MAX })
  return read === undefined ? undefined : Math.ceil(read)
}
const milliseconds: Policy['read'] = (value, name) => {
  const read = readQuantity(value, `\`${name}\``, { unit: 's', min: 0, max: U32_MAX / 1000 })
  return read === undefined ? undefined : Math.round(read * 1000)
}
const whole: Policy['read'] = (value, name) => {
  const read = parseWhole(value.text)
  if (read !== undefined && read <= U32_MAX) return read
  return value.refuse(`\`${name}\` has to be a whole number, not ${describe(value)}.`)
}

export const policyKeys: Readonly<Record<string, Policy>> = {
  'connection-grace-time': {
    about: 'how long to stay connected after the last reason has gone',
    read: seconds,
    apply: (policies, connectionGraceSeconds) => ({
      ...policies,
      connectivity: { ...policies.connectivity, connectionGraceSeconds },
    }),
  },
  'minimum-check-in-time': {
    about: 'connect at least this often; 0 s: stay connected',
    read: seconds,
    apply: (policies, minimumCheckInSeconds) => ({
      ...policies,
      connectivity: { ...policies.connectivity, minimumCheckInSeconds },
    }),
  },
  'maximum-politeness-time': {
    about: "take an update without the application's consent after this wait",
    read: seconds,
    apply: (policies, maximumPolitenessSeconds) => ({
      ...policies,
      update: { ...policies.update, maximumPolitenessSeconds },
    }),
  },
  'minimum-restart-interval': {
    about: 'restart a crashing application no more often than this',
    read: milliseconds,
    apply: (policies, minimumRestartMs) => ({
      ...policies,
      crash: { ...policies.crash, minimumRestartMs },
    }),
  },
  'maximum-restart-interval': {
    about: 'longest wait before an application that crashes again and again is restarted',
    read: milliseconds,
    apply: (policies, maximumRestartMs) => ({
      ...policies,
      crash: { ...policies.crash, maximumRestartMs },
    }),
  },
  'crash-stack-bytes': {
    about: "how much of a crashing application's stack its report has",
    read: whole,
    apply: (policies, includeStackBytes) => ({
      ...policies,
      crash: { ...policies.crash, includeStackBytes },
    }),
  },
}

export function readPolicies(value: Located | undefined): (policies: AppPolicies) => AppPolicies {
  const changes = (value?.entries('`policies`') ?? []).flatMap(({ key, keyNode, value: given }) => {
    const policy = Object.hasOwn(policyKeys, key) ? policyKeys[key] : undefined
    if (policy === undefined) {
      refuseUnknown('policy', keyNode, Object.keys(policyKeys))
      return []
    }
    const read = policy.read(given, key)
    return read === undefined ? [] : [(policies: AppPolicies) => policy.apply(policies, read)]
  })
  return (policies) => changes.reduce((all, change) => change(all), policies)
}
