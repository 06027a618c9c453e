/**
 * The honest ledger: every access to something that the real chip has and this one has not, and
 * what it was told. Counted per place and instruction, so that a polling loop is one line.
 */

export type AccessDirection = 'read' | 'write'

export interface UnmodelledAccess {
  readonly peripheral: string
  readonly register: string
  readonly address: number
  readonly direction: AccessDirection
  /** Address of the instruction; 0 where no instruction did it. */
  readonly pc: number
  /** What the last read was answered with or the last write tried to set. */
  value: number
  count: number
  /** What the chip did about it, for people. */
  readonly answer: string
}

/** Beyond this many different places only the total goes on counting. */
export const MAX_UNMODELLED_PLACES = 1024

export class NotModelled {
  readonly #accesses = new Map<string, UnmodelledAccess>()
  #total = 0
  /** Called after every entry. */
  onRecord: () => void = () => {}

  record(access: Omit<UnmodelledAccess, 'count'>): void {
    this.#total++
    const { peripheral, register, address, direction, pc, answer } = access
    const key = `${peripheral} ${register} ${address} ${direction} ${pc} ${answer}`
    const known = this.#accesses.get(key)
    if (known !== undefined) {
      known.count++
      known.value = access.value
    } else if (this.#accesses.size < MAX_UNMODELLED_PLACES) {
      this.#accesses.set(key, { ...access, count: 1 })
    }
    this.onRecord()
  }

  /** Accesses of all kinds, also those that no longer found a line. */
  get total(): number {
    return this.#total
  }

  /** One line a place, in order of first use. */
  get accesses(): readonly Readonly<UnmodelledAccess>[] {
    return [...this.#accesses.values()]
  }
}
