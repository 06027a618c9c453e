/**
 * What lies behind the commands of a serial NOR flash: cells, status registers, write enable, block
 * protection, and how long things take.
 */
import type { NorType } from './nor-flash-types.ts'
import { SparseMemory } from './sparse-memory.ts'

const PAGE_BYTES = 256
const WEL = 2
/** Block protection, from bit 2 of the first status register. */
const BP_SHIFT = 2
const STATUS_REGISTERS = 3

interface CellOptions {
  readonly image: Uint8Array
  seconds(): number
}

export class NorCells {
  readonly #type: NorType
  readonly #options: CellOptions
  readonly #memory: SparseMemory
  /** Without WIP and WEL. */
  readonly #status = new Uint8Array(STATUS_REGISTERS)
  #isEnabled = false
  #busyUntil = 0
  programs = 0
  erases = 0

  constructor(type: NorType, options: CellOptions) {
    this.#type = type
    this.#options = options
    this.#memory = new SparseMemory(type.bytes, options.image, 0xff)
    if (type.quadEnable !== undefined) this.#status[1] = 1 << type.quadEnable
  }

  powerUp(): void {
    this.reset()
    this.#busyUntil = 0
  }

  reset(): void {
    this.#isEnabled = false
    this.#busyUntil = Math.min(this.#busyUntil, this.#options.seconds())
  }

  get isBusy(): boolean {
    return this.#options.seconds() < this.#busyUntil
  }

  get isQuadEnabled(): boolean {
    const { quadEnable } = this.#type
    return quadEnable === undefined || ((this.#status[1]! >> quadEnable) & 1) === 1
  }

  read(address: number): number {
    return this.#memory.read(address % this.#type.bytes)
  }

  status(register: number): number {
    const stored = this.#status[register] ?? 0
    if (register !== 0) return stored
    return stored | Number(this.isBusy) | (this.#isEnabled ? WEL : 0)
  }

  enable(isEnabled: boolean): void {
    if (!this.isBusy) this.#isEnabled = isEnabled
  }

  /** False where writing is not enabled; it is not any more afterwards. */
  takeEnable(): boolean {
    const wasEnabled = this.#isEnabled
    this.#isEnabled = false
    return wasEnabled
  }

  /** The bytes of one page, going round at its end; the last 256 count. */
  program(address: number, data: readonly number[]): void {
    const at = address % this.#type.bytes
    const page = at - (at % PAGE_BYTES)
    if (data.length === 0 || !this.#mayChange(page, PAGE_BYTES)) return
    const first = Math.max(0, data.length - PAGE_BYTES)
    for (const [n, byte] of data.entries()) {
      if (n < first) continue
      const cell = page + ((at + n) % PAGE_BYTES)
      this.#memory.write(cell, this.#memory.read(cell) & byte)
    }
    this.programs++
    this.#busy(this.#type.seconds.program)
  }

  erase(address: number, bytes: number): void {
    const from = (address % this.#type.bytes) - (address % bytes)
    if (!this.#mayChange(from, bytes)) return
    this.#memory.fill(from, bytes, 0xff)
    this.erases++
    this.#busy(this.#type.seconds.erase[bytes] ?? 0)
  }

  eraseAll(): void {
    if (!this.#mayChange(0, this.#type.bytes)) return
    this.#memory.fill(0, this.#type.bytes, 0xff)
    this.erases++
    this.#busy(this.#type.seconds.eraseChip)
  }

  /** One register; the first takes the second along when two bytes come. */
  writeStatus(register: number, data: readonly number[]): void {
    if (data.length === 0 || !this.takeEnable()) return
    const keepsBusy = register === 0 ? 0xfc : 0xff
    this.#status[register] = data[0]! & keepsBusy
    if (register === 0 && data[1] !== undefined) this.#status[1] = data[1]
    this.#busy(this.#type.seconds.status)
  }

  #mayChange(from: number, bytes: number): boolean {
    return this.takeEnable() && !this.#isProtected(from, bytes)
  }

  /** The upper end is protected, or with TB the lower one: a unit, doubled with each step. */
  #isProtected(from: number, bytes: number): boolean {
    const { protectBits, protectUnitBytes, bytes: size } = this.#type
    const level = (this.#status[0]! >> BP_SHIFT) & (2 ** protectBits - 1)
    if (level === 0) return false
    const isAll = level === 2 ** protectBits - 1
    const length = isAll ? size : Math.min(size, protectUnitBytes * 2 ** (level - 1))
    const isBottom = ((this.#status[0]! >> (BP_SHIFT + protectBits)) & 1) === 1
    return isBottom ? from < length : from + bytes > size - length
  }

  #busy(seconds: number): void {
    this.#busyUntil = this.#options.seconds() + seconds
  }
}
