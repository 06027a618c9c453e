/**
 * Threads as GDB sees them: the tasks of a real-time kernel that the program has, or one, the application.
 *
 *   (1) What the processor runs is the current thread; only that one can be stepped, or its registers
 *       changed. Registers of the others are read from their stacks.
 *   (2) Thread 1 is what was running when the kernel became known, so that GDB does not lose the thread
 *       that it has selected.
 *   (3) All that is read here comes with the next stop by itself (`TargetState.readStanding`).
 */
import { StopReason } from '@microvisor/protocol'
import { FreeRtos, type Task } from '../rtos/freertos.ts'
import {
  BLOCK_SAVED_BYTES,
  type Registers,
  SAVED_BYTES,
  switchedOut,
  switchedOutInBlock,
} from '../rtos/switched-out.ts'
import type { Target } from '../target.ts'

const FIRST = 1
/** msp and msplim: there is one main stack. */
const MAIN_STACK: ReadonlySet<number> = new Set([17, 19])
const UNKNOWN_LAYOUT =
  'has FreeRTOS, the tasks of which are laid out as in no version that is known'
/** Beyond this, tasks that are gone are forgotten. */
const NUMBERS_MAX = 1024

export class GdbThreads {
  readonly #target: Target
  readonly #kernel: FreeRtos
  /** TCB addresses to numbers; 0 stands for what runs without a task. */
  readonly #numbers = new Map<number, number>()
  #nextNumber = FIRST
  #current = FIRST
  #selected = FIRST
  #tasks = new Map<number, Task>()
  readonly #registers = new Map<number, Registers>()

  constructor(target: Target) {
    this.#target = target
    this.#kernel = new FreeRtos((address, length) => target.state.readStanding(address, length))
  }

  get current(): number {
    return this.#current
  }

  /** The application has stopped, or begun anew. Not for stops that were only foretold. */
  async stopped(): Promise<void> {
    this.#registers.clear()
    if (this.#target.lastStop?.reason === StopReason.RESTARTED) this.#forget()
    if (this.#kernel.isThere) this.#current = this.#numberOf(await this.#kernel.current())
    this.#selected = this.#current
  }

  /** Numbers of all threads. */
  async list(): Promise<number[]> {
    this.#target.state.forgetStanding()
    const tasks = this.#kernel.isThere ? await this.#kernel.tasks() : undefined
    this.#tasks = new Map(tasks?.map((task) => [this.#numberOf(task.tcb), task]))
    return this.#tasks.size === 0 ? [this.#current] : [...this.#tasks.keys()]
  }

  describe(number: number): string {
    const task = this.#tasks.get(number)
    if (task === undefined) {
      return this.#kernel.isUnknown ? `application; ${UNKNOWN_LAYOUT}` : 'application'
    }
    return `${task.name}: ${task.state}, priority ${task.priority}`
  }

  isAlive(number: number): boolean {
    return number === this.#current || this.#tasks.has(number)
  }

  /** `H`: whose registers are meant from here on. */
  select(text: string): void {
    const number = Number.parseInt(text, 16)
    this.#selected = this.isAlive(number) ? number : this.#current
  }

  /** As `vCont` names threads: none, or a negative number, is any. */
  isCurrent(text = ''): boolean {
    const number = Number.parseInt(text, 16)
    return !(number > 0) || number === this.#current
  }

  /** False for one that is switched out: it can be looked at, no more. */
  get isCurrentSelected(): boolean {
    return this.#selected === this.#current
  }

  /** Of the selected thread. */
  async registers(): Promise<(number: number) => number | undefined> {
    if (this.isCurrentSelected) return (number) => this.#target.state.register(number)
    const known = this.#registers.get(this.#selected) ?? (await this.#readSwitchedOut())
    return (number) =>
      known?.get(number) ??
      (MAIN_STACK.has(number) ? this.#target.state.register(number) : undefined)
  }

  async #readSwitchedOut(): Promise<Registers | undefined> {
    const task = this.#tasks.get(this.#selected)
    if (task === undefined) return undefined
    const { topOfStack, isInBlock } = task
    const read = (at: number, bytes: number) => this.#target.state.read(at, bytes)
    const registers = isInBlock
      ? switchedOutInBlock(await read(topOfStack - BLOCK_SAVED_BYTES, BLOCK_SAVED_BYTES))
      : switchedOut(topOfStack, await read(topOfStack, SAVED_BYTES))
    if (registers !== undefined) this.#registers.set(this.#selected, registers)
    return registers
  }

  /** From the beginning there are no tasks. */
  #forget(): void {
    this.#numbers.clear()
    this.#nextNumber = FIRST
    this.#current = FIRST
    this.#selected = FIRST
    this.#tasks.clear()
  }

  // Symbols

  /** `qSymbol::` and what GDB answers: the next name that is asked for, or that this is all. */
  async symbol(text: string): Promise<string> {
    const [, value = '', name = ''] = /^:([\da-f]*):([\da-f]*)$/i.exec(text) ?? []
    const known = Buffer.from(name, 'hex').toString('latin1')
    if (value !== '') this.#kernel.learn(known, Number.parseInt(value, 16))
    const names = FreeRtos.symbolNames
    const next = names[name === '' ? 0 : names.indexOf(known) + 1]
    // Without the first there is no need to ask for the rest.
    const isOver = next === undefined || (name !== '' && !this.#kernel.hasFirst)
    if (!isOver) return `qSymbol:${Buffer.from(next).toString('hex')}`
    if (this.#kernel.isThere && !this.#target.isRunning) await this.stopped()
    return 'OK'
  }

  #numberOf(tcb: number): number {
    const known = this.#numbers.get(tcb)
    if (known !== undefined) return known
    if (this.#numbers.size >= NUMBERS_MAX) this.#numbers.clear()
    const number = this.#nextNumber++
    this.#numbers.set(tcb, number)
    return number
  }
}
