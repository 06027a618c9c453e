/**
 * The private peripheral bus: which register stands at an address, in which state's view.
 * Armv8-M ARM, D1.1.
 *
 * Secure code sees the Secure bank at 0xE000_xxxx and the Non-secure one 0x2_0000 further.
 * Unprivileged accesses fail, but for STIR where CCR.USERSETMPEND allows it. A register that does
 * not exist reads as zero, as most of the space is RES0.
 */
import type { AccessSize } from '../bus.ts'
import type { PrivateRegisters, Requester } from './access.ts'

const ALIAS = 0x2_0000
const STIR = 0xe000_ef00

/** One 32-bit register; `isSecure` is the view. */
export interface PrivateRegister {
  readonly name: string
  read(isSecure: boolean): number
  write?(value: number, isSecure: boolean): void
  /** Bits that a write of ones clears: parts of the word that are not written must be zeros. */
  readonly clearsByOnes?: boolean
}

export type Entry = readonly [address: number, register: PrivateRegister]

export type RegisterMap = ReadonlyMap<number, PrivateRegister>

export class PrivateBus implements PrivateRegisters {
  readonly #registers: RegisterMap
  readonly #userMaySetPending: (isSecure: boolean) => boolean

  constructor(registers: RegisterMap, userMaySetPending: (isSecure: boolean) => boolean) {
    this.#registers = registers
    this.#userMaySetPending = userMaySetPending
  }

  readAs(address: number, size: AccessSize, who: Requester): number | undefined {
    const place = this.#locate(address, who)
    if (place === undefined) return undefined
    const word = this.#registers.get(place.word)?.read(place.isSecure) ?? 0
    const value = word >>> (8 * (address & 3))
    return size === 4 ? word >>> 0 : value & (size === 2 ? 0xffff : 0xff)
  }

  writeAs(address: number, size: AccessSize, value: number, who: Requester): boolean {
    const place = this.#locate(address, who)
    if (place === undefined) return false
    const register = this.#registers.get(place.word)
    if (register?.write === undefined) return true
    register.write(
      size === 4 ? value >>> 0 : merge(register, place, { address, size, value }),
      place.isSecure,
    )
    return true
  }

  #locate(address: number, who: Requester): { word: number; isSecure: boolean } | undefined {
    const word = (address & ~3) >>> 0
    if (!who.isPrivileged && !(word === STIR && this.#userMaySetPending(who.isSecure))) {
      return undefined
    }
    const isAlias = word >= 0xe002_0000 && word < 0xe003_0000
    if (isAlias && !who.isSecure) return { word: 0, isSecure: false }
    return isAlias ? { word: word - ALIAS, isSecure: false } : { word, isSecure: who.isSecure }
  }
}

function merge(
  register: PrivateRegister,
  { isSecure }: { isSecure: boolean },
  { address, size, value }: { address: number; size: AccessSize; value: number },
): number {
  const shift = 8 * (address & 3)
  const mask = (size === 2 ? 0xffff : 0xff) << shift
  const kept = register.clearsByOnes ? 0 : register.read(isSecure) & ~mask
  return (kept | ((value << shift) & mask)) >>> 0
}
