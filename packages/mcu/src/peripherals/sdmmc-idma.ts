/**
 * The internal DMA of an SDMMC: bytes between the bus and memory, in one buffer or in a linked list
 * of them. RM0456, "Internal direct memory access (IDMA)" of the SDMMC.
 */
import { BusFault } from '../bus.ts'
import type { RegisterFile } from '../registers.ts'
import type { SystemBus } from '../wiring.ts'
import type { sdmmcLayout } from './sdmmc-layout.ts'

const MASTER = { isSecure: false, isPrivileged: true, pc: 0 } as const
/** A node: IDMALAR, IDMABASER, IDMABSIZER. */
const NODE = { base: 4, size: 8 } as const
const ULA = 0x8000_0000
const ULS = 0x4000_0000
const LINK_MASK = 0xfffc

export class SdmmcIdma {
  readonly #registers: RegisterFile<typeof sdmmcLayout>
  readonly #memory: () => SystemBus
  /** A buffer of the list is used up. */
  readonly #bufferDone: () => void
  #address = 0
  #left = Infinity

  constructor(
    registers: RegisterFile<typeof sdmmcLayout>,
    memory: () => SystemBus,
    bufferDone: () => void,
  ) {
    this.#registers = registers
    this.#memory = memory
    this.#bufferDone = bufferDone
  }

  get isOn(): boolean {
    return this.#registers.is('IDMACTRLR', 'IDMAEN')
  }

  /** A transfer begins. */
  begin(): void {
    this.#address = this.#registers.get('IDMABASER')
    this.#left = this.#isList ? this.#bufferBytes : Infinity
  }

  /** False where the bus refused. */
  store(bytes: Uint8Array): boolean {
    return bytes.every((byte) => {
      this.#memory().write(this.#address, 1, byte, MASTER)
      return this.#advance()
    })
  }

  /** Undefined where the bus refused. */
  load(count: number): Uint8Array | undefined {
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; at++) {
      bytes[at] = this.#memory().read(this.#address, 1, MASTER)
      if (!this.#advance()) return undefined
    }
    return bytes
  }

  get #isList(): boolean {
    return this.#registers.is('IDMACTRLR', 'IDMABMODE')
  }

  get #bufferBytes(): number {
    return this.#registers.get('IDMABSIZER', 'IDMABNDT') * 32
  }

  #advance(): boolean {
    if (this.#memory().fault !== BusFault.none) return false
    this.#address++
    return --this.#left > 0 || this.#next()
  }

  /** The next node of the list, or the end of it. */
  #next(): boolean {
    const r = this.#registers
    this.#bufferDone()
    const link = r.get('IDMALAR')
    if ((link & ULA) === 0) {
      this.#left = Infinity
      return true
    }
    const node = r.get('IDMABAR') + (link & LINK_MASK)
    const word = (offset: number) => this.#memory().read(node + offset, 4, MASTER)
    r.setAll('IDMABASER', word(NODE.base))
    if ((link & ULS) !== 0) r.setAll('IDMABSIZER', word(NODE.size))
    r.setAll('IDMALAR', word(0))
    this.begin()
    return this.#memory().fault === BusFault.none
  }
}
