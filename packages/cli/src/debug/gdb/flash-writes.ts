/**
 * `load` into flash: GDB erases and writes in pieces of its own; the device is asked for whole pages
 * and whole units once GDB says that it is done.
 */
import { Refusal } from '../debug-client.ts'
import type { Target } from '../target.ts'

const PAGE_BYTES = 8192
/** Bytes programmed with one request. */
const PROGRAM_BYTES = 32_768
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

  async finish(): Promise<void> {
    const pages = [...this.#pages].sort(([a], [b]) => a - b)
    this.#pages.clear()
    for (const { address, bytes } of runsOf(pages)) {
      await this.#target.eraseFlash(address, bytes.length)
      for (let at = 0; at < bytes.length; at += PROGRAM_BYTES) {
        await this.#target.programFlash(address + at, bytes.subarray(at, at + PROGRAM_BYTES))
      }
    }
  }
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
