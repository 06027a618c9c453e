/**
 * One test case under construction: which registers its instructions use and write, and which
 * must hold a certain value for an address to come out right.
 */
import type { Operands } from '../../packages/mcu/src/cpu/table/row.ts'
import type { Poke } from './image.ts'
import { SCRATCH, SCRATCH_BYTES, SPARES } from './layout.ts'
import type { Random } from './random.ts'

export const SP = 13
const LR = 14

/** Operands that a row gives for registers it writes, whatever else they are. */
const DESTINATIONS = ['d', 'low', 'high']

const MAX_POKES = 2

export class Draft {
  readonly random: Random
  readonly used = new Set<number>()
  readonly written = new Set<number>()
  readonly pokes: Poke[] = []
  monitor = 0
  /** SP holds anything: no exception may be taken any more. */
  isStackLost = false
  /** Base register of a load exclusive, which has no offset. */
  reserved: number | undefined
  /** An instruction has stored something: pokes may be gone. */
  hasStored = false
  readonly #values = new Map<number, number>()

  constructor(random: Random) {
    this.random = random
  }

  /** True if the register has its first value at this point of the case and it is still open. */
  isOpen(register: number): boolean {
    return !this.#values.has(register) && !this.written.has(register)
  }

  fix(register: number, value: number): void {
    this.#values.set(register, value >>> 0)
  }

  /** The value of a register that is not written before; chosen now if it is open. */
  valueOf(register: number): number | undefined {
    if (this.written.has(register)) return undefined
    let value = this.#values.get(register)
    if (value === undefined) {
      value = register === SP ? stackPointer(this.random) : this.random.operand()
      this.fix(register, value)
    }
    return value
  }

  /** Puts a word into the scratch memory that a later instruction relies on; false if it cannot. */
  poke(address: number, value: number): boolean {
    this.pokes.push({ address, value })
    return this.pokes.length <= MAX_POKES && !this.hasStored
  }

  /** Takes note of what an instruction touches. */
  note(operands: Operands, writesTransferred: boolean): void {
    for (const [name, operand] of Object.entries(operands)) {
      if (typeof operand !== 'object' || !('number' in operand)) continue
      if (operand.kind === 'single') continue
      this.used.add(operand.number)
      const isDestination =
        DESTINATIONS.includes(name) || (writesTransferred && (name === 't' || name === 'u'))
      if (!isDestination) continue
      this.written.add(operand.number)
      if (operand.number === SP) this.isStackLost = true
    }
    if ('link' in operands) this.#write(LR)
    for (const register of listed(operands)) {
      this.used.add(register)
      if (writesTransferred) this.written.add(register)
    }
    const base = operands.n
    if (movesBase(operands) && typeof base === 'object' && 'number' in base)
      this.#write(base.number)
  }

  #write(register: number): void {
    this.used.add(register)
    this.written.add(register)
  }

  /** r0 to r12, LR, SP. */
  registers(): number[] {
    return [...Array(SP).keys(), LR, SP].map(
      (register) => this.#values.get(register) ?? this.#freshValue(register),
    )
  }

  #freshValue(register: number): number {
    return register === SP ? stackPointer(this.random) : this.random.operand()
  }

  /** A register that no instruction of the case touches. */
  spare(): string | undefined {
    const free = SPARES.filter((_, at) => !this.used.has(at === SPARES.length - 1 ? LR : at))
    return free.length === 0 ? undefined : this.random.pick(free)
  }
}

function movesBase(operands: Operands): boolean {
  return operands.writeBack === true || operands.index === 'pre' || operands.index === 'post'
}

/** Registers in the list of a load or store of several, without the PC. */
export function listed(operands: Operands): number[] {
  const { list } = operands
  if (typeof list !== 'object' || !('value' in list)) return []
  return [...Array(15).keys()].filter((register) => (list.value >> register) & 1)
}

/** In the middle of the scratch memory, with room for an exception frame. */
function stackPointer(random: Random): number {
  return SCRATCH + SCRATCH_BYTES / 2 + 4 * random.between(-16, 16)
}
