/** What the rarer instructions do, in ordinary TypeScript. Names are those of `effect-names.ts`. */
import type { EffectName } from './effect-names.ts'
import { type FloatEffectParts, floatEffects } from './float/float-effects.ts'
import type { Protection } from './protection.ts'
import type { SpecialRegisters } from './special-registers.ts'
import type { State } from './state.ts'

export interface EffectParts {
  readonly state: State
  readonly special: SpecialRegisters
  readonly protection: Protection
  /** HardFault, NMI or FAULTMASK of a state are in force. */
  isBelowZero(isSecure: boolean): boolean
  /** After this instruction: SVC. */
  supervisorCall(): void
  /** BKPT; true if it was dealt with. */
  breakpoint(immediate: number): void
  sleep(kind: 'interrupt' | 'event'): void
  sendEvent(): void
  /** SG reached in callable memory: the state becomes Secure. */
  enterSecure(veneer: number): void
  /** BXNS and BLXNS: undefined in the Non-secure state. */
  branchNonSecure(target: number, isCall: boolean): void
  undefined(): void
  noCoprocessor(): void
  readonly float: FloatEffectParts
}

export type Effects = Readonly<Record<EffectName, (a: number, b: number, c: number) => number>>

export function effects(parts: EffectParts): Effects {
  const { state, special, protection } = parts
  const action = (run: (a: number, b: number) => void) => (a: number, b: number) => {
    run(a, b)
    return 0
  }
  return {
    supervisorCall: action(() => parts.supervisorCall()),
    breakpoint: action((immediate) => parts.breakpoint(immediate)),
    readSpecial: (sysm) => special.read(sysm),
    writeSpecial: action((a, value) => special.write(a & 0xff, a >> 8, value)),
    changeProcessorState: action((isDisable, flags) => {
      special.change(isDisable === 1, { i: (flags & 2) !== 0, f: (flags & 1) !== 0 })
    }),
    waitForInterrupt: action(() => parts.sleep('interrupt')),
    waitForEvent: action(() => parts.sleep('event')),
    sendEvent: action(() => parts.sendEvent()),
    secureGateway: action((address) => {
      const isEntry = !state.isSecure && protection.attribution(address >>> 0) === 'callable'
      if (isEntry) parts.enterSecure(address >>> 0)
    }),
    branchNonSecure: action((target) => parts.branchNonSecure(target >>> 0, false)),
    branchLinkNonSecure: action((target) => parts.branchNonSecure(target >>> 0, true)),
    testTarget: (flags, address) => testTarget(parts, flags, address >>> 0),
    undefined: action(() => parts.undefined()),
    coprocessor: action(() => parts.noCoprocessor()),
    ...floatEffects(parts.float),
  }
}

/** TT response word, C2.4 "TT": bit numbers. */
const TT = { MRVALID: 16, SRVALID: 17, R: 18, RW: 19, NSR: 20, NSRW: 21, S: 22 } as const

/** TT, TTT, TTA, TTAT: `flags` bit 1 asks for the other state's MPU, bit 0 for unprivileged. */
function testTarget(parts: EffectParts, flags: number, address: number): number {
  const { state, protection } = parts
  const { isSecure } = state
  if (!isSecure && (flags & 2) !== 0) {
    parts.undefined()
    return 0
  }
  const asSecure = isSecure && (flags & 2) === 0
  const isPrivileged = (flags & 1) === 0 && state.isPrivileged
  const isBelowZero = parts.isBelowZero(asSecure)
  const who = { isSecure: asSecure, isPrivileged, isBelowZero }
  // The MPU of the own state answers privileged code only.
  const mayAsk = state.isPrivileged || (flags & 2) !== 0
  const mpu = asSecure ? protection.mpu.secure : protection.mpu.nonSecure
  const region = mayAsk && protection.isMpuOn(asSecure) ? mpu.find(address) : -1
  const allows = (purpose: 'read' | 'write') =>
    mayAsk && protection.mpuAllows(address, purpose, who)
  let word = region >= 0 ? region | (1 << TT.MRVALID) : 0
  if (allows('read')) word |= 1 << TT.R
  if (allows('write')) word |= 1 << TT.RW
  if (!isSecure) return word >>> 0
  const isNonSecure = protection.attribution(address) === 'non-secure'
  const sauRegion = protection.sau.find(address)
  if (sauRegion >= 0) word |= (sauRegion << 8) | (1 << TT.SRVALID)
  if (isNonSecure && allows('read')) word |= 1 << TT.NSR
  if (isNonSecure && allows('write')) word |= 1 << TT.NSRW
  return (isNonSecure ? word : word | (1 << TT.S)) >>> 0
}
