/**
 * How the chip waits: Sleep, the Stop modes, Standby and Shutdown, entered by the secure side or,
 * without one, by WFI with SLEEPDEEP as PWR's LPMS says. RM0456, "Low-power modes".
 *
 * Standby and Shutdown switch everything off but the backup domain, the wake-up lines and, in Standby,
 * the independent watchdog; pins float, or are pulled as PWR says. An interrupt line of what goes on
 * ends them, by a reset. Counters whose SMEN bit is off stand while the CPU sleeps.
 */
import type { Cpu } from './cpu/cpu.ts'
import { LowPower } from './low-power.ts'
import type { Rcc } from './peripherals/rcc.ts'
import { buses, type rccLayout } from './peripherals/rcc-layout.ts'
import type { Pins } from './pins/pins.ts'
import { PINS_PER_PORT, portNames } from './pins/ports.ts'
import type { VirtualTime } from './virtual-time.ts'
import type { PowerControl } from './wiring.ts'

const SCR = 0xe000_ed10
const SLEEPDEEP = 1 << 2
/** Lines of what goes on in Standby and Shutdown; the RTC's alone is no pin's. */
export const RTC_IRQ = 2
const TAMP_IRQ = 4
const PWR_S3WU_IRQ = 77
const WAKING_IRQS: readonly number[] = [RTC_IRQ, TAMP_IRQ, PWR_S3WU_IRQ]

export type DeepMode = 'standby' | 'shutdown'

export interface ChipSleepParts {
  readonly cpu: Cpu
  readonly rcc: Rcc
  readonly time: VirtualTime
  readonly pins: Pins
  readonly pwr: PowerControl
  /** Resets what loses its power. */
  stop(keptPeripherals: readonly string[]): void
  /** The line of this interrupt is high. */
  isInterrupting(irq: number): boolean
  /** Woken without a secure side. */
  requestReset(): void
}

/** Kernel clocks by the SMEN bit that lets them run in Sleep. */
const sleepBits = Object.entries(buses).flatMap(([bus, list]) =>
  list.split(' ').flatMap((entry) => {
    const [name = '', bit] = entry.split(':')
    const [register = '', half = ''] = bus.split('_')
    const [place] = [`${register}SMENR${half}`] as [keyof typeof rccLayout]
    return /^(LP)?TIM|^WWDG/.test(name) ? [{ name, register: place, bit: Number(bit) }] : []
  }),
)

export class ChipSleep {
  readonly lowPower: LowPower
  readonly #parts: ChipSleepParts
  #deep: { readonly mode: DeepMode; readonly woken: (irq: number) => void } | undefined
  /** Stand while a debugger has halted the CPU. */
  #frozen: readonly string[] = []
  #isAsleep = false

  constructor(parts: ChipSleepParts) {
    this.#parts = parts
    this.lowPower = new LowPower(parts.cpu)
  }

  get deepMode(): DeepMode | undefined {
    return this.#deep?.mode
  }

  /** `woken` is told when an interrupt of what goes on would end it, at once if one already does. */
  enterDeep(mode: DeepMode, woken: (irq: number) => void): void {
    const { pwr, stop, isInterrupting } = this.#parts
    stop(mode === 'standby' ? ['PWR', 'IWDG'] : ['PWR'])
    this.#holdPins()
    this.#deep = { mode, woken }
    if (pwr.isWoken) woken(PWR_S3WU_IRQ)
    else if (isInterrupting(RTC_IRQ)) woken(RTC_IRQ)
  }

  /** The chip was reset. */
  reset(): void {
    this.#deep = undefined
    this.#isAsleep = false
    this.lowPower.reset()
  }

  lineRaised(irq: number): void {
    if (WAKING_IRQS.includes(irq)) this.#deep?.woken(irq)
  }

  /** Without a secure side: WFI with SLEEPDEEP enters the mode that PWR's LPMS selects. */
  enterBySoftware(): void {
    const { cpu, pwr, rcc, requestReset } = this.#parts
    if (this.lowPower.mode !== undefined || this.#deep !== undefined) return
    if ((cpu.readPrivate(SCR, false) & SLEEPDEEP) === 0) return
    const mode = pwr.deepMode
    if (mode === 'standby' || mode === 'shutdown') {
      this.enterDeep(mode, requestReset)
      return
    }
    pwr.note('STOPF')
    rcc.enterStop()
    this.lowPower.enter(mode)
  }

  /** Until `cycle` nothing is executed. */
  pass(cycle: number): void {
    const { cpu, time } = this.#parts
    if (!Number.isFinite(cycle)) {
      cpu.skipTo(cycle)
      return
    }
    const from = time.microseconds(cpu.cycles)
    cpu.skipTo(cycle)
    const state = this.#deep?.mode ?? this.lowPower.mode ?? 'sleep'
    this.lowPower.times[state] += time.microseconds(cpu.cycles) - from
  }

  /** The CPU begins or ends to wait for an interrupt: what has no clock in Sleep is held, or let go. */
  set isAsleep(isAsleep: boolean) {
    if (isAsleep === this.#isAsleep) return
    this.#isAsleep = isAsleep
    if (this.#parts.rcc.hasSleepers) this.#hold()
  }

  /** A debugger has halted or resumed the CPU, with these instances frozen. */
  freeze(names: readonly string[]): void {
    this.#frozen = names
    this.#hold()
  }

  #hold(): void {
    const { rcc } = this.#parts
    const sleepers = this.#isAsleep
      ? sleepBits.filter(({ register, bit }) => !rcc.isClocked(register, bit))
      : []
    rcc.hold(new Set([...this.#frozen, ...sleepers.map(({ name }) => name)]))
  }

  #holdPins(): void {
    const { pins, pwr } = this.#parts
    for (const port of portNames) {
      for (let pin = 0; pin < PINS_PER_PORT; pin++) {
        pins.pad(`P${port}${pin}`).chip.pull(pwr.pullOf(port, pin))
      }
    }
  }
}
