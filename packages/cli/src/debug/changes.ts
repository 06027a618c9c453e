/** Changes of registers and SRAM that wait for the application to go on, and leave with it. */
import { DEBUG_BLOCK_BYTES_MAX } from '@microvisor/protocol'

export interface MemoryPart {
  readonly address: number
  readonly data: Uint8Array
}

/** So much does not wait any longer. */
const KEPT_BACK_BYTES = DEBUG_BLOCK_BYTES_MAX

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

/** Parts that follow one another, as one. */
export function joined(parts: readonly MemoryPart[]): MemoryPart[] {
  const runs: { address: number; end: number; data: Uint8Array[] }[] = []
  for (const { address, data } of parts) {
    const last = runs.at(-1)
    if (last?.end === address) {
      last.data.push(data)
      last.end += data.length
    } else runs.push({ address, end: address + data.length, data: [data] })
  }
  return runs.map(({ address, data }) => ({ address, data: Buffer.concat(data) }))
}
