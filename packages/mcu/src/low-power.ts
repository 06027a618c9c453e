/**
 * The chip's low-power modes as the secure side or, without one, PWR enters them, and how long the
 * chip was in each state. RM0456, "Power control (PWR)", "Low-power modes", and the wake-up table there.
 *
 *   sleep            the CPU waits; every enabled interrupt wakes
 *   stop0 to stop3   clocks stand still, SysTick with them; memories and registers stay; only
 *                    interrupts of what has a clock of its own wake: fewer, the deeper the mode
 *   standby          only the backup domain and its RTC go on; waking is a reset
 *   shutdown         as standby, and backup SRAM is lost
 *
 * Not modelled: beside a secure side, timers that the application left running count on in the Stop
 * modes; their interrupts wait until something else has woken the chip.
 */

export type PowerState =
  | 'run'
  | 'sleep'
  | 'stop0'
  | 'stop1'
  | 'stop2'
  | 'stop3'
  | 'standby'
  | 'shutdown'
export type SleepMode = Exclude<PowerState, 'run' | 'standby' | 'shutdown'>

/** RTC, TAMP, IWDG, and PWR_S3WU for the wake-up pins. Numbers: RM0456, vector table. */
const STOP3 = [2, 4, 27, 77]
const EXTI = Array.from({ length: 16 }, (_, line) => 11 + line)
/** And PVD, pins, LPUART1, LPTIM1, COMP, I2C3, LPTIM3, SPI3, UCPD1, LPTIM4, ADF1, ADC4, LPDMA1. */
const STOP2 = [
  ...[...STOP3, 1, ...EXTI, 66, 67, 72, 88, 89, 98, 99, 106, 110, 112],
  ...[113, 114, 115, 116, 117],
]
/** And what asks for its kernel clock: GPDMA1, I2C1, 2 and 4, SPI1-2, USART1-5, LPTIM2, MDF1. */
const STOP1 = [
  ...[...STOP2, 29, 30, 31, 32, 33, 34, 35, 36, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 68],
  ...[80, 81, 82, 83, 84, 85, 86, 87, 100, 101, 102, 103, 104, 105],
]

const wakeSources: Readonly<Record<SleepMode, ReadonlySet<number> | 'all'>> = {
  sleep: 'all',
  stop0: new Set(STOP1),
  stop1: new Set(STOP1),
  stop2: new Set(STOP2),
  stop3: new Set(STOP3),
}

/** What is needed of the CPU. */
interface PrivateBus {
  readPrivate(address: number, isSecure: boolean): number
  writePrivate(address: number, value: number, isSecure: boolean): void
}

const NVIC = { ISER: 0xe000_e100, ISPR: 0xe000_e200 } as const
const SYST_CSR = 0xe000_e010
const ENABLE = 1

export class LowPower {
  readonly #cpu: PrivateBus
  #mode: SleepMode | undefined
  #isRoused = false
  /** SYST_CSR as it was, while the counter stands still. */
  #tick = 0
  /** Microseconds in each state but `run`. */
  readonly times: Record<Exclude<PowerState, 'run'>, number> = {
    ...{ sleep: 0, stop0: 0, stop1: 0, stop2: 0, stop3: 0, standby: 0, shutdown: 0 },
  }

  constructor(cpu: PrivateBus) {
    this.#cpu = cpu
  }

  /** The mode that holds the application now. */
  get mode(): SleepMode | undefined {
    return this.#mode
  }

  enter(mode: SleepMode): void {
    this.#mode = mode
    this.#isRoused = false
    if (mode === 'sleep') return
    this.#tick = this.#cpu.readPrivate(SYST_CSR, false)
    this.#cpu.writePrivate(SYST_CSR, this.#tick & ~ENABLE, false)
  }

  /** The secure side is awake and has something for the application. */
  rouse(): void {
    this.#isRoused = true
  }

  /** Ends the mode if something is there that does; true if none is in force (any more). */
  wake(): boolean {
    if (this.#mode === undefined) return true
    if (!this.#isRoused && !this.#isWoken(wakeSources[this.#mode])) return false
    if (this.#mode !== 'sleep') this.#cpu.writePrivate(SYST_CSR, this.#tick, false)
    this.#mode = undefined
    return true
  }

  /** The application was stopped. */
  reset(): void {
    this.#mode = undefined
  }

  #isWoken(sources: ReadonlySet<number> | 'all'): boolean {
    for (let bank = 0; bank < 4; bank++) {
      const read = (base: number) => this.#cpu.readPrivate(base + bank * 4, true)
      let due = read(NVIC.ISER) & read(NVIC.ISPR)
      if (due !== 0 && sources === 'all') return true
      for (; due !== 0; due &= due - 1) {
        const irq = bank * 32 + (31 - Math.clz32(due & -due))
        if (sources !== 'all' && sources.has(irq)) return true
      }
    }
    return false
  }
}
