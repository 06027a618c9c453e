/**
 * RCC: reset and clock control. RM0456, chapter "Reset and clock control (RCC)".
 *
 * Oscillators and PLLs are ready at once; SWS follows SW at once, if what it selects runs. The
 * clock tree gives every bus and kernel clock its frequency (clock-tree.ts); enable bits gate the
 * bus interface of each peripheral (address-map.ts); reset bits reset it.
 *
 * A crystal can fail: with CSSON the chip goes on from MSIS or HSI and takes an NMI, with LSECSSON the
 * LSECSSD interrupt. Counters stand in Sleep without their SMEN bit (rcc-sleep.ts); clock outputs are
 * in rcc-outputs.ts.
 *
 * Tagged or not modelled: calibration, MSI's PLL mode, SMEN of what is no counter, AHBxDIS and APBxDIS,
 * autonomous mode, the security of its registers.
 */
import type { Scheduler } from '../bus.ts'
import { type Field, RegisterFile } from '../registers.ts'
import { Ticks } from '../ticks.ts'
import type { Clocks } from '../wiring.ts'
import { fixedClocks, kernelClocks, msiHz, oscillatorHz, timerBuses } from './clock-tree.ts'
import { rccLayout } from './rcc-layout.ts'

/** Frequencies in hertz. */
export interface Frequencies {
  readonly sysclk: number
  readonly hclk: number
  readonly pclk1: number
  readonly pclk2: number
  readonly pclk3: number
}

export interface RccEvents {
  /** The clock tree has changed. */
  changed(): void
  /** A reset bit was set: `register` is the enable register with the same bit positions. */
  resetPeripheral(register: string, bit: number): void
  /** BDCR.BDRST: everything in the backup domain is reset. */
  resetBackup(): void
  /** A ready flag whose interrupt is enabled is set. */
  interrupt(isHigh: boolean): void
  /** HSE failed under the clock security system. */
  nonMaskableInterrupt(): void
  /** LSE failed under its own. */
  lseFailed(isHigh: boolean): void
  /** PWR_DBPR.DBP: the backup domain, BDCR in it, may be written. */
  isBackupOpen(): boolean
}

/** CFGR1.SW and SWS. */
const SW = { msis: 0, hsi: 1, hse: 2, pll1: 3 } as const
const PLL_SRC_HSE = 3

const READY = [
  ['MSISON', 'MSISRDY'],
  ['MSIKON', 'MSIKRDY'],
  ['HSION', 'HSIRDY'],
  ['HSI48ON', 'HSI48RDY'],
  ['SHSION', 'SHSIRDY'],
  ['HSEON', 'HSERDY'],
  ['PLL1ON', 'PLL1RDY'],
  ['PLL2ON', 'PLL2RDY'],
  ['PLL3ON', 'PLL3RDY'],
] as const

/** Bits of CIER, CIFR and CICR that tell of these; CSSF is another. */
const READY_FLAGS: readonly (readonly [register: 'CR' | 'BDCR', ready: string])[] = [
  ...(['MSISRDY', 'HSIRDY', 'HSERDY', 'HSI48RDY', 'PLL1RDY'] as const).map(
    (ready) => ['CR', ready] as const,
  ),
  ...(['PLL2RDY', 'PLL3RDY', 'MSIKRDY', 'SHSIRDY'] as const).map((ready) => ['CR', ready] as const),
  ...(['LSIRDY', 'LSERDY'] as const).map((ready) => ['BDCR', ready] as const),
]
const CSSF = 1 << 10

const RESET_FLAGS = 0xfe00_0000
/** Clocks of Stop: the backup domain's, and those that peripherals ask for. */
const STOP_CLOCKS = ['lse', 'lsi', 'hsi', 'msik']
const SLEEP_REGISTERS = (Object.keys(rccLayout) as (keyof typeof rccLayout)[]).filter((name) =>
  name.includes('SMENR'),
)

/** CSR.MSIKSRANGE and MSISSRANGE. */
const SLEEP_RANGES = 0xff00

export class Rcc implements Clocks {
  readonly registers: RegisterFile<typeof rccLayout>
  readonly #events: RccEvents
  readonly #scheduler: Scheduler
  readonly #ticks: Ticks[] = []
  readonly #listeners: (() => void)[] = []
  /** Frequencies that have been asked for since the tree last changed. */
  readonly #known = new Map<string, number>()
  #frequencies: Frequencies
  #isStopped = false
  #held: ReadonlySet<string> = new Set()
  #hasSleepers = false
  readonly #failed = { hse: false, lse: false }

  constructor(scheduler: Scheduler, events: RccEvents) {
    this.#scheduler = scheduler
    this.#events = events
    const settled = { write: () => this.#settle() }
    const resetting = (register: string) => ({
      write: (written: number, before: number) => this.#resetPeripherals(register, written, before),
    })
    this.registers = new RegisterFile(rccLayout, {
      ...{ CR: settled, ICSCR1: settled, CFGR1: settled, CFGR2: settled, CFGR3: settled },
      ...{ PLL1CFGR: settled, PLL1DIVR: settled, PLL1FRACR: settled },
      BDCR: {
        writable: () => events.isBackupOpen(),
        write: (written, before) => this.#backupWritten(written, before),
      },
      CIER: { write: () => this.#tell() },
      CICR: { write: (bits) => this.#acknowledge(bits) },
      ...{ PLL2CFGR: settled, PLL2DIVR: settled, PLL2FRACR: settled },
      ...{ PLL3CFGR: settled, PLL3DIVR: settled, PLL3FRACR: settled },
      ...{ CCIPR1: settled, CCIPR2: settled, CCIPR3: settled },
      ...{ AHB1RSTR: resetting('AHB1ENR'), AHB2RSTR1: resetting('AHB2ENR1') },
      ...{ AHB2RSTR2: resetting('AHB2ENR2'), AHB3RSTR: resetting('AHB3ENR') },
      ...{ APB1RSTR1: resetting('APB1ENR1'), APB1RSTR2: resetting('APB1ENR2') },
      ...{ APB2RSTR: resetting('APB2ENR'), APB3RSTR: resetting('APB3ENR') },
      ...Object.fromEntries(
        SLEEP_REGISTERS.map((name) => [name, { write: () => this.#sleepWritten() }]),
      ),
      CSR: { write: (written) => this.#clearResetFlags(written) },
    })
    this.#frequencies = this.#tree()
  }

  get frequencies(): Frequencies {
    return this.#frequencies
  }

  get cycleHz(): number {
    return this.#frequencies.hclk
  }

  hz(clock: string): number {
    if (this.#held.has(clock)) return 0
    let hertz = this.#known.get(clock)
    if (hertz === undefined) {
      hertz = this.#work(clock)
      this.#known.set(clock, hertz)
    }
    return hertz
  }

  ticks(hz: () => number): Ticks {
    const ticks = new Ticks(this.#scheduler, () => hz() / this.cycleHz)
    this.#ticks.push(ticks)
    return ticks
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  isClocked(register: keyof typeof rccLayout, bit: number): boolean {
    return ((this.registers.get(register) >>> bit) & 1) === 1
  }

  /** The kernel clocks of these instances stand until told otherwise: a debugger, or Sleep, holds them. */
  hold(names: ReadonlySet<string>): void {
    if (names.size === 0 && this.#held.size === 0) return
    this.#held = names
    for (const ticks of this.#ticks) ticks.rebase()
  }

  /** A function that tells whether an enable bit is on; without one: always. */
  clockOf(place: readonly [keyof typeof rccLayout, number] | undefined): () => boolean {
    if (place === undefined) return () => true
    const [register, bit] = place
    const cell = this.registers.cell(register, { bit, width: 1 })
    return () => cell.isSet
  }

  /** Some SMEN bit is off. */
  get hasSleepers(): boolean {
    return this.#hasSleepers
  }

  /** A crystal stops, or oscillates again. */
  setCrystal(name: 'hse' | 'lse', isRunning: boolean): void {
    const { registers: r } = this
    this.#failed[name] = !isRunning
    const isWatched = name === 'hse' ? r.is('CR', 'CSSON') : r.is('BDCR', 'LSECSSON')
    const isReady = name === 'hse' ? r.is('CR', 'HSERDY') : r.is('BDCR', 'LSERDY')
    if (!isRunning && isWatched && isReady) this.#secureClock(name)
    this.#settle()
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Stop: bus clocks and what is made of PLLs, MSIS and HSE stand; what has LSE, LSI, HSI or MSIK goes on. */
  enterStop(): void {
    this.#isStopped = true
    this.#changed()
  }

  /** Out of Stop the chip runs from MSIS, or from HSI if STOPWUCK says so; HSE and PLLs are off. */
  leaveStop(): void {
    const { registers: r } = this
    this.#isStopped = false
    for (const on of ['HSEON', 'PLL1ON', 'PLL2ON', 'PLL3ON'] as const) r.set('CR', on, false)
    this.#fallBack()
    this.#settle()
  }

  /**
   * Back to reset values; `flags` are the bits of RCC_CSR that tell why. Only a loss of power takes the
   * backup domain; MSI's ranges for after Standby hold but through that.
   */
  reset(flags: number, isPowerLost: boolean): void {
    const { registers: r } = this
    this.#isStopped = false
    this.#held = new Set()
    const kept = r.get('CSR') & (isPowerLost ? RESET_FLAGS : RESET_FLAGS | SLEEP_RANGES)
    const dropped = isPowerLost ? RESET_FLAGS : RESET_FLAGS | SLEEP_RANGES
    const backup = r.get('BDCR')
    r.reset()
    this.#hasSleepers = false
    if (!isPowerLost) r.setAll('BDCR', backup)
    r.setAll('CSR', (r.get('CSR') & ~dropped) | kept | flags)
    this.#tell()
    this.#settle()
  }

  /** RM0456, "Clock security system (CSS)" and "Clock security system on LSE". */
  #secureClock(name: 'hse' | 'lse'): void {
    const { registers: r } = this
    if (name === 'lse') {
      r.set('BDCR', 'LSECSSD', true)
      this.#events.lseFailed(true)
      return
    }
    const isFromPll = r.get('CFGR1', 'SWS') === SW.pll1 && r.get('PLL1CFGR', 'SRC') === PLL_SRC_HSE
    r.set('CR', 'HSEON', false)
    if (isFromPll) r.set('CR', 'PLL1ON', false)
    if (isFromPll || r.get('CFGR1', 'SWS') === SW.hse) this.#fallBack()
    r.set('CIFR', 'CSSF', true)
    this.#events.nonMaskableInterrupt()
  }

  /** MSIS, or HSI if STOPWUCK says so. */
  #fallBack(): void {
    const { registers: r } = this
    const isHsi = r.is('CFGR1', 'STOPWUCK')
    r.set('CR', isHsi ? 'HSION' : 'MSISON', true)
    r.set('CFGR1', 'SW', isHsi ? SW.hsi : SW.msis)
  }

  #sleepWritten(): void {
    const { registers: r } = this
    this.#hasSleepers = SLEEP_REGISTERS.some((name) => r.get(name) !== 0xffff_ffff)
  }

  #backupWritten(written: number, before: number): void {
    const { bit } = rccLayout.BDCR.fields.BDRST
    if (((written & ~before) >>> bit) & 1) {
      this.registers.setAll('BDCR', 2 ** bit)
      this.#events.resetBackup()
    }
    this.#settle()
  }

  #acknowledge(bits: number): void {
    this.registers.setAll('CIFR', this.registers.get('CIFR') & ~bits)
    this.#tell()
  }

  #tell(): void {
    const { registers: r } = this
    this.#events.interrupt((r.get('CIER') & r.get('CIFR') & ~CSSF) !== 0)
  }

  #settle(): void {
    const { registers: r } = this
    const before = READY_FLAGS.map(([register, ready]) => r.is(register, ready as never))
    for (const [on, ready] of READY) r.set('CR', ready, r.get('CR', on))
    if (this.#failed.hse) r.set('CR', 'HSERDY', false)
    r.set('BDCR', 'LSERDY', r.is('BDCR', 'LSEON') && !this.#failed.lse)
    r.set('BDCR', 'LSESYSRDY', r.get('BDCR', 'LSESYSEN'))
    r.set('BDCR', 'LSIRDY', r.get('BDCR', 'LSION'))
    const selected = (['MSISRDY', 'HSIRDY', 'HSERDY', 'PLL1RDY'] as const)[r.get('CFGR1', 'SW')]
    if (r.is('CR', selected)) r.set('CFGR1', 'SWS', r.get('CFGR1', 'SW'))
    if (!r.is('BDCR', 'LSECSSON')) this.#events.lseFailed(false)
    this.#flagReady(before)
    this.#changed()
  }

  #flagReady(before: readonly boolean[]): void {
    const { registers: r } = this
    READY_FLAGS.forEach(([register, ready], n) => {
      const isNew = r.is(register, ready as never) && !before[n]
      if (isNew && r.is('CIER', `${ready}IE`)) r.set('CIFR', `${ready}F` as 'CSSF', true)
    })
    this.#tell()
  }

  #changed(): void {
    this.#known.clear()
    this.#frequencies = this.#tree()
    this.#events.changed()
    for (const ticks of this.#ticks) ticks.rebase()
    for (const listener of this.#listeners) listener()
  }

  #tree(): Frequencies {
    const { registers: r } = this
    const hse = this.#failed.hse ? 0 : oscillatorHz.hse
    const sources = [this.#msi('S'), oscillatorHz.hsi, hse, this.#pll(1, 'R')]
    const sysclk = Math.max(1, Math.floor(sources[r.get('CFGR1', 'SWS')]!))
    const hpre = r.get('CFGR2', 'HPRE')
    const hclk = Math.floor(sysclk / (hpre < 8 ? 1 : [2, 4, 8, 16, 64, 128, 256, 512][hpre - 8]!))
    const pclk = (ppre: number) => Math.floor(hclk / (ppre < 4 ? 1 : 2 << (ppre - 4)))
    return {
      sysclk,
      hclk,
      pclk1: pclk(r.get('CFGR2', 'PPRE1')),
      pclk2: pclk(r.get('CFGR2', 'PPRE2')),
      pclk3: pclk(r.get('CFGR3', 'PPRE3')),
    }
  }

  #work(clock: string): number {
    const [source = '', divisor] = clock.split('/')
    if (divisor !== undefined) return this.hz(source) / Number(divisor)
    if (clock === '-') return 0
    const selection = kernelClocks[clock]
    if (selection !== undefined) {
      const { register, field, sources } = selection
      const { bit, width } = rccLayout[register].fields[field as never] as Field
      const value = (this.registers.get(register) >>> bit) & ((1 << width) - 1)
      return this.hz(sources[value] ?? '-')
    }
    const bus = timerBuses[clock]
    if (bus !== undefined && this.#isStopped) return 0
    if (bus !== undefined) return this.#frequencies[bus] * (this.#isDivided(bus) ? 2 : 1)
    const fixed = fixedClocks[clock]
    return fixed === undefined ? this.#root(clock) : this.hz(fixed)
  }

  #isDivided(bus: 'pclk1' | 'pclk2'): boolean {
    return this.registers.get('CFGR2', bus === 'pclk1' ? 'PPRE1' : 'PPRE2') >= 4
  }

  /** Bus clocks, oscillators and PLL outputs; an oscillator that is off stands. */
  #root(clock: string): number {
    const { registers: r } = this
    if (this.#isStopped && !STOP_CLOCKS.includes(clock)) return 0
    if (clock in this.#frequencies) return this.#frequencies[clock as keyof Frequencies]
    const pll = /^pll([123])([pqr])$/.exec(clock)
    if (pll !== null) {
      return this.#pll(Number(pll[1]) as 1 | 2 | 3, pll[2]!.toUpperCase() as 'P' | 'Q' | 'R')
    }
    switch (clock) {
      case 'msis':
        return r.is('CR', 'MSISON') ? this.#msi('S') : 0
      case 'msik':
        return r.is('CR', 'MSIKON') ? this.#msi('K') : 0
      case 'hsi':
        return r.is('CR', 'HSION') ? oscillatorHz.hsi : 0
      case 'hsi48':
        return r.is('CR', 'HSI48ON') ? oscillatorHz.hsi48 : 0
      case 'shsi':
        return r.is('CR', 'SHSION') ? oscillatorHz.shsi : 0
      case 'hse':
        return r.is('CR', 'HSERDY') ? oscillatorHz.hse : 0
      case 'lse':
        return r.is('BDCR', 'LSERDY') ? oscillatorHz.lse : 0
      case 'lsi':
        return oscillatorHz.lsi / (r.is('BDCR', 'LSIPREDIV') ? 128 : 1)
      default:
        throw new Error(`There is no clock ${clock}.`)
    }
  }

  /** The range in use is ICSCR1's once MSIRGSEL is set, the one in CSR's reset value before. */
  #msi(which: 'S' | 'K'): number {
    const { registers: r } = this
    if (r.is('ICSCR1', 'MSIRGSEL')) return msiHz[r.get('ICSCR1', `MSI${which}RANGE`)]!
    return msiHz[r.get('CSR', `MSI${which}SRANGE`)]!
  }

  /** RM0456, "PLL": ref = source / (M + 1), VCO = ref * (N + 1 + FRACN / 8192), out = VCO / (R + 1). */
  #pll(n: 1 | 2 | 3, output: 'P' | 'Q' | 'R'): number {
    const { registers: r } = this
    if (!r.is('CR', `PLL${n}ON`) || !r.is(`PLL${n}CFGR`, `${output}EN`)) return 0
    const hse = this.#failed.hse ? 0 : oscillatorHz.hse
    const sources = [0, this.#msi('S'), oscillatorHz.hsi, hse]
    const reference = sources[r.get(`PLL${n}CFGR`, 'SRC')]! / (r.get(`PLL${n}CFGR`, 'M') + 1)
    const isFractional = r.is(`PLL${n}CFGR`, 'FRACEN')
    const fractional = isFractional ? r.get(`PLL${n}FRACR`, 'FRACN') / 8192 : 0
    const vco = reference * (r.get(`PLL${n}DIVR`, 'N') + 1 + fractional)
    return vco / (r.get(`PLL${n}DIVR`, output) + 1)
  }

  #resetPeripherals(register: string, written: number, before: number): void {
    const raised = written & ~before
    for (let bit = 0; bit < 32; bit++) {
      if ((raised >>> bit) & 1) this.#events.resetPeripheral(register, bit)
    }
  }

  #clearResetFlags(written: number): void {
    const { bit } = rccLayout.CSR.fields.RMVF
    if ((written >>> bit) & 1)
      this.registers.setAll('CSR', this.registers.get('CSR') & ~RESET_FLAGS)
  }
}
