/**
 * The debug agent on a chip without a kernel, and a wire to it: what remains of a device when only
 * debugging matters. System calls are answered with 0 at once. Synchronous: time passes when `advance`
 * is called, so that a run is a function of the program and of what the debugger asks.
 */
import { Duplex } from 'node:stream'
import type { Tunnel } from '../../packages/cli/src/debug/tunnel.ts'
import { registersOf } from '../../packages/device/src/hardware/application.ts'
import { debugHalt, debugPort } from '../../packages/device/src/hardware/debug.ts'
import { OTP_BYTES, Stm32u585, Supply } from '../../packages/mcu/src/index.ts'
import { makeVeneers } from '../../packages/microvisor/src/boot/veneers.ts'
import type { ApplicationFault, DebugUnit } from '../../packages/microvisor/src/hardware.ts'
import { DebugAgent } from '../../packages/microvisor/src/kernel/debug/debug-agent.ts'
import { TestEngines } from '../../packages/microvisor/src/testing/test-engines.ts'
import {
  type DebugReplyInit,
  type DebugRequestBody,
  DebugRequestDecoder,
  encodeDebugReply,
  NSC,
} from '../../packages/protocol/src/index.ts'

const VECTORS = 0x0800_0000
const SECURE_FLASH = 0x0c00_0000
const SLICE_CYCLES = 20_000
const SPIN_BYTES = 0x500

export class BareDevice {
  readonly chip: Stm32u585
  readonly agent: DebugAgent
  manifestHash = new Uint8Array(32)
  readonly #unit: DebugUnit
  /** Where replies go. */
  reply: (id: number, reply: DebugReplyInit) => void = () => undefined
  #isStarted = false
  #turn: NodeJS.Immediate | undefined

  constructor(image: Uint8Array) {
    this.chip = new Stm32u585({
      ...{ supply: new Supply(), otp: new Uint8Array(OTP_BYTES).fill(0xff) },
      ...{ uniqueId: new Uint8Array(12), hasSecureSide: true, kernelPins: [] },
      events: { internalFlashChanged() {}, otpChanged() {}, pin() {}, serial() {} },
    })
    this.chip.flashBytes.fill(0xff).set(image)
    this.chip.flashBytes.set(makeVeneers(), NSC.address - SECURE_FLASH)
    this.#unit = debugPort(this.chip)
    this.agent = new DebugAgent({
      ...{ unit: this.#unit, engines: new TestEngines(1), kernelVersionText: '0.0.0' },
      internalFlash: this.chip.internalFlash,
      application: this.#application(),
      send: (id, reply) => this.reply(id, reply),
    })
    this.#restart()
  }

  /** By the numbers of debug.proto. */
  register(number: number): number {
    return this.#unit.readRegister(number) ?? 0
  }

  /** Runs the application; time stands still while the debugger holds it. Without one, halts are looked at by the caller. */
  advance(cycles = SLICE_CYCLES, isEnough: () => boolean = () => false): void {
    const { chip, agent } = this
    const end = chip.cpu.cycles + cycles
    while (chip.cpu.cycles < end && !agent.holdsApplication) {
      const reason = chip.run(end)
      if (reason === 'secure-call') {
        chip.cpu.returnToNonSecure(0)
        if (chip.isStepping) this.#halted()
      } else if (reason === 'halt' && isEnough()) return
      else if (reason === 'halt') this.#halted()
      else if (reason === 'secure-exception') {
        const { registers, ...rest } = chip.cpu.faultRecord
        const fault = { ...rest, registers: { ...registersOf(chip), ...registers } }
        chip.haltApplication()
        // As the kernel does with an application that has crashed.
        if (!agent.catches(fault as ApplicationFault)) this.#restart()
      }
    }
  }

  /** Advances by itself from here on, until it is stopped. */
  start(): void {
    this.advance()
    this.#turn = setImmediate(() => this.start())
  }

  stop(): void {
    clearImmediate(this.#turn)
  }

  /** What a debugger's tunnel would be; while it is cut, nothing passes. */
  tunnel(isCut: () => boolean = () => false): Tunnel {
    const later = (action: () => void) => setImmediate(() => isCut() || action())
    const decoder = new DebugRequestDecoder()
    const socket = new Duplex({
      read() {},
      write: (chunk: Uint8Array, _encoding, done) => {
        later(() => this.#take(decoder.push(chunk).messages))
        done()
      },
    })
    this.reply = (id, reply) => later(() => socket.push(Buffer.from(encodeDebugReply(id, reply))))
    return {
      socket: socket as Tunnel['socket'],
      whyEnded: () => '',
      isFinal: () => false,
      close: () => socket.destroy(),
    }
  }

  #take(messages: readonly { id: number; body: DebugRequestBody }[]): void {
    for (const { id, body } of messages) this.agent.handle(id, body)
  }

  #halted(): void {
    if (!this.agent.isAttached) return
    this.chip.haltApplication()
    const halt = debugHalt(this.chip)
    if (halt !== undefined) this.agent.debugEvent(halt)
  }

  #restart(): void {
    if (this.#isStarted) this.chip.stopApplication()
    this.#isStarted = true
    this.chip.startApplication(VECTORS)
  }

  #application() {
    return {
      isRunning: true,
      manifestHash: () => this.manifestHash,
      changed: () => undefined,
      restart: () => this.#restart(),
      crash: () => this.#restart(),
    }
  }
}

/** Counts in r0, in a loop; its handlers are the same. */
export function spinningImage(): Uint8Array {
  const image = new Uint8Array(SPIN_BYTES)
  const view = new DataView(image.buffer)
  view.setUint32(0, 0x2008_0000, true)
  for (let vector = 1; vector < 16; vector++) view.setUint32(4 * vector, 0x0800_0401, true)
  // ADDS r0, #1; PUSH {r0}; POP {r1}; B .-6
  for (const [at, code] of [0x3001, 0xb401, 0xbc02, 0xe7fb].entries()) {
    view.setUint16(0x400 + 2 * at, code, true)
  }
  return image
}
