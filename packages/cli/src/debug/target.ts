/**
 * The application under the debugger, as the GDB server sees it: how it runs and stops. It asks for as
 * little as it can: a round trip to the device may take 300 ms.
 *
 *   (1) What is known while it is halted, and what waits to be changed: target-state.ts.
 *   (2) What GDB does on its way is foreseen where that is certain: see foreknowledge.ts.
 *   (3) After a lost connection the session is taken up again: the device has kept it.
 */
import {
  type Attached,
  DEBUG_PROTOCOL_VERSION,
  type DebugRequestInit,
  type Stopped,
  StopReason,
} from '@microvisor/protocol'
import { Refusal } from './debug-client.ts'
import { DeviceLine, type DeviceLineEvents } from './device-line.ts'
import { Foreknowledge, type Passage } from './foreknowledge.ts'
import type { Outlook, StepRange } from './foresight.ts'
import { isSram } from './memory-cache.ts'
import { TargetState } from './target-state.ts'
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

/** What goes with a plan the first time. */
interface Foreseen {
  readonly foreseen: Passage[]
  readonly passage?: Passage
}

interface Running {
  readonly plan: Plan
  /** As it was last asked for: to be asked again if that has not come to the device. */
  request: Resume
  readonly stopped: (stop: Stopped) => void
}

export interface TargetOptions {
  connect(signal: AbortSignal): Promise<Tunnel>
  readonly events: DeviceLineEvents
  /** Whether steps are foreseen; without, each is a round trip of its own. */
  readonly foresees: boolean
}

/** A stop that GDB was told of before it came: if GDB then says nothing, the device is asked. */
const SILENCE_MS = 2000

export class Target {
  readonly breakpoints = new Map<number, Breakpoint>()
  readonly watchpoints: Watchpoint[] = []
  /** Registers and memory. */
  readonly state: TargetState
  readonly #line: DeviceLine
  readonly #foresees: boolean
  readonly #foreknowledge: Foreknowledge
  /** The device has stopped otherwise than GDB was told: it hears of it when it lets it go on. */
  #owed: Stopped | undefined
  /** The device has gone on already as GDB is going to ask. */
  #ahead: { readonly range: StepRange; readonly stop: Stopped } | undefined
  #silence: NodeJS.Timeout | undefined
  #settling: Promise<void> | undefined
  #attached: Attached | undefined
  #stop: Stopped | undefined
  /** What the application runs by; undefined while it is halted. */
  #running: Running | undefined

  constructor({ connect, events, foresees }: TargetOptions) {
    this.#foresees = foresees
    this.#line = new DeviceLine({ connect, events, takeUp: () => this.#takeUp() })
    const state = new TargetState({
      ask: (request, kind) => this.#line.ask(request, kind),
      isRunning: () => this.isRunning,
    })
    this.state = state
    this.#foreknowledge = new Foreknowledge({
      codeAt: (address, length) => state.codeAt(address, length),
      wordAt: (address) => state.wordAt(address),
      registerAt: (number) => state.register(number),
      isMemory: isSram,
    })
  }

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
    return this.#line.requests
  }

  /** Opens the way to the device; the application runs on. */
  connect(): Promise<void> {
    return this.#line.connect()
  }

  /** Halts the application where it is. */
  async attach(): Promise<Stopped> {
    const request = { protocolVersion: DEBUG_PROTOCOL_VERSION, view: this.state.view }
    const attached = await this.#line.ask({ case: 'attach', value: request }, 'attached')
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
    if (this.#running === undefined) await this.state.flush()
    this.#attached = undefined
    await this.#line.ask({ case: 'detach', value: {} }, 'done')
  }

  /** Ends the session: whatever is under way fails, and nothing of it stays behind. */
  close(): void {
    this.#line.close()
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
    if (!this.#foresees || this.watchpoints.length > 0) return {}
    const place = this.state.place
    const found =
      range === undefined
        ? { passage: this.#foreknowledge.passage(place, this.breakpoints) }
        : { outlook: this.#foreknowledge.outlook(place, range, this.breakpoints) }
    return found as { passage?: Passage; outlook?: Outlook }
  }

  /** The step is as good as done: the device does it when it hears of what comes next. */
  #foretell(outlook: Outlook, range: StepRange): Stopped {
    this.#foreknowledge.told(outlook, range)
    this.state.foretell(outlook)
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

  async #settle({ pc, sp, stepStart: start, stepEnd: end }: Passage): Promise<void> {
    const stop = await this.#goOn({ start, end }, undefined, -1)
    const place = this.state.place
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
      view: this.state.view,
      stepStart: range?.start ?? 0,
      stepEnd: range?.end ?? 0,
    }
    const stop = await this.#run(plan, { foreseen, ...(passage === undefined ? {} : { passage }) })
    return this.#passed(stop, passage)
  }

  /** If the device has gone past the end of a call, GDB hears of that first. */
  #passed(stop: Stopped, passage: Passage | undefined): Stopped {
    if (passage === undefined || !stop.hasPassed) return stop
    const { stepStart: start, stepEnd: end, pc: address } = passage
    this.#ahead = { range: { start, end }, stop }
    this.state.takeRegisters(stop.passed)
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
    const stop = await this.#line.ask({ case: 'halt', value: {} }, 'stopped')
    if (this.#running === running) running.stopped(stop)
  }

  /** From the beginning, halted before the first instruction. */
  async restart(): Promise<Stopped> {
    await this.settle()
    this.#owed = undefined
    this.#ahead = undefined
    this.state.forgetChanges()
    const stop = await this.#line.ask({ case: 'restart', value: {} }, 'stopped')
    this.#takeStop(stop)
    return stop
  }

  async #run(plan: Plan, more: Foreseen): Promise<Stopped> {
    const stop = await new Promise<Stopped>((resolve, reject) => {
      const running: Running = { plan, request: plan, stopped: resolve }
      this.#running = running
      this.#begin(running, more).catch((error: unknown) => {
        // The connection was lost: whoever takes the session up again goes on.
        if (error instanceof Refusal || this.#line.isClosed) reject(error)
      })
    }).finally(() => {
      this.#running = undefined
    })
    this.#takeStop(stop)
    await this.state.written()
    return stop
  }

  async #begin(running: Running, more: Foreseen): Promise<void> {
    const changes = await this.state.takeChanges()
    // Ctrl-C may have come first.
    if (this.#running !== running) return
    const request = { ...running.plan, ...changes, ...more }
    running.request = request
    running.stopped(await this.#resume(request))
  }

  #resume(request: Resume): Promise<Stopped> {
    return this.#line.ask({ case: 'resume', value: { ...request, catchFaults: true } }, 'stopped')
  }

  /** Where the lost connection left off: running by the same plan, or halted. */
  async #takeUp(): Promise<void> {
    if (this.#attached === undefined) return
    const before = { manifestHash: this.#attached.manifestHash, runs: this.#stop?.runs }
    const running = this.#running
    const stop = await this.attach()
    const { manifestHash, isKept } = this.#attached
    if (!Buffer.from(before.manifestHash).equals(manifestHash)) {
      throw new Refusal('The application was replaced by another one.')
    }
    // The device may have started anew, with other flash than it had.
    void this.state.flash.verify().catch(() => undefined)
    if (running === undefined) return
    const hasCome = !isKept || stop.runs !== before.runs
    // It stopped by itself, but the news of that was lost.
    if (hasCome && stop.reason !== StopReason.HALTED) running.stopped(stop)
    else {
      const request = hasCome ? running.plan : running.request
      this.#resume(request).then(running.stopped, () => undefined)
    }
  }

  #takeStop(stop: Stopped): void {
    this.#stop = stop
    this.state.takeStop(stop)
  }
}
