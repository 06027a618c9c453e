/** Effects that meanings call for by name; `effects.ts` implements each. */

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
] as const

export type EffectName = (typeof EFFECTS)[number]

export function effectNumber(name: EffectName): number {
  return EFFECTS.indexOf(name)
}
