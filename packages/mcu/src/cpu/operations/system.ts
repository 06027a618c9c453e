/** Instructions whose work is done by ordinary TypeScript: see `effects.ts`. */
import { type EffectName, effectNumber } from '../effect-names.ts'
import { type UsageFault, usageFault } from '../faults.ts'
import type { Register, Source } from '../ir/nodes.ts'
import type { Meaning } from '../table/row.ts'

/** An effect that takes up to two numbers from the encoding and gives nothing. */
export interface Call {
  readonly effect: EffectName
  readonly a?: Source
  readonly b?: Source
}

export const call: Meaning<Call> = (b, o) => {
  const inputs = [o.a, o.b].filter((source) => source !== undefined)
  b.effect(effectNumber(o.effect), ...inputs.map((source) => b.read(source)))
}

export interface Query extends Call {
  readonly d: Register
}

export const query: Meaning<Query> = (b, o) => {
  const inputs = [o.a, o.b].filter((source) => source !== undefined)
  const answer = b.effect(effectNumber(o.effect), ...inputs.map((source) => b.read(source)))
  b.write(o.d, answer)
}

export const refuse: Meaning<{ readonly fault: UsageFault }> = (b, o) => {
  b.raise(usageFault(o.fault))
}
