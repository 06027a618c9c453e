/**
 * The way most sensors speak I2C: the first byte written is the number of a register, what follows
 * is written to it and the next ones, and a read begins where the pointer stands.
 */
import type { I2cPart } from '../part.ts'

export interface ByteRegisters {
  read(register: number): number
  write(register: number, value: number): void
  /** The pointer after a byte was moved. */
  next(register: number): number
}

export class RegisterPointer implements I2cPart {
  readonly #registers: ByteRegisters
  #pointer = 0
  #expectsPointer = true

  constructor(registers: ByteRegisters) {
    this.#registers = registers
  }

  begin(isRead: boolean): boolean {
    this.#expectsPointer = !isRead
    return true
  }

  write(byte: number): boolean {
    if (this.#expectsPointer) this.#pointer = byte
    else {
      this.#registers.write(this.#pointer, byte)
      this.#pointer = this.#registers.next(this.#pointer)
    }
    this.#expectsPointer = false
    return true
  }

  read(): number {
    const byte = this.#registers.read(this.#pointer)
    this.#pointer = this.#registers.next(this.#pointer)
    return byte
  }

  end(): void {}
}

/** Name to [number, value at power-up, bits that can be written]. */
export type RegisterTable = Readonly<Record<string, readonly [number, number, number]>>

/** Registers of one byte, by name for the model and by number for the bus. */
export class RegisterBytes<Table extends RegisterTable> {
  readonly #table: Table
  readonly #values = new Map<number, number>()
  readonly #masks = new Map<number, number>()

  constructor(table: Table) {
    this.#table = table
    for (const [address, , mask] of Object.values(table)) this.#masks.set(address, mask)
    this.reset()
  }

  reset(): void {
    for (const [address, value] of Object.values(this.#table)) this.#values.set(address, value)
  }

  get(name: keyof Table): number {
    return this.#values.get(this.#table[name][0])!
  }

  is(name: keyof Table, bit: number): boolean {
    return ((this.get(name) >> bit) & 1) === 1
  }

  set(name: keyof Table, value: number): void {
    this.#values.set(this.#table[name][0], value & 0xff)
  }

  /** A register that is not there reads as zero. */
  at(address: number): number {
    return this.#values.get(address) ?? 0
  }

  /** A write from the bus: only bits that can be written change. */
  store(address: number, value: number): void {
    const mask = this.#masks.get(address) ?? 0
    const before = this.at(address)
    if (mask !== 0) this.#values.set(address, (before & ~mask) | (value & mask))
  }
}
