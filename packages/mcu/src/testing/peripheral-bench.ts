/**
 * A bench for one peripheral: real scheduler, wires and pins, clocks that the test sets. Time moves
 * when the test says so.
 */
import { type AccessSize, BusFault } from '../bus.ts'
import { FlashChip, INTERNAL_FLASH_BYTES } from '../flash.ts'
import { Pins } from '../pins/pins.ts'
import { Supply } from '../power.ts'
import type { Registers } from '../registers.ts'
import { EventQueue } from '../scheduler.ts'
import { Ticks } from '../ticks.ts'
import { WireSet } from '../wire.ts'
import type { Peripheral, SystemBus, Wiring } from '../wiring.ts'

export interface BenchOptions {
  /** Cycles of the scheduler a second. */
  readonly cycleHz: number
  /** Of every clock that is not named here. */
  readonly hz: number
  readonly clocks?: Readonly<Record<string, number>>
}

export class PeripheralBench<Model extends Peripheral> {
  readonly scheduler: EventQueue
  readonly pins = new Pins()
  readonly interrupts = new WireSet()
  readonly requests = new WireSet()
  readonly wires = new WireSet()
  /** What DMA sees: little-endian bytes from address 0. */
  readonly memory = new Uint8Array(0x1_0000)
  /** Addresses from here on fail. */
  memoryEnd = 0x1_0000
  readonly flashBytes = new Uint8Array(INTERNAL_FLASH_BYTES).fill(0xff)
  readonly flash = new FlashChip('internal', {
    ...{ bytes: this.flashBytes, supply: new Supply(), onChange() {} },
  })
  readonly unmodelled: string[] = []
  /** Causes of resets that the peripheral asked for. */
  readonly resets: string[] = []
  readonly clocks: Record<string, number>
  readonly model: Model
  #cycle = 0
  readonly #options: BenchOptions
  readonly #ticks: Ticks[] = []
  readonly #onChange: (() => void)[] = []

  constructor(name: string, options: BenchOptions, make: (wiring: Wiring) => Model) {
    this.#options = options
    this.clocks = { ...options.clocks }
    this.scheduler = new EventQueue(() => this.#cycle)
    this.model = make(this.#wiring(name))
  }

  get cycle(): number {
    return this.#cycle
  }

  get microseconds(): number {
    return (this.#cycle / this.#options.cycleHz) * 1e6
  }

  /** Lets time pass, with every event at its cycle. */
  runTo(cycle: number): void {
    while (this.scheduler.next <= cycle) {
      this.#cycle = this.scheduler.next
      this.scheduler.runDue()
    }
    this.#cycle = cycle
  }

  run(cycles: number): void {
    this.runTo(this.#cycle + cycles)
  }

  /** Until nothing is left to happen; `limit` cycles at the most. */
  settle(limit = 1e9): void {
    const end = this.#cycle + limit
    while (this.scheduler.next <= end) this.runTo(this.scheduler.next)
  }

  setClock(name: string, hz: number): void {
    this.clocks[name] = hz
    for (const ticks of this.#ticks) ticks.rebase()
    for (const listener of this.#onChange) listener()
  }

  isPending(line: string): boolean {
    return this.interrupts.get(line).isHigh
  }

  isRequesting(request: string): boolean {
    return this.requests.get(request).isHigh
  }

  read(register: string, size: AccessSize = 4): number {
    return this.#registers.read(this.#offset(register), size, false)
  }

  write(register: string, value: number, size: AccessSize = 4): void {
    this.#registers.write(this.#offset(register), size, value >>> 0, false)
  }

  get #registers(): Registers {
    return this.model.registers
  }

  #offset(register: string): number {
    const found = this.#registers.layout[register]
    if (found === undefined) throw new Error(`There is no register ${register}.`)
    return found.offset
  }

  #wiring(name: string): Wiring {
    const { scheduler, pins } = this
    return {
      ...{ name, scheduler, pins },
      clocks: {
        hz: (clock) => this.clocks[clock] ?? this.#options.hz,
        cycleHz: this.#options.cycleHz,
        ticks: (hz) => {
          const ticks = new Ticks(scheduler, () => hz() / this.#options.cycleHz)
          this.#ticks.push(ticks)
          return ticks
        },
        onChange: (listener) => this.#onChange.push(listener),
      },
      memory: this.#bus(),
      flash: this.flash,
      interrupt: (line) => this.interrupts.get(line).connect(),
      dmaRequest: (request) => this.requests.get(request).connect(),
      dmaWire: (request) => this.requests.get(request),
      wire: (wire) => this.wires.get(wire),
      resetChip: (cause) => this.resets.push(cause),
      notModelled: (register, answer) => this.unmodelled.push(`${register}: ${answer}`),
    }
  }

  #bus(): SystemBus {
    const bench = this
    let fault: BusFault = BusFault.none
    const check = (address: number) => {
      fault = address < bench.memoryEnd ? BusFault.none : BusFault.error
      return fault === BusFault.none
    }
    return {
      get fault() {
        return fault
      },
      read(address, size) {
        if (!check(address)) return 0
        let value = 0
        for (let at = size - 1; at >= 0; at--) value = value * 256 + bench.memory[address + at]!
        return value
      },
      write(address, size, value) {
        if (!check(address)) return
        for (let at = 0; at < size; at++) bench.memory[address + at] = value >>> (8 * at)
      },
    }
  }
}
