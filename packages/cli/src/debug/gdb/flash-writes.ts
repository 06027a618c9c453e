/**
 * `load` into flash: GDB erases and writes in pieces of its own; once it says that it is done, the
 * device gets whole pages, all at once.
 */
import { Refusal } from '../debug-client.ts'
import type { TargetFlash } from '../target-flash.ts'

const PAGE_BYTES = 8192
/** What may be loaded at once: the whole flash of the application. */
const LOAD_BYTES_MAX = 1_048_576

export class FlashWrites {
  readonly #flash: TargetFlash
  readonly #pages = new Map<number, Uint8Array>()

  constructor(flash: TargetFlash) {
    this.#flash = flash
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

  finish(): Promise<void> {
    const pages = [...this.#pages].sort(([a], [b]) => a - b)
    this.#pages.clear()
    return this.#flash.program(pages.map(([address, data]) => ({ address, data })))
  }
}
