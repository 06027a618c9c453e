/**
 * Memory in quantity on its way to SRAM: GDB's `load` of a program that runs there. Compressed; and
 * where something was loaded before, the device is asked first what is still there of it.
 */
import { type Blocks, inBlocks, sha256 } from './blocks.ts'
import { joined, type MemoryPart } from './changes.ts'
import { type Ask, Refusal } from './debug-client.ts'

/** Less than this goes as it is. */
const BLOCK_BYTES_MIN = 1024
/** Blocks that are remembered: more than all of SRAM. */
const REMEMBERED_MAX = 64

interface Pending extends MemoryPart {
  readonly handedOver: Promise<void>
}

export class TargetSram {
  readonly #blocks: Blocks
  readonly #ask: Ask
  /** By address, what was last sent there. */
  readonly #remembered = new Map<number, Uint8Array>()
  /** What the device is still asked about. */
  readonly #pending = new Set<Pending>()
  readonly #answers: Promise<unknown>[] = []

  constructor(blocks: Blocks, ask: Ask) {
    this.#blocks = blocks
    this.#ask = ask
  }

  /** Nobody waits for it: `written` tells how it went. */
  send(changes: readonly MemoryPart[]): void {
    for (const part of joined(changes).flatMap(inBlocks)) {
      const before = [...this.#pending].filter((other) => overlap(other, part))
      const pending = { ...part, handedOver: this.#handOver(part, before) }
      this.#pending.add(pending)
      void pending.handedOver.then(() => this.#pending.delete(pending))
    }
  }

  /** As `send`, unless it is little: then it is given back. */
  sendMost(changes: MemoryPart[]): MemoryPart[] {
    if (!joined(changes).some(isMuch)) return changes
    this.send(changes)
    return []
  }

  /** Resolves when all is on its way: what is asked from here on comes behind it. */
  async handedOver(): Promise<void> {
    await Promise.all([...this.#pending].map((each) => each.handedOver))
  }

  /** Throws Refusal, once, if something could not be written. */
  async written(): Promise<void> {
    await this.handedOver()
    try {
      await Promise.all(this.#answers.splice(0))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Refusal(`What was loaded into SRAM is not all there: ${why}`)
    }
  }

  async #handOver(part: MemoryPart, before: readonly Pending[]): Promise<void> {
    await Promise.all(before.map((each) => each.handedOver))
    if (!isMuch(part)) {
      this.#await(this.#ask({ case: 'writeMemory', value: { contents: [part] } }, 'done'))
      return
    }
    const base = this.#remember(part)
    if (base === undefined) {
      this.#await(this.#blocks.write(part))
      return
    }
    try {
      const [now, old] = await this.#blocks.hashes([part, base])
      if (sha256(part.data).equals(now!)) return
      const isThere = sha256(base.data).equals(old!)
      this.#await(this.#blocks.write(part, isThere ? base : undefined))
    } catch (error) {
      this.#await(Promise.reject(error))
    }
  }

  #await(answer: Promise<unknown>): void {
    answer.catch(() => undefined)
    this.#answers.push(answer)
  }

  /** What was last sent to the same address. */
  #remember({ address, data }: MemoryPart): MemoryPart | undefined {
    const before = this.#remembered.get(address)
    this.#remembered.delete(address)
    this.#remembered.set(address, data)
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > REMEMBERED_MAX) this.#remembered.delete(oldest!)
    return before && { address, data: before }
  }
}

function isMuch({ data }: MemoryPart): boolean {
  return data.length >= BLOCK_BYTES_MIN
}

function overlap(a: MemoryPart, b: MemoryPart): boolean {
  return a.address < b.address + b.data.length && b.address < a.address + a.data.length
}
