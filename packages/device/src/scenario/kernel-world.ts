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
import { layOutBoot, layOutKernel } from '@microvisor/microvisor'
import { NetworkPort } from '../hardware/network.ts'
import { Machine } from '../machine.ts'
import { type InterfaceConditions, usualConditions } from '../network/conditions.ts'
import { ShapedDialer } from '../network/shaped-dialer.ts'
import { VirtualNetworks } from '../network/virtual-networks.ts'
import { closedOptionBytes } from '../provision.ts'
import type { KernelParts, Publication } from './kernel-parts.ts'
import { LineSplitter } from './lines.ts'
import { ScenarioCloud } from './scenario-cloud.ts'
import type { ScenarioNetwork, World, WorldEvents, WorldOptions } from './world.ts'

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

  constructor(options: WorldOptions, parts: KernelParts) {
    const publication = parts.publish(options.firmware.image)
    const flash = install(options, parts, publication)
    this.#life = new Life(options, parts, { ...flash, publication })
    this.network = this.#life.network
  }

  get board(): Board {
    return this.#life.board
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

  reset(): void {
    if (!this.hasPower) return
    this.#life.powerDown()
    this.#life.powerUp()
  }

  advance(untilCycle: number): void {
    this.#life.advance(untilCycle)
  }

  close(): void {
    if (this.hasPower) this.#life.powerDown()
  }
}

/** The device's flash once the application has been fetched and started. */
function install(options: WorldOptions, parts: KernelParts, publication: Publication): Flash {
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
  const life = new Life({ ...options, plan, events }, parts, {
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
  readonly #machine: Machine
  readonly #supply = new Supply()
  readonly #events: WorldEvents
  readonly #random: () => number
  #hasPower = false

  constructor(options: WorldOptions, parts: KernelParts, flash: Flash & Content) {
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
    const port = this.#makeNetwork(flash.publication)
    this.network = port.network
    this.#machine = this.#makeMachine(port.port, parts)
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

  #makeNetwork(publication: Publication) {
    const { scheduler, time, cpu } = this.board.chip
    const now = () => time.microseconds(cpu.cycles)
    const after = (ms: number, action: () => void) =>
      scheduler.at(time.cycleAt(now() + ms * 1000), action)
    const cloud = new ScenarioCloud({
      publication,
      events: { logLine: (text) => this.#events.line('app', text) },
      wallMicroseconds: () => BigInt(Math.round(this.assembly.worldSeconds * 1e6)),
      soon: (action) => void after(0, action),
    })
    const usual = { ...usualConditions.interfaces.ethernet, latencyMs: USUAL_LATENCY_MS }
    const interfaces = { ...usualConditions.interfaces, ethernet: usual }
    const networks = new VirtualNetworks(
      { ...usualConditions, interfaces },
      { activeChanged: (active) => moved(active !== undefined) },
    )
    const dialer = new ShapedDialer(cloud, {
      ...{ now: () => now() / 1000, after, way: () => networks.way },
      random: () => this.#random() / 2 ** 32,
    })
    const port = new NetworkPort(dialer, () => this.#machine.networkChanged())
    const moved = (isUp: boolean) => {
      port.setLink(false)
      if (isUp) port.setLink(true)
    }
    return { port, network: scenarioNetwork(networks, port) }
  }

  #makeMachine(network: NetworkPort, { deviceKey }: KernelParts): Machine {
    const events = this.#events
    return new Machine({
      ...{ board: this.board, network, deviceKey },
      secureSessions: { accept: refuseSession },
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

function refuseSession(): never {
  throw new Error('A scenario has no debugger.')
}

function scenarioNetwork(networks: VirtualNetworks, port: NetworkPort): ScenarioNetwork {
  const set = (change: Partial<InterfaceConditions>) => networks.set('ethernet', change)
  return {
    setLink: (isUp) => set({ isUp }),
    setQuality({ latencySeconds, bytesPerSecond }) {
      const isLimited = Number.isFinite(bytesPerSecond)
      set({ latencyMs: latencySeconds * 1000, bytesPerSecond: isLimited ? bytesPerSecond : 0 })
    },
    get state() {
      return port.state
    },
  }
}
