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
import { ExceptionReturn } from './exception-return.ts'
import { Exceptions } from './exceptions.ts'
import { FaultStatus } from './fault-status.ts'
import { EXCEPTION } from './faults.ts'
import { Fetch } from './fetch.ts'
import { FloatContext } from './float/float-context.ts'
import { EXC_RETURN, Frames } from './frames.ts'
import { HostDebugger } from './host-debugger.ts'
import { interpreter } from './interpreter.ts'
import { interpreterHost } from './interpreter-host.ts'
import { mapOf, WORDS } from './layout.ts'
import { Nvic } from './nvic.ts'
import { PrivateBus } from './private-bus.ts'
import { Protection, type Purpose } from './protection.ts'
import { Registers } from './registers.ts'
import { restoreParts, type SavedParts, saveParts } from './saved-state.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts'
import { SpecialRegisters } from './special-registers.ts'
import { CONTROL, State } from './state.ts'
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
  readonly #protection: Protection
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
  #sleeping: 'interrupt' | 'event' | undefined
  #stop: StopReason | undefined
  #gate: Gate = { veneer: 0, target: 0, stackPointer: 0 }
  #veneer = 0
  /** What access maps and limits reckon with: [Non-secure, Secure]. */
  #wasBelowZero: [boolean, boolean] = [false, false]

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
    this.#protection = new Protection((address) => hooks.attribution(address))
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
    this.#frames = new Frames({
      ...{ state, accesses, float: this.#float },
      limitOf: (bank, isSecure) => this.#limitOf(bank, isSecure),
    })
    this.#exceptions = this.#makeExceptions()
    this.#returns = this.#makeReturns()
    this.#worlds = new Worlds(this.#shared())
    this.#aftermath = new Aftermath({
      ...{ state, clock: this.clock, fetch: this.#fetch, exceptions: this.#exceptions },
      ...{ returns: this.#returns, worlds: this.#worlds, debug: this.debug },
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
      refresh: () => this.#refresh(),
      pc: () => this.#fetch.pc,
      it: () => this.#fetch.it,
      goTo: (address: number, thumb: boolean, it: number) => this.#fetch.goTo(address, thumb, it),
    }
  }

  #makeAccesses({ bus, hooks, ranges }: CpuOptions): Accesses {
    return new Accesses({
      ...{ state: this.state, bus, hooks, ranges },
      ...{ protection: this.#protection, code: this.#code, registers: this.#bus },
      ...{ debug: this.debug, host: this.host },
      pc: () => this.#fetch.pc,
      isBelowZero: (isSecure) => this.#isBelowZero(isSecure),
      ignoresBusErrors: (isSecure) =>
        this.#isBelowZero(isSecure) && (this.#controls.ccr[1] & CCR.BFHFNMIGN) !== 0,
    })
  }

  #makeFetch(): Fetch {
    return new Fetch({
      ...{ state: this.state, protection: this.#protection, code: this.#code },
      hostCode: this.#hostCode,
      isBelowZero: (isSecure) => this.#isBelowZero(isSecure),
      fail: (fault, it) => this.#aftermath.abort({ kind: 'fault', fault, it }),
      intercept: (address, it) => this.#intercept(address, it),
      endSlice: () => this.clock.endSlice(),
      reachHost: (address) => this.#reachHost(address),
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

  /** What the loop's words derive from mode, bank and priority. */
  #refresh(): void {
    const { state } = this
    const ccr = this.#controls.ccr[state.isSecure ? 1 : 0]
    state.set(WORDS.MAP, mapOf(state.isSecure, state.isPrivileged))
    state.set(WORDS.TRAP_DIVIDE, ccr & CCR.DIV_0_TRP ? 1 : 0)
    state.set(WORDS.TRAP_UNALIGNED, ccr & CCR.UNALIGN_TRP ? 1 : 0)
    this.#float.refresh()
    state.set(WORDS.ATTENTION, 1)
    const [nonSecure, secure] = this.#wasBelowZero
    this.#wasBelowZero = [this.nvic.isBelowZero(false), this.nvic.isBelowZero(true)]
    state.set(WORDS.SP_LIMIT, this.#limitOf(state.currentStack, state.isSecure))
    const hasMoved = (isSecure: boolean, was: boolean) =>
      this.#isBelowZero(isSecure) !== was && this.#protection.isMpuOn(isSecure)
    if (hasMoved(false, nonSecure) || hasMoved(true, secure)) this.protectionChanged()
  }

  #isBelowZero(isSecure: boolean): boolean {
    return this.#wasBelowZero[isSecure ? 1 : 0]
  }

  /** MSPLIM or PSPLIM, unless CCR.STKOFHFNMIGN lifts it for HardFault and NMI. */
  #limitOf(bank: typeof WORDS.MSP | typeof WORDS.PSP, isSecure: boolean): number {
    const isLifted =
      this.#isBelowZero(isSecure) && (this.#controls.ccr[isSecure ? 1 : 0] & CCR.STKOFHFNMIGN) !== 0
    if (isLifted) return 0
    return this.state.bank(bank === WORDS.MSP ? WORDS.MSPLIM : WORDS.PSPLIM, isSecure)
  }

  #reachHost(target: number): void {
    const { state } = this
    const usesProcess = (state.bank(WORDS.CONTROL, false) & CONTROL.SPSEL) !== 0 && !state.isHandler
    const stackPointer = state.bank(usesProcess ? WORDS.PSP : WORDS.MSP, false)
    this.#gate = { veneer: this.#veneer, target, stackPointer }
    this.#stop = 'secure-call'
    state.set(WORDS.ATTENTION, 1)
  }

  #makeHost() {
    const { state } = this
    const attention = () => state.set(WORDS.ATTENTION, 1)
    return interpreterHost({
      ...{ state, fetch: this.#fetch, accesses: this.#accesses, aftermath: this.#aftermath },
      ...{ exceptions: this.#exceptions, float: this.#float },
      effects: {
        ...{ state, special: this.#special, protection: this.#protection },
        isBelowZero: (isSecure) => this.#isBelowZero(isSecure),
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
        enterSecure: (veneer) => {
          this.#veneer = veneer
          this.#worlds.enterSecure()
        },
      },
    })
  }

  // Between the worlds

  get gate(): Gate {
    return this.#gate
  }

  get isCallerPrivileged(): boolean {
    const { state } = this
    return state.isHandler || (state.bank(WORDS.CONTROL, false) & CONTROL.nPRIV) === 0
  }

  get faultRecord(): FaultRecord {
    const { stopped } = this.#exceptions
    if (stopped === undefined)
      throw new Error('There is no fault: run did not return secure-exception.')
    return stopped
  }

  returnToNonSecure(r0: number): void {
    const { state } = this
    state.setRegister(0, r0)
    const lr = state.get(WORDS.LR)
    this.#worlds.switchTo(false)
    if (lr >>> 24 === EXC_RETURN.prefix && state.isHandler) this.#aftermath.branch(lr)
    else this.#fetch.goTo((lr & ~1) >>> 0, !Worlds.isFunctionReturn(lr), 0)
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
    this.nvic.resetNonSecure()
    this.#sysTick.nonSecure.reset()
    this.#protection.resetNonSecure()
    this.#status.reset()
    this.#controls.resetNonSecure()
    for (let number = 0; number < 15; number++) state.setRegister(number, 0)
    state.setFlags(0)
    for (const word of BANKS) state.setBank(word, false, 0)
    for (const word of [WORDS.GE, WORDS.IPSR, WORDS.EXCLUSIVE, WORDS.Q]) state.set(word, 0)
    this.#float.resetNonSecure()
    this.debug.reset()
    this.#exceptions.reset()
    this.#aftermath.forget()
    this.host.moved()
    this.#sleeping = undefined
    this.#veneer = 0
    this.#fetch.goTo(this.#hostCode?.start ?? 0, true, 0)
    this.#refresh()
    this.protectionChanged()
  }

  reset(): void {
    const { state } = this
    state.set(WORDS.SECURE, 1)
    for (const word of BANKS) state.setBank(word, true, 0)
    this.nvic.reset()
    this.#sysTick.secure.reset()
    this.#protection.reset()
    this.#controls.reset()
    this.#float.reset()
    this.abandonNonSecure()
    if (this.#isHostSecure) return
    this.#controls.vtor[1] = this.#secureVectors
    this.#startFrom(this.#secureVectors)
  }

  /** TakeReset(): stack pointer and PC of the present state from its vector table. */
  #startFrom(vectorTable: number): void {
    const { state } = this
    const [stack, entry] = [0, 4].map((offset) => state.words[(vectorTable + offset) >>> 2]! >>> 0)
    state.set(WORDS.SP, stack! & ~3)
    state.set(WORDS.LR, 0xffff_ffff)
    this.#fetch.goTo((entry! & ~1) >>> 0, (entry! & 1) !== 0, 0)
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
    this.#gate = saved.gate
    this.#veneer = saved.veneer
    this.#aftermath.forget()
    this.host.moved()
    this.#wasBelowZero = [this.nvic.isBelowZero(false), this.nvic.isBelowZero(true)]
    this.protectionChanged()
    this.#fetch.goTo(saved.pc, state.get(WORDS.THUMB) !== 0, saved.it)
    this.#refresh()
  }

  #save() {
    const position = { pc: this.#fetch.pc, it: this.#fetch.it }
    return {
      ...saveParts(this.#savedParts, position),
      sleeping: this.#sleeping ?? '',
      isHalting: this.#stop === 'halt',
      gate: { ...this.#gate },
      veneer: this.#veneer,
    } as const
  }

  get #savedParts(): SavedParts {
    return {
      ...{ state: this.state, clock: this.clock, nvic: this.nvic, controls: this.#controls },
      ...{ debug: this.debug, status: this.#status, protection: this.#protection },
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
      state: this.state,
      nvic: this.nvic,
      status: this.#status,
      protection: this.#protection,
      controls: this.#controls,
      debug: this.debug,
      sysTick: this.#sysTick,
      cycles: () => this.clock.cycles,
      requestReset: () => {
        this.#stop = 'reset-request'
      },
      refresh: () => this.#refresh(),
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
    this.#refresh()
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

  isNonSecureAccessible(range: {
    address: number
    length: number
    access: Exclude<Purpose, 'execute'>
    isPrivileged: boolean
  }): boolean {
    const { address, length, access, isPrivileged } = range
    const who = { isSecure: false, isPrivileged, isBelowZero: false }
    for (let at = address; at < address + length; at = (at | 31) + 1) {
      if (this.#protection.attribution(at) !== 'non-secure') return false
      if (!this.#protection.mpuAllows(at, access, who)) return false
    }
    return true
  }
}

const BANKS = [
  ...([WORDS.MSP, WORDS.PSP, WORDS.MSPLIM, WORDS.PSPLIM] as const),
  ...([WORDS.CONTROL, WORDS.PRIMASK, WORDS.BASEPRI, WORDS.FAULTMASK] as const),
]
