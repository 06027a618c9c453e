/**
 * A board that runs on the wall's clock while somebody looks at it and moves its controls: what a
 * terminal or a browser shows. The picture and the controls are data; who shows them draws.
 *
 * A firmware that the host cannot keep up with runs slower than the wall; what is behind is forgiven.
 */
import {
  type BoardPicture,
  type BoardPlan,
  type ControlRule,
  type ControlValue,
  SerialLine,
} from '@microvisor/mcu'
import type { AppPolicies } from '@microvisor/protocol'
import { BareWorld } from '../scenario/bare-world.ts'
import { readFirmware } from '../scenario/firmware.ts'
import { openKernelParts } from '../scenario/kernel-parts.ts'
import { KernelWorld } from '../scenario/kernel-world.ts'
import { emptyOutside } from '../scenario/outside-plan.ts'
import type { World, WorldEvents } from '../scenario/world.ts'
import { developmentBoard, readBoardFile } from './board-file.ts'
import { linkSerialLine, type SerialLink } from './serial-link.ts'

/** How often the board gets its share of time. */
const TURN_MS = 10
/** Longest stretch in one turn of the host. */
const SLICE_MS = 25
const STRETCH_CYCLES = 100_000
/** Being further behind than this is forgiven. */
const MAX_LAG_MS = 100

export interface LiveBoardOptions {
  readonly firmware: string
  /** A board file; the development board without one. */
  readonly board: string | undefined
  readonly isMicrovisor: boolean
  readonly line: (source: string, text: string) => void
}

/** One thing on the board that can be moved. */
export interface LiveControl {
  readonly part: string
  readonly control: string
  readonly rule: ControlRule
  value: ControlValue
}

export async function openLiveBoard(options: LiveBoardOptions): Promise<LiveBoard> {
  const { firmware: path, board, isMicrovisor } = options
  const firmware = readFirmware({ path, symbolsPath: undefined, isBare: !isMicrovisor })
  const plan = board === undefined ? developmentBoard : readBoardFile(board)
  const kernel = isMicrovisor ? await openKernelParts() : undefined
  const nothing = () => {}
  const events: WorldEvents = {
    line: (source, text) => options.line(source, text),
    fault: ({ exception, pc }) => options.line('fault', `${exception} at 0x${pc.toString(16)}`),
    ...{ started: (cause) => options.line('start', cause), reset: nothing },
    hint: (sentence) => options.line('hint', sentence),
  }
  const given = {
    ...{ firmware, plan, events, seed: 1, worldStartSeconds: Date.now() / 1000 },
    ...{ outside: emptyOutside, policies: (policies: AppPolicies) => policies, isOnBench: false },
  }
  const world = kernel === undefined ? new BareWorld(given) : new KernelWorld(given, kernel)
  const live = new LiveBoard(world, plan)
  try {
    await live.link(options.line)
  } catch (error) {
    live.stop()
    throw error
  }
  return live
}

export class LiveBoard {
  readonly controls: readonly LiveControl[]
  readonly #world: World
  readonly #links: SerialLink[] = []
  #timer: NodeJS.Timeout | undefined
  /** Host time at which virtual time was zero. */
  #epochMs = 0

  constructor(world: World, plan: BoardPlan) {
    this.#world = world
    const { assembly } = world
    this.controls = assembly.names.flatMap((part) => {
      const rules = Object.entries(assembly.kindOf(part)?.controls ?? {})
      const given = plan.parts.find(({ name }) => name === part)?.controls ?? {}
      return rules.map(([control, rule]) => {
        return { part, control, rule, value: given[control] ?? rule.initial }
      })
    })
  }

  start(): void {
    this.#world.powerUp()
    this.#epochMs = performance.now() - this.#virtualMs
    this.#timer = setInterval(() => this.#turn(), TURN_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const link of this.#links) link.close()
    this.#world.close()
  }

  picture(): BoardPicture {
    return this.#world.assembly.picture()
  }

  set(control: LiveControl, value: ControlValue): void {
    control.value = value
    this.#world.assembly.set(control.part, control.control, value)
  }

  /** Connects serial lines whose `link` asks for it to the host. */
  async link(tell: (source: string, text: string) => void): Promise<void> {
    for (const name of this.#world.assembly.names) {
      const part = this.#world.assembly.part(name)
      if (!(part instanceof SerialLine) || part.link === '') continue
      const link = await linkSerialLine(part)
      this.#links.push(link)
      tell('link', `${name} is ${link.place}`)
    }
  }

  get #virtualMs(): number {
    return this.#world.assembly.seconds * 1000
  }

  #turn(): void {
    const { board } = this.#world
    const now = performance.now()
    const target = board.chip.time.cycleAt((now - this.#epochMs) * 1000)
    while (board.chip.cpu.cycles < target && performance.now() < now + SLICE_MS) {
      const next = Math.max(board.chip.cpu.cycles + STRETCH_CYCLES, this.#world.nextCycle)
      this.#world.advance(Math.min(target, next))
    }
    const lagMs = performance.now() - this.#epochMs - this.#virtualMs
    if (lagMs > MAX_LAG_MS) this.#epochMs += lagMs - MAX_LAG_MS
  }
}
