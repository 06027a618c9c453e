/** What the debug agent works on: a debug unit over plain registers, and sessions without secrets. */
import type { DataWatch, DebugUnit, SecureSession } from '../hardware.ts'
import type { TestWorld } from './test-hardware.ts'

/** A debug unit over plain registers: what it was told is there to be looked at. */
export class TestDebugUnit implements DebugUnit {
  readonly breakpoints = 8
  readonly watchpoints = 4
  readonly registers = new Map<number, number>()
  readonly runs: string[] = []
  isHalted = false
  isEnabled = false
  set: readonly number[] = []
  patches: readonly number[] = []
  watches: readonly DataWatch[] = []
  readonly #world: TestWorld

  constructor(world: TestWorld) {
    this.#world = world
  }

  enable(isEnabled: boolean): void {
    this.isEnabled = isEnabled
    if (!isEnabled) this.set = []
  }

  halt(): void {
    this.isHalted = true
  }

  run(mode: 'continue' | 'step'): void {
    this.isHalted = false
    this.runs.push(mode)
  }

  setBreakpoints(addresses: readonly number[]): void {
    this.set = addresses
  }

  setPatches(addresses: readonly number[]): void {
    this.patches = addresses
  }

  setWatchpoints(watches: readonly DataWatch[]): void {
    this.watches = watches
  }

  setVectorCatch(): void {}

  readonly faultStatus = { cfsr: 0, hfsr: 0, sfsr: 0, mmfar: 0, bfar: 0, sfar: 0 }

  readRegister(number: number): number | undefined {
    return number <= 64 ? (this.registers.get(number) ?? 0) : undefined
  }

  writeRegister(number: number, value: number): boolean {
    if (number <= 64) this.registers.set(number, value)
    return number <= 64
  }

  read(address: number, into: Uint8Array): number {
    if (!this.#world.isReadable(address, into.length)) return 0
    this.#world.read(address, into)
    return into.length
  }

  write(address: number, from: Uint8Array): number {
    if (!this.#world.isWritable(address, from.length)) return 0
    this.#world.write(address, from)
    return from.length
  }
}

/** Sessions without secrets: what is fed is received, what is sent is drained. */
export class TestSession implements SecureSession {
  state: SecureSession['state'] = 'open'
  failure = ''
  readonly #received: number[] = []
  readonly #outgoing: number[] = []

  feed(bytes: Uint8Array): void {
    this.#received.push(...bytes)
  }

  drain(into: Uint8Array): number {
    return move(this.#outgoing, into)
  }

  send(bytes: Uint8Array): void {
    this.#outgoing.push(...bytes)
  }

  receive(into: Uint8Array): number {
    return move(this.#received, into)
  }

  close(): void {
    this.state = 'closed'
  }
}

function move(from: number[], into: Uint8Array): number {
  const bytes = from.splice(0, into.length)
  into.set(bytes)
  return bytes.length
}
