/**
 * One run of a scenario: the world advances on virtual time, steps go on when what they wait for
 * comes, and everything that happens is written down. A function of scenario, firmware and seed.
 *
 *   (1) A step goes on at the cycle at which its time is or its news comes, between instructions.
 *   (2) Nothing of the host's clock goes into a result, but for the guard against runs that never end.
 */
import { type BoardPicture, CanNodePart, I2C_NAMES, SPI_NAMES, serialPins } from '@microvisor/mcu'
import { type Firmware, functionAt } from './firmware.ts'
import { LineSplitter } from './lines.ts'
import { PinMeter } from './pin-meter.ts'
import {
  ExpectationError,
  type Run,
  type Scenario,
  type Step,
  type Steps,
  type TextTail,
  type Trouble,
  troubles,
  type Wait,
} from './scenario.ts'
import { type UnmodelledUse, unmodelledUses } from './unmodelled.ts'
import { CAN, Waves } from './waves.ts'
import type { FaultNote, World, WorldEvents } from './world.ts'

/** Cycles between looks at whether a run has ended. */
const STRETCH_CYCLES = 200_000
const TEXT_CHARACTERS_MAX = 1_048_576
const EVENTS_MAX = 100_000
/** Buses whose bytes are in the waveforms. */
const RECORDED_BUSES: readonly string[] = [
  ...[...I2C_NAMES, ...SPI_NAMES, CAN],
  ...Object.keys(serialPins),
]

export interface ScenarioEvent {
  readonly seconds: number
  readonly kind:
    | 'log'
    | 'app'
    | 'kernel'
    | 'step'
    | 'start'
    | 'fault'
    | 'hint'
    | 'note'
    | 'conflict'
    | 'uart'
    | 'can'
    | 'web'
    | 'mqtt'
    | 'bench'
  readonly text: string
}

export interface ScenarioResult {
  readonly file: string
  readonly name: string
  readonly isPassed: boolean
  /** Why not: a sentence, with file and line where a step failed. */
  readonly failure: string | undefined
  readonly line: number | undefined
  readonly seconds: number
  readonly cycles: number
  readonly steps: readonly StepResult[]
  readonly events: readonly ScenarioEvent[]
  readonly pictures: readonly { readonly file: string; readonly picture: BoardPicture }[]
  readonly waves: string
  /** Accesses to what the chip model lacks: how many, and from where to what. */
  readonly unmodelled: number
  readonly unmodelledUses: readonly UnmodelledUse[]
}

interface StepResult {
  readonly line: number
  readonly title: string
  readonly outcome: 'passed' | 'failed' | 'not reached'
  readonly seconds: number
}

export interface RunOptions {
  readonly scenario: Scenario
  readonly firmware: Firmware
  readonly makeWorld: (events: WorldEvents) => World
  /** Waveforms are wanted; they cost time and memory. */
  readonly isRecording: boolean
  /** True once the host has waited long enough for it. */
  readonly isOverdue: () => boolean
  readonly onEvent: (event: ScenarioEvent) => void
}

export function runScenario(options: RunOptions): ScenarioResult {
  const runner = new Runner(options)
  try {
    return runner.run()
  } finally {
    runner.world.close()
  }
}

class Runner implements Run {
  readonly world: World
  readonly firmware: Firmware
  readonly faults: FaultNote[] = []
  readonly #options: RunOptions
  readonly #texts = new Map<string, TextTail & { all: string }>()
  readonly #meters = new Map<string, PinMeter>()
  readonly #events: ScenarioEvent[] = []
  readonly #steps: StepResult[] = []
  readonly #pictures: { file: string; picture: BoardPicture }[] = []
  readonly #waves: Waves
  #wait: Wait | undefined
  #cancelWait: () => void = () => {}
  #generator: Steps | undefined
  #failure: string | undefined
  #failedLine: number | undefined
  /** When it was over: the chip may have gone on to the end of its stretch. */
  #endSeconds = 0
  #isOver = false
  #isResuming = false

  constructor(options: RunOptions) {
    this.#options = options
    this.firmware = options.firmware
    this.world = options.makeWorld(this.#worldEvents())
    this.#waves = new Waves(this.world, this.#waveNames())
    for (const port of Object.keys(serialPins)) this.#listen(port)
    for (const name of this.world.assembly.names) this.#listenToFrames(name)
  }

  get seconds(): number {
    return this.world.assembly.seconds
  }

  run(): ScenarioResult {
    this.world.powerUp()
    this.#generator = this.#script()
    this.#resume()
    const { board } = this.world
    while (!this.#isOver) {
      const { cycles } = board.chip.cpu
      this.world.advance(Math.max(cycles + STRETCH_CYCLES, this.#next()))
      if (this.#options.isOverdue() && !this.#isOver) this.#end('took too long on this machine')
    }
    return this.#result()
  }

  text(source: string): TextTail {
    let tail = this.#texts.get(source)
    if (tail === undefined) {
      tail = { all: '', used: 0 }
      this.#texts.set(source, tail)
    }
    return tail
  }

  pin(name: string): PinMeter {
    let meter = this.#meters.get(name)
    if (meter === undefined) {
      const { ports } = this.world.assembly
      const made = new PinMeter(
        ports.level(name),
        () => this.seconds,
        () => ports.carrierHz(name),
      )
      ports.watch(name, (isHigh) => {
        made.changed(isHigh)
        this.#news(`pin:${name}`)
      })
      this.#meters.set(name, made)
      meter = made
    }
    return meter
  }

  picture(file: string): void {
    this.#pictures.push({ file, picture: this.world.assembly.picture() })
  }

  /** While asleep, straight to what happens next. */
  #next(): number {
    const next = this.world.nextCycle
    return Number.isFinite(next) ? next : 0
  }

  *#script(): Steps {
    const { steps } = this.#options.scenario
    for (const [i, step] of steps.entries()) {
      try {
        yield* step.run(this)
      } catch (error) {
        if (!(error instanceof ExpectationError)) throw error
        this.#done(step, 'failed')
        for (const left of steps.slice(i + 1)) this.#done(left, 'not reached')
        this.#failedLine = step.line
        this.#end(error.message)
        return
      }
      this.#done(step, 'passed')
      this.#event('step', step.title)
    }
    this.#end(undefined)
  }

  #done({ line, title }: Step, outcome: StepResult['outcome']): void {
    this.#steps.push({ line, title, outcome, seconds: this.seconds })
  }

  #resume(): void {
    if (this.#isOver || this.#isResuming) return
    this.#isResuming = true
    this.#cancelWait()
    const { value } = this.#generator!.next()
    this.#isResuming = false
    this.#wait = value ?? undefined
    this.#arm()
  }

  /** Goes on at the wait's time; anew after a reset, which forgets it. */
  #arm(): void {
    this.#cancelWait()
    if (this.#wait === undefined || this.#isOver) return
    const { scheduler, time } = this.world.board.chip
    // Seconds are rounded: a wait that ends at the present cycle might find itself a hair early.
    const cycle = Math.max(time.cycleAt(this.#wait.until * 1e6), scheduler.now + 1)
    this.#cancelWait = scheduler.at(cycle, () => this.#resume())
  }

  /** Goes on with the next instruction: this is called from inside one. */
  #news(topic: string): void {
    if (this.#isOver || this.#wait === undefined || !this.#wait.topics.includes(topic)) return
    this.#cancelWait()
    const { scheduler } = this.world.board.chip
    this.#cancelWait = scheduler.at(scheduler.now, () => this.#resume())
  }

  #end(failure: string | undefined): void {
    this.#isOver = true
    this.#waves.close()
    this.#endSeconds = this.seconds
    this.#failure = failure ?? this.#trouble()
  }

  /** What fails a scenario although no step asked. */
  #trouble(): string | undefined {
    const { allow } = this.#options.scenario
    const { board } = this.world
    const found: Readonly<Record<Trouble, string | undefined>> = {
      fault: this.faults[0] && this.#describeFault(this.faults[0]),
      conflict: board.pins.conflicts[0],
    }
    for (const kind of Object.keys(troubles) as Trouble[]) {
      if (found[kind] !== undefined && !allow.includes(kind)) return found[kind]
    }
    return undefined
  }

  #describeFault({ exception, pc, cfsr, hfsr }: FaultNote): string {
    const where = functionAt(this.firmware.symbols, pc)
    const word = (value: number) => `0x${value.toString(16).padStart(8, '0')}`
    const place = where === undefined ? word(pc) : `${word(pc)} (${where})`
    return `the firmware took a ${exception} at ${place}; CFSR ${word(cfsr)}, HFSR ${word(hfsr)}`
  }

  #worldEvents(): WorldEvents {
    return {
      line: (source, text) => {
        this.#event(source, text)
        this.#say(source === 'app' ? 'log' : source, `${text}\n`)
      },
      fault: (fault) => {
        this.faults.push(fault)
        this.#event('fault', this.#describeFault(fault))
        if (!this.#options.scenario.allow.includes('fault')) this.#end(undefined)
        this.#news('fault')
      },
      started: (cause) => {
        this.#event('start', cause)
        this.#say('start', `${cause}\n`)
      },
      reset: () => this.#arm(),
      hint: (sentence) => this.#event('hint', sentence),
    }
  }

  #listen(port: string): void {
    const lines = new LineSplitter((text) => {
      if (port !== 'USART2') this.#event('uart', `${port}: ${text}`)
    })
    this.world.assembly.ports.hear(port, (byte) => {
      lines.take(byte)
      this.#say(`uart:${port}`, String.fromCharCode(byte))
    })
  }

  #listenToFrames(name: string): void {
    const part = this.world.assembly.part(name)
    if (!(part instanceof CanNodePart)) return
    part.onFrame = (frame) => {
      this.#event('can', `${name}: ${frame}`)
      this.#say(`can:${name}`, `${frame}\n`)
    }
  }

  #say(source: string, text: string): void {
    const tail = this.text(source) as TextTail & { all: string }
    tail.all += text
    const excess = tail.all.length - TEXT_CHARACTERS_MAX
    if (excess > TEXT_CHARACTERS_MAX / 4) {
      tail.all = tail.all.slice(excess)
      tail.used = Math.max(0, tail.used - excess)
    }
    this.#news(source)
  }

  #event(kind: ScenarioEvent['kind'], text: string): void {
    if (this.#events.length >= EVENTS_MAX) return
    const event = { seconds: this.world === undefined ? 0 : this.seconds, kind, text }
    this.#events.push(event)
    this.#options.onEvent(event)
  }

  /** What the scenario names; otherwise every pin, bus and port that a part is on. */
  #waveNames(): readonly string[] {
    if (!this.#options.isRecording) return []
    const { waves, board } = this.#options.scenario
    if (waves.length > 0) return waves
    const values = board.parts.flatMap(({ settings }) => Object.entries(settings))
    const named = values.flatMap(([key, value]) => {
      const isBus = ['bus', 'port'].includes(key) && RECORDED_BUSES.includes(String(value))
      const isWire = isBus || /^P[A-I]\d+$/.test(String(value))
      return isWire && typeof value === 'string' ? [value] : []
    })
    return [...new Set(named)].sort()
  }

  #result(): ScenarioResult {
    const { scenario } = this.#options
    const { chip } = this.world.board
    return {
      ...{ file: scenario.file, name: scenario.name, isPassed: this.#failure === undefined },
      ...{ failure: this.#failure, line: this.#failedLine, seconds: this.#endSeconds },
      ...{ cycles: chip.cpu.cycles, steps: this.#steps },
      ...{ events: this.#events, pictures: this.#pictures, waves: this.#waves.toString() },
      unmodelled: chip.notModelled.total,
      unmodelledUses: unmodelledUses(chip.notModelled.accesses, this.firmware.symbols),
    }
  }
}
