/**
 * The application under the debugger, as the GDB server sees it. It keeps what it knows and asks for
 * as little as it can: a round trip to the device may take 300 ms.
 *
 *   (1) While the application is halted, registers are here, and so is the memory that came with the
 *       stop. What GDB looked at after this stop is what the next one brings along.
 *   (2) Changes of registers and SRAM are kept back until the application goes on, and leave with it.
 *   (3) What GDB does on its way is foreseen where that is certain: see foreknowledge.ts.
 *   (4) After a lost connection the session is taken up again: the device has kept it.
 */
import {
  type Attached,
  DEBUG_MEMORY_BYTES_MAX,
  DEBUG_PROTOCOL_VERSION,
  type DebugRequestInit,
  type Stopped,
  StopReason,
} from '@microvisor/protocol'
import { Changes } from './changes.ts'
import { DebugClient, Refusal } from './debug-client.ts'
import { Foreknowledge, type Passage } from './foreknowledge.ts'
import type { Outlook, StepRange } from './foresight.ts'
import { Habits } from './habits.ts'
import { isFlash, isSram, MemoryCache, rangeAround } from './memory-cache.ts'
import { retry } from './retry.ts'
import { type Answer, type FlashPart, TargetFlash } from './target-flash.ts'
import type { Tunnel } from './tunnel.ts'

type Resume = Extract<DebugRequestInit, { case: 'resume' }>['value']
export type Breakpoint = NonNullable<Resume['breakpoints']>[number]
export type Watchpoint = NonNullable<Resume['watchpoints']>[number]

/** How the application is to run; also what a session that is taken up again goes on by. */
interface Plan {
  readonly breakpoints: Breakpoint[]
  readonly watchpoints: Watchpoint[]
  readonly view: { stackBytes: number; ranges: { address: number; length: number }[] }
  readonly stepStart: number
  readonly stepEnd: number
}

export interface TargetOptions {
  connect(signal: AbortSignal): Promise<Tunnel>
  readonly events: TargetEvents
  /** Whether steps are foreseen; without, each is a round trip of its own. */
  readonly foresees: boolean
}

export interface TargetEvents {
  output(text: Uint8Array): void
  /** The session is over for good; why, for people. */
  ended(detail: string): void
  /** Something that a person at the debugger should know. */
  note(line: string): void
}

const [SP, LR, PC, XPSR] = [13, 14, 15, 16]
const [MSP, PSP, CONTROL] = [17, 18, 21]
const SPSEL = 2
const IPSR = 0x1ff
/** A stop that GDB was told of before it came: if GDB then says nothing, the device is asked. */
const SILENCE_MS = 2000

export class Target {
  readonly #options: TargetOptions
  readonly #events: TargetEvents
  readonly #memory = new MemoryCache()
  readonly #registers = new Map<number, number>()
  readonly #changes = new Changes()
  /** Changes that went ahead. */
  #sent: Promise<unknown> | undefined
  readonly #foreknowledge = new Foreknowledge({
    codeAt: (address, length) => (isFlash(address) ? this.#memory.get(address, length) : undefined),
    wordAt: (address) => this.#wordAt(address),
    registerAt: (number) => this.#registers.get(number),
    isMemory: isSram,
  })
  /** The device has stopped otherwise than GDB was told: it hears of it when it lets it go on. */
  #owed: Stopped | undefined
  /** The device has gone on already as GDB is going to ask. */
  #ahead: { readonly range: StepRange; readonly stop: Stopped } | undefined
  #silence: NodeJS.Timeout | undefined
  readonly #habits = new Habits()
  readonly #flash = new TargetFlash(this.#memory, (request, kind) => this.#ask(request, kind))
  #client: DebugClient | undefined
  #attached: Attached | undefined
  #stop: Stopped | undefined
  /** What the application runs by; undefined while it is halted. */
  #running: { readonly plan: Plan; readonly stopped: (stop: Stopped) => void } | undefined
  /** Aborted when the session is over. */
  readonly #closing = new AbortController()
  /** Done when a lost session is taken up again, or given up. */
  #takenUp: Promise<void> | undefined

  constructor(options: TargetOptions) {
    this.#options = options
    this.#events = options.events
  }

  readonly breakpoints = new Map<number, Breakpoint>()
  readonly watchpoints: Watchpoint[] = []

  get attached(): Attached {
    if (this.#attached === undefined) throw new Refusal('There is no session.')
    return this.#attached
  }

  /** Why the application last stopped. */
  get lastStop(): Stopped | undefined {
    return this.#stop
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }
  /** Requests sent so far: round trips. */
  get requests(): number {
    return this.#requestsBefore + (this.#client?.requests ?? 0)
  }
  #requestsBefore = 0

  /** Opens the way to the device; the application runs on. */
  async connect(): Promise<void> {
    const tunnel = await this.#options.connect(this.#closing.signal)
    this.#requestsBefore = this.requests
    const client: DebugClient = new DebugClient(tunnel, {
      output: (text) => this.#events.output(text),
      ended: (detail) => {
        if (this.#isClosed || this.#client !== client) return
        if (tunnel.isFinal()) this.#giveUp(detail)
        else this.#takenUp = this.#lost(detail)
      },
    })
    await client.accepted()
    this.#client = client
  }

  /** Halts the application where it is. */
  async attach(): Promise<Stopped> {
    const request = { protocolVersion: DEBUG_PROTOCOL_VERSION, view: this.#view() }
    const attached = await this.#ask({ case: 'attach', value: request }, 'attached')
    this.#attached = attached
    this.#takeStop(attached.stop!)
    return attached.stop!
  }

  /** The debugger is done for now: the application goes on without breakpoints. */
  async detach(): Promise<void> {
    if (this.#attached === undefined) return
    await this.settle()
    this.breakpoints.clear()
    this.watchpoints.length = 0
    if (this.#running === undefined) await this.#flush()
    this.#attached = undefined
    await this.#ask({ case: 'detach', value: {} }, 'done')
  }

  /** Ends the session: whatever is under way fails, and nothing of it stays behind. */
  close(): void {
    this.#closing.abort()
    this.#client?.close()
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  // Registers

  register(number: number): number | undefined {
    return this.#registers.get(number)
  }

  setRegister(number: number, value: number): void {
    this.#registers.set(number, value >>> 0)
    this.#changes.register(number)
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
    if (!isFlash(address) && !isSram(address, length)) await this.#flush()
    const { contents } = await this.#ask(
      { case: 'readMemory', value: { ranges: [wanted] } },
      'memoryRead',
    )
    const data = contents[0]?.data ?? new Uint8Array(0)
    this.#memory.put(wanted.address, data)
    for (const change of this.#changes.parts) this.#memory.put(change.address, change.data)
    const from = address - wanted.address
    return this.#memory.get(address, length) ?? data.subarray(from, from + length)
  }

  /** SRAM is changed here and sent with the next Resume; everything else is written at once. */
  async write(address: number, data: Uint8Array): Promise<void> {
    const part = { address, data: data.slice() }
    if (isSram(address, data.length) && !this.isRunning) {
      this.#changes.memory(part)
      this.#memory.put(address, part.data)
      if (this.#changes.areMany) this.#sendChanges()
    } else {
      await this.#flush()
      await this.#ask({ case: 'writeMemory', value: { contents: [part] } }, 'done')
    }
  }

  /** Nobody waits for it: if it fails, so does what comes next. */
  #sendChanges(): void {
    const contents = this.#changes.takeMemory()
    this.#sent = this.#ask({ case: 'writeMemory', value: { contents } }, 'done')
    this.#sent.catch(() => undefined)
  }

  /** Of ranges of flash: which of them hold exactly these bytes. What does is known from here on. */
  compareFlash(parts: readonly FlashPart[]): Promise<FlashPart[]> {
    return this.#flash.compare(parts)
  }

  /** Whole pages, erased and programmed anew. */
  loadFlash(address: number, bytes: Uint8Array): Promise<void> {
    return this.#flash.load(address, bytes)
  }

  // Running

  /** Goes on until it stops; with a range, until the program counter leaves it. */
  async resume(range?: StepRange): Promise<Stopped> {
    clearTimeout(this.#silence)
    const known = this.#owed ?? this.#ahead?.stop
    if (known !== undefined) {
      this.#owed = undefined
      this.#ahead = undefined
      this.#foreknowledge.goesOn(range, this.breakpoints)
      this.#takeStop(known)
      return known
    }
    if (this.watchpoints.length > 0) await this.settle()
    const { passage, outlook } = this.#foresee(range)
    this.#foreknowledge.goesOn(range, this.breakpoints)
    if (range !== undefined && outlook !== undefined) return this.#foretell(outlook, range)
    return this.#goOn(range, passage)
  }

  #foresee(range: StepRange | undefined): { passage?: Passage; outlook?: Outlook } {
    if (!this.#options.foresees || this.watchpoints.length > 0) return {}
    const place = this.#place()
    const found =
      range === undefined
        ? { passage: this.#foreknowledge.passage(place, this.breakpoints) }
        : { outlook: this.#foreknowledge.outlook(place, range, this.breakpoints) }
    return found as { passage?: Passage; outlook?: Outlook }
  }

  /** The step is as good as done: the device does it when it hears of what comes next. */
  #foretell(outlook: Outlook, range: StepRange): Stopped {
    const { pc, sp, lr, changed, stored } = outlook
    this.#foreknowledge.told(outlook, range)
    for (const number of changed) this.#registers.delete(number)
    for (const { address, length } of stored) this.#memory.forget(address, length)
    for (const [number, value] of outlook.restored) this.#registers.set(number, value)
    const isHandler = ((this.#registers.get(XPSR) ?? 0) & IPSR) !== 0
    const isProcessStack = !isHandler && ((this.#registers.get(CONTROL) ?? 0) & SPSEL) !== 0
    this.#registers.set(isProcessStack ? PSP : MSP, sp)
    this.#registers.set(SP, sp)
    this.#registers.set(LR, lr >>> 0)
    this.#registers.set(PC, pc)
    this.#silence = setTimeout(() => this.settle().catch(() => undefined), SILENCE_MS)
    this.#silence.unref()
    return this.#tell({ reason: StopReason.STEPPED, address: 0, registers: [] })
  }

  /** What was foreseen is done now, because somebody looks. */
  async settle(): Promise<void> {
    clearTimeout(this.#silence)
    const last = this.#foreknowledge.steps.at(-1)
    if (last === undefined) return
    this.#settling ??= this.#settle(last).finally(() => {
      this.#settling = undefined
    })
    await this.#settling
  }
  #settling: Promise<void> | undefined

  async #settle({ pc, sp, stepStart: start, stepEnd: end }: Passage): Promise<void> {
    const stop = await this.#goOn({ start, end }, undefined, -1)
    const place = this.#place()
    const isAsTold = stop.reason === StopReason.STEPPED && place.pc === pc && place.sp === sp
    if (!isAsTold) this.#owed = stop
  }

  /** GDB shows the stop to its user. */
  async shown(): Promise<void> {
    await this.settle()
    this.#foreknowledge.shown()
  }

  get isForetold(): boolean {
    return this.#foreknowledge.steps.length > 0
  }

  /** True if GDB was told these bytes already, or could be without asking. */
  knows(address: number, length: number): boolean {
    return this.#memory.get(address, length) !== undefined
  }

  /** Of the stack. */
  #wordAt(address: number): number | undefined {
    const bytes = isSram(address, 4) ? this.#memory.get(address, 4) : undefined
    return bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  }

  #place() {
    const [pc, sp, lr] = [PC, SP, LR].map((number) => this.#registers.get(number) ?? 0)
    return { pc: pc!, sp: sp!, lr: lr! }
  }

  /** `besides`: how many of the steps that were foreseen are left to the plan itself, negative. */
  async #goOn(
    range: StepRange | undefined,
    passage: Passage | undefined,
    besides: -1 | undefined = undefined,
  ): Promise<Stopped> {
    const foreseen = this.#foreknowledge.take().slice(0, besides)
    const plan: Plan = {
      breakpoints: [...this.breakpoints.values()],
      watchpoints: [...this.watchpoints],
      view: this.#view(),
      stepStart: range?.start ?? 0,
      stepEnd: range?.end ?? 0,
    }
    const stop = await this.#run(plan, {
      memory: { contents: this.#changes.takeMemory() },
      registers: { registers: this.#takeChangedRegisters() },
      foreseen,
      ...(passage === undefined ? {} : { passage }),
    })
    return this.#passed(stop, passage)
  }

  /** If the device has gone past the end of a call, GDB hears of that first. */
  #passed(stop: Stopped, passage: Passage | undefined): Stopped {
    if (passage === undefined || stop.passed.length === 0) return stop
    const { stepStart: start, stepEnd: end, pc: address } = passage
    this.#ahead = { range: { start, end }, stop }
    for (const { number, value } of stop.passed) this.#registers.set(number, value)
    return this.#tell({ reason: StopReason.BREAKPOINT, address, registers: stop.passed })
  }

  #tell(stop: Pick<Stopped, 'reason' | 'address' | 'registers'>): Stopped {
    const { fault, ...last } = this.#stop!
    this.#stop = { ...last, ...stop, detail: '', memory: [], passed: [] }
    return this.#stop
  }

  /** Ctrl-C. What `resume` waits for comes now. */
  async halt(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    const stop = await this.#ask({ case: 'halt', value: {} }, 'stopped')
    if (this.#running === running) running.stopped(stop)
  }

  /** From the beginning, halted before the first instruction. */
  async restart(): Promise<Stopped> {
    await this.settle()
    this.#owed = undefined
    this.#ahead = undefined
    this.#changes.clear()
    const stop = await this.#ask({ case: 'restart', value: {} }, 'stopped')
    this.#takeStop(stop)
    return stop
  }

  async #run(
    plan: Plan,
    changes: Pick<Resume, 'memory' | 'registers' | 'foreseen' | 'passage'>,
  ): Promise<Stopped> {
    const stop = await new Promise<Stopped>((resolve, reject) => {
      this.#running = { plan, stopped: resolve }
      this.#resume({ ...plan, ...changes }).then(resolve, (error: unknown) => {
        // The connection was lost: whoever takes the session up again goes on.
        if (error instanceof Refusal || this.#isClosed) reject(error)
      })
    }).finally(() => {
      this.#running = undefined
    })
    this.#takeStop(stop)
    return stop
  }

  /** The tunnel has ended, not by us. */
  async #lost(detail: string): Promise<void> {
    this.#events.note(`${detail} Trying again ...`)
    const isBack = await retry(async () => {
      await this.connect()
      await this.#takeUp()
    }, this.#closing.signal)
    if (isBack) this.#events.note('Connected again.')
    if (!isBack && !this.#isClosed) this.#giveUp(detail)
  }

  #giveUp(detail: string): void {
    this.#closing.abort()
    this.#events.ended(detail)
  }

  #resume(plan: Resume): Promise<Stopped> {
    return this.#ask({ case: 'resume', value: { ...plan, catchFaults: true } }, 'stopped')
  }

  /** Where the lost connection left off: running by the same plan, or halted. */
  async #takeUp(): Promise<void> {
    if (this.#attached === undefined) return
    const running = this.#running
    const stop = await this.attach()
    if (running === undefined) return
    // It stopped by itself, but the news of that was lost.
    if (stop.reason !== StopReason.HALTED) running.stopped(stop)
    else this.#resume(running.plan).then(running.stopped, () => undefined)
  }

  #takeStop(stop: Stopped): void {
    this.#stop = stop
    this.#memory.forgetSram()
    this.#changes.clear()
    this.#habits.forget()
    for (const { number, value } of stop.registers) this.#registers.set(number, value)
    for (const { address, data } of stop.memory) this.#memory.put(address, data)
  }

  #view() {
    return this.#habits.view(this.#registers.get(SP) ?? 0)
  }

  #takeChangedRegisters() {
    const changed = this.#changes.takeRegisters()
    return changed.map((number) => ({ number, value: this.#registers.get(number) ?? 0 }))
  }

  /** Sends what was kept back, for what depends on it. */
  async #flush(): Promise<void> {
    const sent = this.#sent
    this.#sent = undefined
    await sent
    const contents = this.#changes.takeMemory()
    const registers = this.#takeChangedRegisters()
    if (contents.length > 0) await this.#ask({ case: 'writeMemory', value: { contents } }, 'done')
    if (registers.length > 0) {
      await this.#ask({ case: 'writeRegisters', value: { registers } }, 'done')
    }
  }

  /** If the connection is lost meanwhile, what only looks or writes is asked again over the next one. */
  async #ask<Case extends Answer>(request: DebugRequestInit, kind: Case) {
    if (this.#client === undefined) throw new Refusal('There is no session.')
    try {
      return await this.#client.ask(request, kind)
    } catch (error) {
      const isLost = !(error instanceof Refusal) && !this.#isClosed && this.#takenUp !== undefined
      if (!isLost || !REPEATABLE.has(request.case)) throw error
      await this.#takenUp
      return this.#client.ask(request, kind)
    }
  }
}

const REPEATABLE: ReadonlySet<DebugRequestInit['case']> = new Set([
  ...(['readMemory', 'writeMemory', 'writeRegisters', 'hashMemory'] as const),
])
