/**
 * The parts of the CPU put together, and the loop that alternates between the interpreter and what
 * happens between two instructions: faults, exceptions, sleep, calls into the host.
 */
import type { Scheduler } from '../bus.ts'
import { Accesses } from './access.ts'
import { Aftermath } from './aftermath.ts'
import { Clock } from './clock.ts'
import { CodeCache } from './code.ts'
import { CCR, Controls, SCR } from './controls.ts'
import type {
  AddressRange,
  ChipHooks,
  CpuOptions,
  FaultRecord,
  Gate,
  MemoryRange,
  StopReason,
} from './cpu.ts'
import { DebugUnit, DFSR } from './debug-unit.ts'
import { Derived } from './derived.ts'
import { ExceptionReturn } from './exception-return.ts'
import { Exceptions } from './exceptions.ts'
import { FaultStatus } from './fault-status.ts'
import { EXCEPTION } from './faults.ts'
import { Fetch } from './fetch.ts'
import { FloatContext } from './float/float-context.ts'
import { Frames } from './frames.ts'
import { HostDebugger } from './host-debugger.ts'
import { HostGate } from './host-gate.ts'
import { interpreter } from './interpreter.ts'
import { interpreterHost } from './interpreter-host.ts'
import { WORDS } from './layout.ts'
import { Nvic } from './nvic.ts'
import { PrivateBus } from './private-bus.ts'
import { Protection } from './protection.ts'
import { Registers } from './registers.ts'
import { type ResetParts, resetNonSecure, resetSecure, takeVectors } from './reset.ts'
import { restoreParts, type SavedParts, saveParts } from './saved-state.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'
import { SpecialRegisters } from './special-registers.ts'
import { State } from './state.ts'
import { systemRegisters } from './system-registers.ts'
import { SysTick } from './systick.ts'
import { Worlds } from './worlds.ts'

/** What `Core` saves. */
type Saved = ReturnType<typeof saveParts> & {
  readonly sleeping: '' | 'interrupt' | 'event'
  readonly isHalting: boolean
  readonly gate: Gate
  readonly veneer: number
}

export class Core {
  readonly state: State
  readonly clock: Clock
  readonly nvic: Nvic
  readonly registers: Registers
  readonly #hooks: ChipHooks
  /** Where the host is the Secure state: what stands for its code. */
  readonly #hostCode: AddressRange | undefined
  readonly #secureVectors: number
  readonly #ranges: readonly MemoryRange[]
  readonly protection: Protection
  readonly #code: CodeCache
  readonly #accesses: Accesses
  readonly #frames: Frames
  readonly #exceptions: Exceptions
  readonly #float: FloatContext
  readonly #returns: ExceptionReturn
  readonly #worlds: Worlds
  readonly #aftermath: Aftermath
  readonly #status = new FaultStatus()
  readonly #controls = new Controls()
  readonly debug: DebugUnit
  readonly host: HostDebugger
  readonly #sysTick: { readonly secure: SysTick; readonly nonSecure: SysTick }
  readonly #bus: PrivateBus
  readonly #execute: () => void
  readonly #fetch: Fetch
  readonly #special: SpecialRegisters
  readonly #derived: Derived
  readonly hostGate: HostGate
  #sleeping: 'interrupt' | 'event' | undefined
  #stop: StopReason | undefined

  constructor(options: CpuOptions) {
    const { memory, ranges, scheduler, hooks, hostCode } = options
    this.#hooks = hooks
    this.#hostCode = hostCode
    this.#ranges = ranges
    this.#secureVectors = options.secureVectors ?? 0
    const state = new State(memory)
    this.state = state
    this.clock = new Clock(state)
    this.nvic = new Nvic(state, this.#isHostSecure, () => this.#pendedSomething())
    this.protection = new Protection((address) => hooks.attribution(address))
    const made = interpreter()
    this.#code = new CodeCache(state, made, ranges)
    this.host = this.#makeHostDebugger()
    this.debug = this.#makeDebugUnit(scheduler)
    const tick = (isSecure: boolean) =>
      new SysTick(
        scheduler,
        () => this.nvic.setPending(this.nvic.indexOf(EXCEPTION.sysTick, isSecure)),
        (cycle) => this.clock.stopAt(cycle),
      )
    this.#sysTick = { nonSecure: tick(false), secure: tick(true) }
    this.#bus = new PrivateBus(this.#systemRegisters(), (isSecure) => {
      return (this.#controls.ccr[isSecure ? 1 : 0] & CCR.USERSETMPEND) !== 0
    })
    this.#accesses = this.#makeAccesses(options)
    this.#fetch = this.#makeFetch()
    const { accesses, ...position } = this.#shared()
    this.#float = new FloatContext({ ...this.#shared(), controls: this.#controls })
    this.#derived = new Derived({
      ...{ state, controls: this.#controls, nvic: this.nvic, float: this.#float },
      protection: this.protection,
      protectionChanged: () => this.protectionChanged(),
    })
    this.#frames = new Frames({
      ...{ state, accesses, float: this.#float },
      limitOf: (bank, isSecure) => this.#derived.limitOf(bank, isSecure),
    })
    this.#exceptions = this.#makeExceptions()
    this.#returns = this.#makeReturns()
    this.#worlds = new Worlds(this.#shared())
    this.#aftermath = new Aftermath({
      ...{ state, clock: this.clock, fetch: this.#fetch, exceptions: this.#exceptions },
      ...{ returns: this.#returns, worlds: this.#worlds, debug: this.debug },
    })
    this.hostGate = new HostGate({
      ...{ state, worlds: this.#worlds, fetch: this.#fetch, aftermath: this.#aftermath },
    })
    const special = new SpecialRegisters(state, this.nvic, this.#float, position.refresh)
    this.#special = special
    this.registers = new Registers(state, special, {
      ...position,
      goTo: (address, thumb, it) => {
        this.host.moved()
        this.#sleeping = undefined
        position.goTo(address, thumb, it)
      },
      xpsr: () => this.#exceptions.xpsr(),
    })
    const instance = new WebAssembly.Instance(made.module, {
      host: { memory, ...this.#makeHost() },
    })
    this.#execute = instance.exports.execute as () => void
    this.reset()
  }

  get #isHostSecure(): boolean {
    return this.#hostCode !== undefined
  }

  /** What most parts need. */
  #shared() {
    return {
      state: this.state,
      float: this.#float,
      nvic: this.nvic,
      accesses: this.#accesses,
      isHostSecure: this.#isHostSecure,
      refresh: () => this.#derived.refresh(),
      pc: () => this.#fetch.pc,
      it: () => this.#fetch.it,
      goTo: (address: number, thumb: boolean, it: number) => this.#fetch.goTo(address, thumb, it),
    }
  }

  #makeAccesses({ bus, hooks, ranges, chipsPrivate }: CpuOptions): Accesses {
    return new Accesses({
      ...{ state: this.state, bus, hooks, ranges, chipsPrivate },
      ...{ protection: this.protection, code: this.#code, registers: this.#bus },
      ...{ debug: this.debug, host: this.host },
      pc: () => this.#fetch.pc,
      isBelowZero: (isSecure) => this.#derived.isBelowZero(isSecure),
      ignoresBusErrors: (isSecure) =>
        this.#derived.isBelowZero(isSecure) && (this.#controls.ccr[1] & CCR.BFHFNMIGN) !== 0,
    })
  }

  #makeFetch(): Fetch {
    return new Fetch({
      ...{ state: this.state, protection: this.protection, code: this.#code },
      hostCode: this.#hostCode,
      isBelowZero: (isSecure) => this.#derived.isBelowZero(isSecure),
      fail: (fault, it) => this.#aftermath.abort({ kind: 'fault', fault, it }),
      intercept: (address, it) => this.#intercept(address, it),
      endSlice: () => this.clock.endSlice(),
      reachHost: (address) => {
        this.hostGate.reach(address)
        this.#stop = 'secure-call'
        this.state.set(WORDS.ATTENTION, 1)
      },
      watch: (address) => this.#accesses.forgetPage(address),
    })
  }

  #makeDebugUnit(scheduler: Scheduler): DebugUnit {
    return new DebugUnit({
      ...{ nvic: this.nvic, status: this.#status, host: this.host, scheduler },
      cycles: () => this.clock.cycles,
      isSecure: () => this.state.isSecure,
      earlier: (cycle) => this.clock.stopAt(cycle),
      changed: () => this.protectionChanged(),
    })
  }

  #makeHostDebugger(): HostDebugger {
    const { state } = this
    return new HostDebugger({
      pc: () => this.#fetch.pc,
      depth: () => [WORDS.SP, WORDS.IPSR, WORDS.SECURE].map((word) => state.get(word)).join(),
      changed: () => this.protectionChanged(),
      stop: () => {
        this.#stop = 'halt'
        state.set(WORDS.ATTENTION, 1)
      },
    })
  }

  #makeExceptions(): Exceptions {
    return new Exceptions({
      ...this.#shared(),
      ...{ status: this.#status, frames: this.#frames },
      vectorTable: (isSecure) => this.#controls.vtor[isSecure ? 1 : 0],
      entered: (exception) => this.host.enters(exception),
    })
  }

  #makeReturns(): ExceptionReturn {
    return new ExceptionReturn({
      ...this.#shared(),
      ...{ frames: this.#frames, exceptions: this.#exceptions },
      sleepsOnExit: (isSecure) => (this.#controls.scr[isSecure ? 1 : 0] & SCR.SLEEPONEXIT) !== 0,
      sleep: () => {
        this.#sleeping = 'interrupt'
      },
    })
  }

  // The run loop

  run(untilCycle: number): StopReason {
    const { state, clock } = this
    clock.limitTo(untilCycle)
    for (;;) {
      if (state.get(WORDS.ATTENTION) !== 0) {
        this.#attend()
        const reason = this.#reasonToStop()
        if (reason !== undefined) return reason
      }
      const isStepping = this.debug.isStepping
      if (!clock.startSlice(isStepping ? 1 : Infinity)) return 'cycle'
      const before = clock.cycles
      clock.isRunning = true
      this.#execute()
      clock.isRunning = false
      this.#fetch.forgetOnce()
      if (clock.cycles === before) continue
      this.host.proceeded()
      if (isStepping) this.debug.pendMonitor(DFSR.HALTED)
    }
  }

  /** One instruction, and what becomes due with it; breakpoints on it do not count. */
  step(): StopReason {
    this.host.passNext()
    const reason = this.run(this.clock.cycles + 1)
    if (reason !== 'cycle') return reason
    this.host.halt({ kind: 'step' })
    return this.#reasonToStop() ?? 'halt'
  }

  /** What the debug unit makes of an instruction that is about to be decoded. */
  #intercept(address: number, it: number): 'go' | 'once' | 'stop' {
    const { debug } = this
    if (!debug.concernsInstruction(address)) return 'go'
    if (this.host.stopsBefore(address)) {
      this.#aftermath.abort({ kind: 'halt', it })
      return 'stop'
    }
    const why = debug.instructionEvent(address)
    if (why === 0) return 'once'
    this.#aftermath.abort({ kind: 'debugEvent', why, it })
    return 'stop'
  }

  /** Everything that waits for the end of an instruction. */
  #attend(): void {
    const { state } = this
    const exceptions = this.#exceptions
    state.set(WORDS.ATTENTION, 0)
    state.set(WORDS.ABORT, 0)
    this.#aftermath.finish()
    this.#fetch.heldIt = undefined
    if (exceptions.isLockedUp) exceptions.takePending()
    if (exceptions.stopped || this.#stop) return
    if (!(this.#isHostSecure && state.isSecure)) {
      this.#wake()
      if (this.#sleeping === undefined) exceptions.takePending()
    }
    this.#fetch.relocate()
  }

  #reasonToStop(): StopReason | undefined {
    const { state } = this
    const { stopped, isLockedUp } = this.#exceptions
    const stop = stopped ? (isLockedUp ? 'lockup' : 'secure-exception') : this.#stop
    this.#stop = undefined
    this.host.ended()
    if (stop !== undefined || this.#sleeping !== undefined) state.set(WORDS.ATTENTION, 1)
    return stop ?? (this.#sleeping === undefined ? undefined : 'idle')
  }

  #wake(): void {
    if (this.#sleeping === undefined) return
    const isEvent = this.#sleeping === 'event' && this.#exceptions.event
    if (!isEvent && !this.nvic.wakes) return
    if (isEvent) this.#exceptions.event = false
    this.#sleeping = undefined
  }

  #pendedSomething(): void {
    const scr = this.#controls.scr[0] | this.#controls.scr[1]
    if (scr & SCR.SEVONPEND) this.#exceptions.event = true
    this.state.set(WORDS.ATTENTION, 1)
  }

  #makeHost() {
    const { state } = this
    const attention = () => state.set(WORDS.ATTENTION, 1)
    return interpreterHost({
      ...{ state, fetch: this.#fetch, accesses: this.#accesses, aftermath: this.#aftermath },
      ...{ exceptions: this.#exceptions, float: this.#float },
      effects: {
        ...{ state, special: this.#special, protection: this.protection },
        isBelowZero: (isSecure) => this.#derived.isBelowZero(isSecure),
        supervisorCall: () => this.#aftermath.defer({ kind: 'supervisorCall' }),
        breakpoint: (immediate) => {
          if (this.#hooks.breakpoint?.(immediate)) attention()
          else this.#aftermath.abort({ kind: 'breakpoint', it: this.#fetch.ownIt })
        },
        sleep: (kind) => {
          if (kind === 'event' && this.#exceptions.event) this.#exceptions.event = false
          else this.#sleeping = kind
          attention()
        },
        sendEvent: () => {
          this.#exceptions.event = true
        },
        enterSecure: (veneer) => this.hostGate.enter(veneer),
      },
    })
  }

  // Between the worlds

  get faultRecord(): FaultRecord {
    const { stopped } = this.#exceptions
    if (stopped === undefined)
      throw new Error('There is no fault: run did not return secure-exception.')
    return stopped
  }

  startNonSecure(vectorTable: number): void {
    this.abandonNonSecure()
    this.#controls.vtor[0] = vectorTable >>> 0
    this.#worlds.switchTo(false)
    this.#startFrom(vectorTable)
  }

  abandonNonSecure(): void {
    const { state } = this
    if (!state.isSecure) this.#worlds.switchTo(true)
    resetNonSecure(this.#resetParts)
    this.#aftermath.forget()
    this.host.moved()
    this.#sleeping = undefined
    this.hostGate.veneer = 0
    this.#fetch.goTo(this.#hostCode?.start ?? 0, true, 0)
    this.#derived.refresh()
    this.protectionChanged()
  }

  reset(): void {
    resetSecure(this.#resetParts)
    this.abandonNonSecure()
    if (this.#isHostSecure) return
    this.#controls.vtor[1] = this.#secureVectors
    this.#startFrom(this.#secureVectors)
  }

  get #resetParts(): ResetParts {
    return { ...this.#savedParts, float: this.#float }
  }

  #startFrom(vectorTable: number): void {
    const entry = takeVectors(this.state, vectorTable)
    this.#fetch.goTo((entry & ~1) >>> 0, (entry & 1) !== 0, 0)
  }

  // Snapshots

  /** Between runs. */
  snapshot(): Uint8Array {
    return encodeSnapshot(this.#save(), this.state.bytes, this.#ranges)
  }

  restore(bytes: Uint8Array): void {
    const { state } = this
    const saved = decodeSnapshot(bytes, this.#shape, state.bytes, this.#ranges) as Saved
    restoreParts(this.#savedParts, saved)
    this.#sleeping = saved.sleeping === '' ? undefined : saved.sleeping
    this.#stop = saved.isHalting ? 'halt' : undefined
    this.hostGate.gate = saved.gate
    this.hostGate.veneer = saved.veneer
    this.#aftermath.forget()
    this.host.moved()
    this.#derived.adoptPriority()
    this.protectionChanged()
    this.#fetch.goTo(saved.pc, state.get(WORDS.THUMB) !== 0, saved.it)
    this.#derived.refresh()
  }

  #save() {
    const position = { pc: this.#fetch.pc, it: this.#fetch.it }
    return {
      ...saveParts(this.#savedParts, position),
      sleeping: this.#sleeping ?? '',
      isHalting: this.#stop === 'halt',
      gate: { ...this.hostGate.gate },
      veneer: this.hostGate.veneer,
    } as const
  }

  get #savedParts(): SavedParts {
    return {
      ...{ state: this.state, clock: this.clock, nvic: this.nvic, controls: this.#controls },
      ...{ debug: this.debug, status: this.#status, protection: this.protection },
      ...{ sysTick: this.#sysTick, exceptions: this.#exceptions },
    }
  }

  /** What the state of a snapshot has to look like. */
  get #shape(): object {
    return { ...this.#save(), stopped: null }
  }

  // Registers of the private peripheral bus

  #systemRegisters() {
    return systemRegisters({
      ...this.#savedParts,
      cycles: () => this.clock.cycles,
      requestReset: () => {
        this.#stop = 'reset-request'
      },
      refresh: () => this.#derived.refresh(),
      protectionChanged: () => this.protectionChanged(),
    })
  }

  readPrivate(address: number, isSecure: boolean): number {
    return this.#bus.readAs(address, 4, { isSecure, isPrivileged: true }) ?? 0
  }

  writePrivate(address: number, value: number, isSecure: boolean): void {
    this.#bus.writeAs(address, 4, value, { isSecure, isPrivileged: true })
  }

  setFastInterrupt(irq: number, isFast: boolean): void {
    const number = EXCEPTION.firstIrq + irq
    this.nvic.fast[number] = isFast ? 1 : 0
    this.nvic.setEnabled(number, false)
    this.#derived.refresh()
  }

  pendInterrupt(irq: number): void {
    this.nvic.setPending(EXCEPTION.firstIrq + irq)
  }

  // Memory

  protectionChanged(): void {
    this.#accesses.forgetMaps()
    this.#code.forgetAll()
    this.state.set(WORDS.ATTENTION, 1)
  }

  invalidate(address: number, length: number): void {
    this.#code.invalidate(address, length)
    this.state.set(WORDS.ATTENTION, 1)
  }
}
