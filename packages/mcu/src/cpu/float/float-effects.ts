/** What floating-point instructions ask of ordinary TypeScript. */
import type { FloatEffectName } from '../effect-names.ts'
import { CFSR, EXCEPTION, type Fault } from '../faults.ts'
import { WORDS } from '../layout.ts'
import type { State } from '../state.ts'
import type { FloatContext } from './float-context.ts'
import { SoftFloat } from './soft-float.ts'

type Effect = (a: number, b: number, c: number) => number
export type FloatEffects = Readonly<Record<FloatEffectName, Effect>>

export interface FloatEffectParts {
  readonly state: State
  readonly context: FloatContext
  /** The instruction ends in a fault. */
  fail(fault: Fault): void
  /** See `Exceptions`. */
  pendLazyFault(fault: Fault, isReady: boolean, mayHardFault: boolean): boolean
  /** The instruction waits until a pending exception has been handled. */
  preempt(): void
}

/** Of a number as words: the sign bit changed. */
const negated = (bits: number) => (bits ^ 0x8000_0000) >>> 0

export function floatEffects(parts: FloatEffectParts): FloatEffects {
  const { state } = parts
  const soft = new SoftFloat()
  const compute =
    (run: Effect): Effect =>
    (a, b, c) => {
      soft.fpscr = state.get(WORDS.FPSCR)
      const result = run(a >>> 0, b >>> 0, c >>> 0)
      state.set(WORDS.FPSCR, soft.fpscr)
      return result
    }
  const compare = (isSignallingAll: boolean) =>
    compute((a, b) => {
      soft.compare(a, b, isSignallingAll)
      return 0
    })
  return {
    ...contextEffects(parts),
    floatAdd: compute((a, b) => soft.add(a, b)),
    floatSubtract: compute((a, b) => soft.subtract(a, b)),
    floatMultiply: compute((a, b) => soft.multiply(a, b)),
    floatNegatedMultiply: compute((a, b) => negated(soft.multiply(a, b))),
    floatDivide: compute((a, b) => soft.divide(a, b)),
    floatSquareRoot: compute((a) => soft.squareRoot(a)),
    floatMultiplyAdd: compute((d, n, m) => soft.add(d, soft.multiply(n, m))),
    floatMultiplySubtract: compute((d, n, m) => soft.add(d, negated(soft.multiply(n, m)))),
    floatNegatedMultiplyAdd: compute((d, n, m) =>
      soft.add(negated(d), negated(soft.multiply(n, m))),
    ),
    floatNegatedMultiplySubtract: compute((d, n, m) => soft.add(negated(d), soft.multiply(n, m))),
    floatFused: compute((d, n, m) => soft.multiplyAdd(d, n, m)),
    floatMaximum: compute((a, b) => soft.maximum(a, b, false)),
    floatMinimum: compute((a, b) => soft.maximum(a, b, true)),
    floatCompare: compare(false),
    floatCompareSignalling: compare(true),
    floatRound: compute((a, rounding, exact) => soft.roundToInteger(a, rounding, exact === 1)),
    ...conversions(soft, compute),
  }
}

function contextEffects(parts: FloatEffectParts) {
  const { state, context } = parts
  const action = (run: (a: number) => Fault | undefined): Effect => {
    return (a) => {
      const fault = run(a >>> 0)
      if (fault) parts.fail(fault)
      return 0
    }
  }
  const prepare = () => {
    const verdict = context.prepare((...fault) => parts.pendLazyFault(...fault))
    if (verdict === 'preempted') parts.preempt()
    return typeof verdict === 'string' ? undefined : verdict
  }
  /** VLSTM and VLLDM: Secure only, and nothing to do without a Secure context. */
  const lazily = (transfer: (address: number) => Fault | undefined) =>
    action((address) => {
      if (!state.isSecure) return UNDEFINED
      return context.isSecureIdle ? undefined : transfer(address)
    })
  return {
    prepareFloat: action(prepare),
    undefinedFloat: action(() => context.refusal ?? UNDEFINED),
    saveSecureFloat: lazily((address) => context.saveSecure(address)),
    loadSecureFloat: lazily((address) => context.loadSecure(address)),
  }
}

const UNDEFINED: Fault = { exception: EXCEPTION.usageFault, syndrome: CFSR.UNDEFINSTR }

/** `how`: rounding in bits [2:0], bit 3 for signed, bit 4 for 16 bits. */
function conversions(soft: SoftFloat, compute: (run: Effect) => Effect) {
  return {
    floatToFixed: compute((a, fraction, how) => {
      const to = { fraction, bits: how & 16 ? 16 : 32, isSigned: (how & 8) !== 0 }
      return soft.toFixed(a, to, how & 7)
    }),
    floatFromFixed: compute((value, fraction, how) =>
      soft.fromFixed(how & 8 ? value | 0 : value, fraction, how & 7),
    ),
    halfToSingle: compute((half) => soft.halfToSingle(half)),
    singleToHalf: compute((a) => soft.singleToHalf(a)),
  }
}
