/** Effects that meanings call for by name; `effects.ts` implements each. */

const FLOAT_EFFECTS = [
  'prepareFloat',
  'undefinedFloat',
  'saveSecureFloat',
  'loadSecureFloat',
  'floatAdd',
  'floatSubtract',
  'floatMultiply',
  'floatNegatedMultiply',
  'floatDivide',
  'floatSquareRoot',
  'floatMultiplyAdd',
  'floatMultiplySubtract',
  'floatNegatedMultiplyAdd',
  'floatNegatedMultiplySubtract',
  'floatFused',
  'floatMaximum',
  'floatMinimum',
  'floatCompare',
  'floatCompareSignalling',
  'floatRound',
  'floatToFixed',
  'floatFromFixed',
  'halfToSingle',
  'singleToHalf',
] as const

export const EFFECTS = [
  'supervisorCall',
  'breakpoint',
  'readSpecial',
  'writeSpecial',
  'changeProcessorState',
  'waitForInterrupt',
  'waitForEvent',
  'sendEvent',
  'secureGateway',
  'branchNonSecure',
  'branchLinkNonSecure',
  'testTarget',
  'undefined',
  'coprocessor',
  ...FLOAT_EFFECTS,
] as const

/** Those of `float/float-effects.ts`. */
export type FloatEffectName = (typeof FLOAT_EFFECTS)[number]
export type EffectName = (typeof EFFECTS)[number]

export function effectNumber(name: EffectName): number {
  return EFFECTS.indexOf(name)
}
