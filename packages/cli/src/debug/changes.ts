/** Changes of registers and SRAM that wait for the application to go on, and leave with it. */

export interface MemoryPart {
  readonly address: number
  readonly data: Uint8Array
}

/** More than this does not wait. */
const KEPT_BACK_BYTES = 16_384

export class Changes {
  readonly #registers = new Set<number>()
  readonly #memory: MemoryPart[] = []
  #bytes = 0

  register(number: number): void {
    this.#registers.add(number)
  }

  memory(part: MemoryPart): void {
    this.#memory.push(part)
    this.#bytes += part.data.length
  }

  get areMany(): boolean {
    return this.#bytes >= KEPT_BACK_BYTES
  }

  /** In the order in which they were made. */
  get parts(): readonly MemoryPart[] {
    return this.#memory
  }

  takeMemory(): MemoryPart[] {
    this.#bytes = 0
    return this.#memory.splice(0)
  }

  /** Numbers. */
  takeRegisters(): number[] {
    const changed = [...this.#registers]
    this.#registers.clear()
    return changed
  }

  clear(): void {
    this.takeMemory()
    this.takeRegisters()
  }
}
