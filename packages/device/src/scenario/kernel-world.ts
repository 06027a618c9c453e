/**
 * The chip with the microvisor on it: the platform's own kernel boots, verifies and starts the
 * application, and talks to a cloud in this process. Everything on virtual time.
 *
 * Before the scenario begins, a first life of the device fetches and installs the application, as a
 * device in the field would; the scenario starts with what that life left in the flash.
 */
import {
  Assembly,
  Board,
  EXTERNAL_FLASH_BYTES,
  OTP_BYTES,
  Supply,
  seededRandom,
} from '@microvisor/mcu'
import { type FactoryTest, layOutBoot, layOutKernel } from '@microvisor/microvisor'
import { decodeUtf8 } from '@microvisor/protocol'
import { type Dialer, NetworkPort } from '../hardware/network.ts'
import { Machine } from '../machine.ts'
import { usualConditions } from '../network/conditions.ts'
import { ShapedDialer } from '../network/shaped-dialer.ts'
import { VirtualNetworks } from '../network/virtual-networks.ts'
import { closedOptionBytes } from '../provision.ts'
import type { KernelParts, Publication } from './kernel-parts.ts'
import { LineSplitter } from './lines.ts'
import { Outside } from './outside.ts'
import { ScenarioCloud } from './scenario-cloud.ts'
import {
  BROWN_OUT_VOLTS,
  type KernelWorldOptions,
  type ScenarioNetwork,
  type World,
  type WorldEvents,
} from './world.ts'

/** Virtual time that an installation may take. */
const INSTALLATION_SECONDS = 600
/** One way to a cloud nearby. */
const USUAL_LATENCY_MS = 5
const STRETCH_CYCLES = 1_000_000

interface Content {
  readonly publication: Publication
}

interface Flash {
  readonly internal: Uint8Array
  readonly external: Uint8Array
  readonly fuses: Uint8Array
}

export class KernelWorld implements World {
  readonly #life: Life
  readonly network: ScenarioNetwork

  constructor(options: KernelWorldOptions, parts: KernelParts) {
    const publication = parts.publish(options.firmware, options.policies)
    const flash = install(options, parts, publication)
    this.#life = new Life(options, parts, { ...flash, publication })
    this.network = this.#life.network
  }

  get board(): Board {
    return this.#life.board
  }

  get outside(): Outside {
    return this.#life.outside
  }

  get assembly(): Assembly {
    return this.#life.assembly
  }

  get hasPower(): boolean {
    return this.#life.hasPower
  }

  get nextCycle(): number {
    return this.#life.nextCycle
  }

  powerUp(): void {
    this.#life.powerUp()
  }

  powerDown(): void {
    this.#life.powerDown()
  }

  setSupply(volts: number): void {
    this.#life.setSupply(volts)
  }

  reset(): void {
    this.#life.reset()
  }

  advance(untilCycle: number): void {
    this.#life.advance(untilCycle)
  }

  close(): void {
    if (this.hasPower) this.#life.powerDown()
  }
}

/** The device's flash once the application has been fetched and started. */
function install(options: KernelWorldOptions, parts: KernelParts, publication: Publication): Flash {
  const internal = new Uint8Array(0x20_0000).fill(0xff)
  for (const { offset, bytes } of [layOutBoot(parts.boot), ...layOutKernel(parts.image)])
    internal.set(bytes, offset)
  const external = new Uint8Array(EXTERNAL_FLASH_BYTES).fill(0xff)
  const fuses = new Uint8Array(OTP_BYTES).fill(0xff)
  fuses.set(parts.fuses.subarray(0, OTP_BYTES))
  let hasStarted = false
  let last = 'nothing'
  const nothing = () => {}
  const events: WorldEvents = {
    ...{ fault: nothing, reset: nothing, hint: nothing },
    line: (_, text) => {
      last = text
    },
    started: (cause) => {
      hasStarted ||= cause === 'application'
    },
  }
  const plan = { ...options.plan, parts: [] }
  const life = new Life({ ...options, plan, events, isOnBench: false }, parts, {
    ...{ internal, external, fuses, publication },
  })
  life.powerUp()
  while (!hasStarted && life.assembly.seconds < INSTALLATION_SECONDS) {
    life.advance(
      Math.min(Math.max(life.board.chip.cpu.cycles + STRETCH_CYCLES, life.nextCycle), 2 ** 50),
    )
  }
  if (!hasStarted) {
    throw new Error(`The kernel did not install and start the application; it last said: ${last}`)
  }
  life.powerDown()
  return { internal: life.board.chip.flashBytes.slice(), external, fuses }
}

/** One device from power-up on. */
class Life {
  readonly board: Board
  readonly assembly: Assembly
  readonly network: ScenarioNetwork
  readonly outside: Outside
  readonly #machine: Machine
  readonly #supply = new Supply()
  readonly #events: WorldEvents
  readonly #random: () => number
  #hasPower = false

  constructor(options: KernelWorldOptions, parts: KernelParts, flash: Flash & Content) {
    const { seed, plan, worldStartSeconds, events } = options
    this.#events = events
    this.#random = seededRandom(seed)
    this.board = this.#makeBoard(flash, seed)
    this.board.chip.flashBytes.set(flash.internal)
    this.board.chip.onReset = () => {
      this.assembly?.chipWasReset()
      events.reset()
    }
    this.assembly = new Assembly({
      ...{ board: this.board, plan, worldStartSeconds },
      random: () => this.#random() / 2 ** 32,
      hint: (sentence) => events.hint(sentence),
    })
    this.outside = new Outside({
      plan: options.outside,
      after: (ms, action) => this.#after(ms, action),
      tell: (source, line) => events.line(source, line),
    })
    const port = this.#makeNetwork(flash.publication, options.between ?? ((cloud) => cloud))
    this.network = port.network
    this.#machine = this.#makeMachine(port.port, parts, options.isOnBench)
  }

  get hasPower(): boolean {
    return this.#hasPower
  }

  get nextCycle(): number {
    const { chip } = this.board
    return this.#hasPower ? this.#machine.nextCycle : chip.scheduler.next
  }

  powerUp(): void {
    this.#hasPower = true
    this.#supply.powerUp()
    this.assembly.powerUp()
    this.#machine.powerUp()
  }

  /** A brown-out is a loss of power here. */
  setSupply(volts: number): void {
    this.board.chip.peripherals.PWR.setSupply(volts)
    const isLow = volts < BROWN_OUT_VOLTS
    if (isLow && this.#hasPower) this.powerDown()
    else if (!isLow && !this.#hasPower) this.powerUp()
  }

  reset(): void {
    this.#machine.resetByPin()
  }

  powerDown(): void {
    this.#hasPower = false
    this.#machine.powerDown()
    this.#supply.turnOff()
    this.board.chip.reset('power-on')
  }

  /** Time passes also without power. */
  advance(untilCycle: number): void {
    const { chip } = this.board
    while (chip.cpu.cycles < untilCycle) {
      if (!this.#hasPower) {
        chip.run(
          Math.min(untilCycle, Math.max(chip.cpu.cycles + STRETCH_CYCLES, chip.scheduler.next)),
        )
        continue
      }
      const next = this.#machine.nextCycle
      const stretch = Math.max(
        chip.cpu.cycles + STRETCH_CYCLES / 10,
        Number.isFinite(next) ? next : 0,
      )
      this.#machine.advance(Math.min(untilCycle, stretch))
      this.#machine.deliver()
    }
  }

  #makeBoard({ external, fuses }: Flash, seed: number): Board {
    const nothing = () => {}
    const log = new LineSplitter((text) => this.#events.line('log', text))
    return new Board({
      ...{ supply: this.#supply, hasSecureSide: true, externalFlash: external, otp: fuses },
      optionBytes: closedOptionBytes(),
      uniqueId: Uint8Array.from({ length: 12 }, (_, i) => (seed + i) & 0xff),
      events: {
        ...{ internalFlashChanged: nothing, externalFlashChanged: nothing, otpChanged: nothing },
        ...{ userLed: nothing, systemLed: nothing },
        logByte: (byte) => log.take(byte),
      },
    })
  }

  get #microseconds(): number {
    const { time, cpu } = this.board.chip
    return time.microseconds(cpu.cycles)
  }

  #after(ms: number, action: () => void): () => void {
    const { scheduler, time } = this.board.chip
    return scheduler.at(time.cycleAt(this.#microseconds + ms * 1000), action)
  }

  #makeNetwork(publication: Publication, between: (cloud: Dialer) => Dialer) {
    const after = (ms: number, action: () => void) => this.#after(ms, action)
    const cloud = new ScenarioCloud({
      ...{ publication, outside: this.outside, after },
      events: { logLine: (text) => this.#events.line('app', text) },
      wallMicroseconds: () => BigInt(Math.round(this.assembly.worldSeconds * 1e6)),
    })
    const usual = { ...usualConditions.interfaces.ethernet, latencyMs: USUAL_LATENCY_MS }
    const interfaces = { ...usualConditions.interfaces, ethernet: usual }
    const networks = new VirtualNetworks(
      { ...usualConditions, interfaces },
      { activeChanged: (active) => moved(active !== undefined) },
    )
    const dialer = new ShapedDialer(between(cloud), {
      ...{ now: () => this.#microseconds / 1000, after, way: () => networks.way },
      random: () => this.#random() / 2 ** 32,
    })
    const port = new NetworkPort(
      dialer,
      () => this.#machine.networkChanged(),
      (credentials) => networks.joinWifi(credentials),
    )
    const moved = (isUp: boolean) => {
      port.setLink(false)
      if (isUp) port.setLink(true)
    }
    return { port, network: scenarioNetwork(networks, port) }
  }

  #makeMachine(network: NetworkPort, { deviceKey }: KernelParts, isOnBench: boolean): Machine {
    const events = this.#events
    const tell = (line: string) => events.line('bench', line)
    return new Machine({
      ...{ board: this.board, network, deviceKey },
      secureSessions: { accept: refuseSession },
      factoryTest: isOnBench ? factoryBench(tell) : undefined,
      random: (into) => {
        for (let i = 0; i < into.length; i++) into[i] = this.#random()
      },
      events: {
        booted: ({ resetCause }) => events.started(resetCause),
        lockedDown: ({ detail }) => events.line('kernel', `locked down: ${detail}`),
        kernelFailed: (error) => events.line('kernel', `failed: ${String(error)}`),
        powerLost: (reason) => events.line('kernel', reason),
        applicationStarted: () => events.started('application'),
        applicationStopped: () => events.line('kernel', 'application stopped'),
        applicationFaulted: ({ exception, registers, cfsr, hfsr }) => {
          const { pc, lr } = registers
          events.fault({ exception, pc, lr, cfsr, hfsr })
        },
        trace: (line) => events.line('kernel', line),
        notModelled: () => {},
      },
    })
  }
}

function factoryBench(tell: (line: string) => void): FactoryTest {
  return {
    log: (text) => tell(decodeUtf8(text)),
    complete: (status) => tell(status === 0 ? 'passed' : `failed ${status}`),
  }
}

function refuseSession(): never {
  throw new Error('A scenario has no debugger.')
}

function scenarioNetwork(networks: VirtualNetworks, port: NetworkPort): ScenarioNetwork {
  return {
    set: (name, change) => networks.set(name, change),
    setAccessPoints: (points) => networks.setAccessPoints(points),
    get state() {
      return port.state
    },
    get interface() {
      return networks.active ?? 'none'
    },
  }
}
