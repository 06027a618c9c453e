/** What the interpreter calls: decoding, accesses that are not plain, branches, faults, effects. */
import type { Accesses } from './access.ts'
import type { Aftermath } from './aftermath.ts'
import { EFFECTS } from './effect-names.ts'
import { type EffectParts, effects } from './effects.ts'
import type { Exceptions } from './exceptions.ts'
import { CFSR, USAGE_FAULTS } from './faults.ts'
import type { Fetch } from './fetch.ts'
import type { FloatContext } from './float/float-context.ts'
import type { Host } from './interpreter.ts'
import type { State } from './state.ts'

export interface HostParts {
  readonly state: State
  readonly fetch: Fetch
  readonly accesses: Accesses
  readonly aftermath: Aftermath
  readonly exceptions: Exceptions
  readonly float: FloatContext
  readonly effects: Omit<EffectParts, 'float' | 'undefined' | 'noCoprocessor' | 'branchNonSecure'>
}

export function interpreterHost(parts: HostParts): Host {
  const { fetch, accesses, aftermath } = parts
  const abortIfFaulty = () => {
    const fault = accesses.takeFault()
    if (fault) aftermath.fault(fault)
  }
  const named = effects({
    ...parts.effects,
    branchNonSecure: (target, isCall) => aftermath.branchNonSecure(target, isCall),
    undefined: () => aftermath.usageFault(CFSR.UNDEFINSTR),
    noCoprocessor: () => aftermath.usageFault(CFSR.NOCP),
    float: {
      ...{ state: parts.state, context: parts.float },
      fail: (fault) => aftermath.fault(fault),
      pendLazyFault: (...fault) => parts.exceptions.pendLazyFault(...fault),
      preempt: () => aftermath.abort({ kind: 'pending', it: fetch.ownIt }),
    },
  })
  const byNumber = EFFECTS.map((name) => named[name])
  return {
    decode: (ip) => fetch.decode(ip >>> 0),
    load: (address, access) => {
      const value = accesses.load(address >>> 0, access)
      abortIfFaulty()
      return value
    },
    store: (address, access, value) => {
      accesses.store(address >>> 0, access, value)
      abortIfFaulty()
    },
    branch: (value) => aftermath.branch(value >>> 0),
    raise: (fault) => aftermath.usageFault(CFSR[USAGE_FAULTS[fault]!]),
    effect: (effect, a, b, c) => byNumber[effect]!(a, b, c),
  }
}
