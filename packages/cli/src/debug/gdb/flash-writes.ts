/**
 * `load` into flash: GDB erases and writes in pieces of its own; once it says that it is done, the
 * device gets the pages that differ, all at once.
 */
import { createHash } from 'node:crypto'
import { Refusal } from '../debug-client.ts'
import type { Target } from '../target.ts'

const PAGE_BYTES = 8192
/** What may be loaded at once: the whole flash of the application. */
const LOAD_BYTES_MAX = 1_048_576

export class FlashWrites {
  readonly #target: Target
  readonly #pages = new Map<number, Uint8Array>()

  constructor(target: Target) {
    this.#target = target
  }

  /** Whole pages, as the memory map told GDB. */
  erase(address: number, length: number): void {
    if (length > LOAD_BYTES_MAX) throw new Refusal(`${length} bytes are more than flash has.`)
    for (let page = address; page < address + length; page += PAGE_BYTES) {
      this.#pages.set(page, new Uint8Array(PAGE_BYTES).fill(0xff))
    }
  }

  write(address: number, data: Uint8Array): void {
    for (let done = 0; done < data.length; ) {
      const at = address + done
      const page = at - (at % PAGE_BYTES)
      const cells = this.#pages.get(page)
      if (cells === undefined)
        throw new Refusal(`The page at 0x${page.toString(16)} was not erased.`)
      const count = Math.min(data.length - done, page + PAGE_BYTES - at)
      cells.set(data.subarray(done, done + count), at - page)
      done += count
    }
  }

  /** Pages that hold what they should already are left alone. */
  async finish(): Promise<void> {
    const pages = [...this.#pages].sort(([a], [b]) => a - b)
    this.#pages.clear()
    const parts = pages.map(([address, data]) => ({ address, data, hash: sha256(data) }))
    const same = new Set((await this.#target.compareFlash(parts)).map(({ address }) => address))
    const others = pages.filter(([address]) => !same.has(address))
    const runs = runsOf(others)
    await Promise.all(runs.map(({ address, bytes }) => this.#target.loadFlash(address, bytes)))
  }
}

function sha256(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest()
}

/** Pages that follow one another, together. */
function runsOf(pages: readonly (readonly [number, Uint8Array])[]) {
  const runs: { address: number; pages: Uint8Array[] }[] = []
  for (const [address, bytes] of pages) {
    const last = runs.at(-1)
    if (last && last.address + last.pages.length * PAGE_BYTES === address) last.pages.push(bytes)
    else runs.push({ address, pages: [bytes] })
  }
  return runs.map(({ address, pages: parts }) => ({ address, bytes: Buffer.concat(parts) }))
}
