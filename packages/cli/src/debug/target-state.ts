/**
 * Registers and memory of the halted application, as far as they are known without asking.
 *
 *   (1) What came with the stop is here. What GDB looks at after it is what the next one brings along.
 *   (2) Changes of registers and SRAM are kept back until the application goes on, and leave with it;
 *       much memory leaves at once, and nobody waits for that.
 */
import { DEBUG_MEMORY_BYTES_MAX, type Stopped } from '@microvisor/protocol'
import { Blocks } from './blocks.ts'
import { Changes } from './changes.ts'
import { Checksums } from './checksums.ts'
import type { Ask } from './debug-client.ts'
import type { Outlook } from './foresight.ts'
import { Habits, type Range } from './habits.ts'
import { isFlash, isSram, MemoryCache, rangeAround } from './memory-cache.ts'
import { TargetFlash } from './target-flash.ts'
import { TargetSram } from './target-sram.ts'

const [SP, LR, PC, XPSR] = [13, 14, 15, 16]
const [MSP, PSP, CONTROL] = [17, 18, 21]
const SPSEL = 2
const IPSR = 0x1ff

export interface TargetStateParts {
  readonly ask: Ask
  isRunning(): boolean
}

export class TargetState {
  readonly flash: TargetFlash
  readonly checksums: Checksums
  readonly #parts: TargetStateParts
  readonly #memory = new MemoryCache()
  readonly #registers = new Map<number, number>()
  readonly #changes = new Changes()
  readonly #habits = new Habits()
  readonly #sram: TargetSram

  constructor(parts: TargetStateParts) {
    this.#parts = parts
    const blocks = new Blocks(parts.ask)
    this.flash = new TargetFlash(this.#memory, blocks)
    this.checksums = new Checksums(parts.ask)
    this.#sram = new TargetSram(blocks, parts.ask)
  }

  // Registers

  register(number: number): number | undefined {
    return this.#registers.get(number)
  }

  setRegister(number: number, value: number): void {
    this.#registers.set(number, value >>> 0)
    this.#changes.register(number)
  }

  get place() {
    const [pc, sp, lr] = [PC, SP, LR].map((number) => this.#registers.get(number) ?? 0)
    return { pc: pc!, sp: sp!, lr: lr! }
  }

  // Memory

  /** As much as there is of it. */
  async read(address: number, length: number): Promise<Uint8Array> {
    this.#habits.note(address, length)
    return this.#readAll(address, length)
  }

  /** As `read`, for what the GDB server wants at every stop: it comes with each from here on. */
  readStanding(address: number, length: number): Promise<Uint8Array> {
    this.#habits.stand(address, length)
    return this.#readAll(address, length)
  }

  forgetStanding(): void {
    this.#habits.forgetStanding()
  }

  /** As GDB's `compare-sections` works it out; undefined where memory ends. */
  async checksum(range: Range): Promise<number | undefined> {
    await this.flush()
    return this.checksums.of(range)
  }

  /** True if GDB was told these bytes already, or could be without asking. */
  knows(address: number, length: number): boolean {
    return this.#memory.get(address, length) !== undefined
  }

  /** Of flash, if they are known. */
  codeAt(address: number, length: number): Uint8Array | undefined {
    return isFlash(address) ? this.#memory.get(address, length) : undefined
  }

  /** Of the stack, if it is known. */
  wordAt(address: number): number | undefined {
    const bytes = isSram(address, 4) ? this.#memory.get(address, 4) : undefined
    return bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  }

  async #readAll(address: number, length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let done = 0; done < length; ) {
      const at = address + done
      const part = await this.#readPart(at, Math.min(length - done, DEBUG_MEMORY_BYTES_MAX))
      parts.push(part)
      done += part.length
      if (part.length === 0) break
    }
    return Buffer.concat(parts)
  }

  async #readPart(address: number, length: number): Promise<Uint8Array> {
    const known = this.#memory.get(address, length)
    if (known !== undefined) return known
    const wanted = rangeAround(address, length)
    if (isFlash(address) || isSram(address, length)) await this.#sram.handedOver()
    else await this.flush()
    const { contents } = await this.#parts.ask(
      { case: 'readMemory', value: { ranges: [wanted] } },
      'memoryRead',
    )
    const data = contents[0]?.data ?? new Uint8Array(0)
    this.#memory.put(wanted.address, data)
    for (const change of this.#changes.parts) this.#memory.put(change.address, change.data)
    const from = address - wanted.address
    return this.#memory.get(address, length) ?? data.subarray(from, from + length)
  }

  /** SRAM is changed here and leaves later; everything else is written at once. */
  async write(address: number, data: Uint8Array): Promise<void> {
    const part = { address, data: data.slice() }
    this.checksums.forget()
    if (isSram(address, data.length) && !this.#parts.isRunning()) {
      this.#changes.memory(part)
      this.#memory.put(address, part.data)
      if (this.#changes.areMany) this.#sram.send(this.#changes.takeMemory())
    } else {
      await this.flush()
      await this.#parts.ask({ case: 'writeMemory', value: { contents: [part] } }, 'done')
    }
  }

  /** Sends what was kept back, for what depends on it, and waits until it is done. */
  async flush(): Promise<void> {
    this.#sram.send(this.#changes.takeMemory())
    const registers = this.#takeRegisters()
    if (registers.length > 0) {
      await this.#parts.ask({ case: 'writeRegisters', value: { registers } }, 'done')
    }
    await this.written()
  }

  // Going on, and stops

  /** What the application is to go on with; memory in quantity goes ahead. */
  async takeChanges() {
    const contents = this.#sram.sendMost(this.#changes.takeMemory())
    const registers = this.#takeRegisters()
    await this.#sram.handedOver()
    return { memory: { contents }, registers: { registers } }
  }

  /** Memory that went ahead has been written. Throws Refusal if not. */
  written(): Promise<void> {
    return this.#sram.written()
  }

  takeStop(stop: Stopped): void {
    this.#memory.forgetSram()
    this.checksums.forget()
    this.#changes.clear()
    this.#habits.forget()
    this.takeRegisters(stop.registers)
    for (const { address, data } of stop.memory) this.#memory.put(address, data)
  }

  takeRegisters(registers: Stopped['registers']): void {
    for (const { number, value } of registers) this.#registers.set(number, value)
  }

  /** As it will be when the step is done that was foreseen. */
  foretell({ pc, sp, lr, changed, stored, restored }: Outlook): void {
    for (const number of changed) this.#registers.delete(number)
    for (const { address, length } of stored) this.#memory.forget(address, length)
    for (const [number, value] of restored) this.#registers.set(number, value)
    const isHandler = ((this.#registers.get(XPSR) ?? 0) & IPSR) !== 0
    const isProcessStack = !isHandler && ((this.#registers.get(CONTROL) ?? 0) & SPSEL) !== 0
    this.#registers.set(isProcessStack ? PSP : MSP, sp)
    this.#registers.set(SP, sp)
    this.#registers.set(LR, lr >>> 0)
    this.#registers.set(PC, pc)
  }

  forgetChanges(): void {
    this.#changes.clear()
  }

  /** What the next stop is to bring. */
  get view() {
    return this.#habits.view(this.#registers.get(SP) ?? 0)
  }

  #takeRegisters() {
    const changed = this.#changes.takeRegisters()
    return changed.map((number) => ({ number, value: this.#registers.get(number) ?? 0 }))
  }
}
