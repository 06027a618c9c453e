/**
 * The debug agent: does what a debugger asks, one request after another (proto/debug.proto).
 *
 *   (1) Nothing is done before Attach, and nothing at all without a debugger.
 *   (2) Every request is answered: with what it asks for, with Done, or with why not. A Resume is
 *       answered by the Stopped that ends it.
 *   (3) A debugger that goes lets the application go on; one whose connection is lost is waited for,
 *       and nothing changes meanwhile.
 */
import {
  DEBUG_PROTOCOL_VERSION,
  type DebugReplyInit,
  type DebugRequestBody,
  encodeUtf8,
  HashKind,
  type MemoryContent,
  type MemoryRange,
  type RegisterValue,
  StopReason,
  StopTeller,
  type StopView,
  viewedRanges,
} from '@microvisor/protocol'
import type { ApplicationFault, DebugHalt, DebugUnit, Engines, Flash } from '../../hardware.ts'
import { makeBlock } from './debug-block.ts'
import { crc32 } from './debug-crc.ts'
import { DebugFlash, isFlash } from './debug-flash.ts'
import { Execution, type StopCause } from './execution.ts'

type Request<Case extends DebugRequestBody['case']> = Extract<
  DebugRequestBody,
  { case: Case }
>['value']

export interface DebugAgentParts {
  readonly unit: DebugUnit
  readonly engines: Engines
  readonly internalFlash: Flash
  readonly kernelVersionText: string
  readonly application: DebuggedApplication
  readonly send: (id: number, reply: DebugReplyInit) => void
}

/** The application, as far as a debugger concerns it. */
interface DebuggedApplication {
  readonly isRunning: boolean
  /** Hash of the installed manifest. */
  manifestHash(): Uint8Array
  /** Starts it from the beginning with wake reason DEBUGGERRESTART. */
  restart(isChanged: boolean): void
  /** Lets it crash of a fault that the debugger has seen. */
  crash(fault: ApplicationFault): void
}

const CORE_REGISTERS = Array.from({ length: 25 }, (_, number) => number)
const FLOAT_REGISTERS = Array.from({ length: 33 }, (_, index) => 32 + index)
const SP = 13

export class DebugAgent {
  readonly #parts: DebugAgentParts
  readonly #execution: Execution
  readonly #flash: DebugFlash
  #isAttached = false
  readonly #teller = new StopTeller()
  #view: Pick<StopView, 'stackBytes' | 'ranges'> = { stackBytes: 0, ranges: [] }
  /** The Resume or Halt that waits for its Stopped. */
  #awaited: number | undefined
  #catchesFaults = false
  #fault: ApplicationFault | undefined
  #lastStop: StopCause = { reason: StopReason.HALTED }
  /** Resumes that were done since the debugger came. */
  #runs = 0
  /** The registers where the passage was. */
  #passed: { number: number; value: number }[] = []

  constructor(parts: DebugAgentParts) {
    this.#parts = parts
    this.#execution = new Execution(parts.unit, {
      print: (text) => this.#print(text),
      passing: () => {
        this.#passed = this.#registers()
      },
    })
    this.#flash = new DebugFlash(parts.internalFlash)
  }

  get isAttached(): boolean {
    return this.#isAttached
  }

  /** The application waits for the debugger. */
  get holdsApplication(): boolean {
    const { unit, application } = this.#parts
    const isHalted = application.isRunning && unit.isHalted
    return this.#isAttached && (isHalted || this.#fault !== undefined)
  }

  handle(id: number, request: DebugRequestBody): void {
    const reply = this.#answer(id, request)
    if (reply !== undefined) this.#parts.send(id, reply)
  }

  debugEvent(halt: DebugHalt): void {
    this.#parts.unit.halt()
    const cause = this.#execution.event(halt)
    if (cause !== undefined) this.#stopped(cause)
  }

  /** True if the debugger has it now: the application does not crash before it goes on. */
  catches(fault: ApplicationFault): boolean {
    if (!this.#isAttached || !this.#catchesFaults) return false
    this.#parts.unit.halt()
    this.#execution.stop()
    this.#fault = fault
    this.#stopped({ reason: StopReason.FAULT, detail: fault.exception })
    return true
  }

  /** The connection was lost: how the application stops is told when the debugger is back. */
  loseTouch(): void {
    this.#awaited = undefined
  }

  /** The debugger has gone: the application goes on as if it had never been there. */
  detach(): void {
    if (!this.#isAttached) return
    this.#isAttached = false
    this.#awaited = undefined
    this.#execution.forget()
    const { unit } = this.#parts
    const isHalted = unit.isHalted
    unit.enable(false)
    if (this.#fault !== undefined) this.#letCrash()
    else if (isHalted) unit.run('continue')
  }

  #answer(id: number, { case: kind, value }: DebugRequestBody): DebugReplyInit | undefined {
    if (kind === 'attach') return this.#attach(value)
    if (!this.#isAttached) return refused('The session begins with Attach.')
    switch (kind) {
      case 'readMemory':
        return { case: 'memoryRead', value: { contents: this.#contents(value.ranges) } }
      case 'writeMemory':
        return done(this.#write(value.contents))
      case 'writeRegisters':
        return done(this.#setRegisters(value.registers))
      case 'hashMemory':
        return { case: 'memoryHashed', value: { hashes: this.#hashes(value) } }
      case 'resume':
        return this.#resume(id, value)
      case 'halt':
        return this.#halt()
      case 'restart':
        return this.#restart()
      case 'writeBlock':
        return done(this.#writeBlock(value))
      case 'detach':
        this.detach()
        return done(undefined)
    }
  }

  #attach({ protocolVersion, view }: Request<'attach'>): DebugReplyInit {
    if (protocolVersion !== DEBUG_PROTOCOL_VERSION) {
      return refused(
        `The debugger speaks version ${protocolVersion} of the debug protocol, this device ${DEBUG_PROTOCOL_VERSION}.`,
      )
    }
    const { unit, application, kernelVersionText } = this.#parts
    const isKept = this.#isAttached
    if (!isKept) this.#runs = 0
    this.#isAttached = true
    this.#teller.forget()
    unit.enable(true)
    if (view !== undefined) this.#view = view
    if (!this.holdsApplication) this.#takeHold()
    return {
      case: 'attached',
      value: {
        kernelVersionText,
        manifestHash: application.manifestHash(),
        hardwareBreakpoints: unit.breakpoints,
        hardwareWatchpoints: unit.watchpoints,
        stop: this.#stop(this.#lastStop),
        isKept,
      },
    }
  }

  /** Halts it where it is; one that has crashed is started anew. */
  #takeHold(): void {
    const { unit, application } = this.#parts
    this.#lastStop = { reason: StopReason.HALTED }
    if (!application.isRunning) {
      application.restart(this.#flash.hasChanged)
      this.#lastStop = { reason: StopReason.RESTARTED }
    }
    unit.halt()
    this.#execution.stop()
  }

  #resume(id: number, request: Request<'resume'>): DebugReplyInit | undefined {
    const { unit } = this.#parts
    // Whether it goes on or not: the debugger holds it for said.
    this.#view = request.view ?? this.#view
    if (!this.holdsApplication) return refused('The application is running already.')
    const problem =
      this.#write(request.memory?.contents ?? []) ??
      this.#setRegisters(request.registers?.registers ?? [])
    if (problem !== undefined) return refused(problem)
    this.#catchesFaults = request.catchFaults
    this.#awaited = id
    this.#runs++
    this.#passed = []
    if (this.#fault !== undefined) {
      this.#letCrash()
      // It starts anew after a while.
      this.#execution.prepare({ ...request, stepStart: 0, stepEnd: 0, foreseen: [] })
      return undefined
    }
    unit.halt()
    const refusal = this.#execution.start(request)
    if (refusal === undefined) return undefined
    this.#awaited = undefined
    this.#runs--
    return refused(refusal)
  }

  #halt(): DebugReplyInit {
    this.#awaited = undefined
    if (!this.holdsApplication) this.#takeHold()
    return { case: 'stopped', value: this.#stop(this.#lastStop) }
  }

  #restart(): DebugReplyInit {
    const { application, unit } = this.#parts
    this.#fault = undefined
    this.#awaited = undefined
    this.#execution.stop()
    application.restart(this.#flash.hasChanged)
    if (!application.isRunning) return refused('There is no application that could be started.')
    unit.halt()
    this.#lastStop = { reason: StopReason.RESTARTED }
    return { case: 'stopped', value: this.#stop(this.#lastStop) }
  }

  #letCrash(): void {
    const fault = this.#fault!
    this.#fault = undefined
    this.#parts.application.crash(fault)
  }

  // What a stop brings

  #stopped(cause: StopCause): void {
    this.#lastStop = cause
    const id = this.#awaited
    this.#awaited = undefined
    if (id !== undefined) this.#parts.send(id, { case: 'stopped', value: this.#stop(cause) })
  }

  #stop(cause: StopCause) {
    const ranges = viewedRanges(this.#view, this.#register(SP) ?? 0)
    const exception = cause.detail ?? ''
    const fault = this.#fault ?? { exception, ...this.#parts.unit.faultStatus }
    return {
      ...cause,
      hasPassed: this.#passed.length > 0,
      passed: this.#teller.registers(this.#passed),
      registers: this.#teller.registers(this.#registers()),
      memory: this.#teller.memory(this.#contents(ranges)),
      runs: this.#runs,
      ...(cause.reason === StopReason.FAULT ? { fault } : {}),
    }
  }

  #registers() {
    return [...CORE_REGISTERS, ...FLOAT_REGISTERS].map((number) => {
      return { number, value: this.#register(number) ?? 0 }
    })
  }

  /** After a fault, the registers are those of the code that faulted. */
  #register(number: number): number | undefined {
    if (this.#fault !== undefined && number < FAULT_REGISTERS.length) {
      return this.#fault.registers[FAULT_REGISTERS[number]!]
    }
    return this.#parts.unit.readRegister(number)
  }

  #setRegisters(registers: readonly RegisterValue[]): string | undefined {
    const { unit } = this.#parts
    if (registers.length > 0 && this.#fault !== undefined) {
      return 'After a fault, registers can be read but not changed.'
    }
    if (registers.length > 0 && !unit.isHalted) return 'The application is running.'
    const unknown = registers.find(({ number, value }) => !unit.writeRegister(number, value))
    return unknown && `There is no register ${unknown.number}.`
  }

  #contents(ranges: readonly Pick<MemoryRange, 'address' | 'length'>[]) {
    return ranges.map(({ address, length }) => {
      const into = new Uint8Array(length)
      return { address, data: into.subarray(0, this.#parts.unit.read(address, into)) }
    })
  }

  #write(contents: readonly Pick<MemoryContent, 'address' | 'data'>[]): string | undefined {
    for (const { address, data } of contents) {
      const written = this.#parts.unit.write(address, data)
      if (written < data.length) {
        return `Memory at 0x${(address + written).toString(16)} cannot be written: SRAM and whole registers of peripherals can, flash with \`load\`.`
      }
    }
    return undefined
  }

  #writeBlock(request: Request<'writeBlock'>): string | undefined {
    if (!this.holdsApplication) return 'The application is running: halt it first.'
    const block = makeBlock(request, this.#parts)
    if (typeof block === 'string') return block
    const { address } = request
    if (isFlash(address)) return this.#flash.write(address, block)
    return this.#write([{ address, data: block }])
  }

  #hashes({ ranges, kind }: Request<'hashMemory'>): Uint8Array[] {
    const { engines } = this.#parts
    return ranges.map((range) => {
      const hash = kind === HashKind.CRC32 ? crc32() : engines.sha256()
      if (!this.#digest(range, hash)) return new Uint8Array(0)
      const digest = new Uint8Array(kind === HashKind.CRC32 ? 4 : 32)
      hash.finish(digest)
      return digest
    })
  }

  /** False if memory ends. */
  #digest({ address, length }: MemoryRange, hash: { update(bytes: Uint8Array): void }): boolean {
    const chunk = new Uint8Array(4096)
    for (let done = 0; done < length; ) {
      const wanted = Math.min(chunk.length, length - done)
      const count = this.#parts.unit.read(address + done, chunk.subarray(0, wanted))
      if (count < wanted) return false
      hash.update(chunk.subarray(0, count))
      done += count
    }
    return true
  }

  #print(text: string): void {
    const bytes = encodeUtf8(text)
    this.#parts.send(this.#awaited ?? 0, { case: 'output', value: { text: bytes } })
  }
}

const FAULT_REGISTERS = [
  ...(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'] as const),
  ...(['sp', 'lr', 'pc', 'xpsr'] as const),
]

function done(problem: string | undefined): DebugReplyInit {
  return problem === undefined ? { case: 'done', value: {} } : refused(problem)
}

function refused(detail: string): DebugReplyInit {
  return { case: 'refused', value: { detail } }
}
