/**
 * PWR: power control. RM0456, chapter "Power control (PWR)".
 *
 * Voltage scaling and the booster are ready at once. PVD compares VDD with the level of PVDLS and leads
 * its output to EXTI's line 16; the monitors of the other supplies never trip. LPMS tells the chip which mode a deep sleep is; STOPF and SBF tell software that there
 * was one, until CSSF clears them. Wake-up lines watch their pins by an edge of the chosen polarity, in
 * every mode; a flag that is set ends Stop 3, Standby and Shutdown, or keeps the chip from entering the last two. DBP opens the
 * backup domain. With APC the pulls of PUCRx and PDCRx hold the pins in Standby and Shutdown.
 *
 *   (1) Standby keeps these registers but for CR1.LPMS, VOSR and CR3; Shutdown only the pulls and wake-up lines.
 *
 * Tagged: the RAMs' power-down and retention, monitoring of VBAT and temperature, charging, UCPD, the security of
 * its registers. Beside a secure side LPMS does nothing: modes are the kernel's.
 */
import { RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, PowerControl, Wiring } from '../wiring.ts'
import { pwrLayout, wakePins } from './pwr-layout.ts'

/** LPMS: the last bits of Standby (10x) and Shutdown (11x) do not matter. */
const MODES = [
  ...(['stop0', 'stop1', 'stop2', 'stop3'] as const),
  ...(['standby', 'standby', 'shutdown', 'shutdown'] as const),
]

/** VDD below which PVDO is set, by PVDLS; the last is PVD_IN, which is always above. RM0456, SVMCR. */
const PVD_VOLTS = [2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9, 0] as const
const NOMINAL_VOLTS = 3.3

type Register = keyof typeof pwrLayout

/** What Standby and Shutdown leave as it is. */
const KEPT = (Object.keys(pwrLayout) as Register[]).filter((name) =>
  /^(WU|APCR|P[UD]CR|SR|BDCR|UCPDR)/.test(name),
)

class Pwr implements PowerControl {
  readonly registers: RegisterFile<typeof pwrLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #pvd: Output
  #volts = NOMINAL_VOLTS
  #stops: (() => void)[] = []

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#line = wiring.interrupt('PWR_S3WU')
    this.#pvd = wiring.wire('PVD_OUT').connect()
    const watching = { write: () => this.#watch() }
    this.registers = new RegisterFile(pwrLayout, {
      CR3: { write: () => this.#follow() },
      VOSR: { write: () => this.#follow() },
      SVMCR: { write: () => this.#compareSupply() },
      SR: { write: (written) => this.#clear(written) },
      ...{ WUCR1: watching, WUCR2: watching, WUCR3: watching },
      WUSCR: { write: (flags) => this.#clearWakes(flags) },
    })
  }

  setSupply(volts: number): void {
    this.#volts = volts
    this.#compareSupply()
  }

  reset(): void {
    this.registers.reset()
    this.#compareSupply()
    this.#watch()
    this.#update()
  }

  /** The chip wakes from Standby or Shutdown. */
  resetFromDeepSleep(mode: 'standby' | 'shutdown'): void {
    const { registers: r } = this
    const names = KEPT.filter((name) => mode === 'standby' || name !== 'SR')
    const kept = names.map((name) => [name, r.get(name)] as const)
    r.reset()
    for (const [name, value] of kept) r.setAll(name, value)
    this.#watch()
    this.#update()
  }

  get deepMode(): (typeof MODES)[number] {
    return MODES[this.registers.get('CR1', 'LPMS')]!
  }

  get isBackupOpen(): boolean {
    return this.registers.is('DBPR', 'DBP')
  }

  get isWoken(): boolean {
    return (this.registers.get('WUSR') & this.registers.get('WUCR1')) !== 0
  }

  pullOf(port: string, pin: number): boolean | undefined {
    const { registers: r } = this
    if (!r.is('APCR', 'APC')) return undefined
    const has = (kind: 'PU' | 'PD') => (r.get(`${kind}CR${port as 'A'}`) >>> pin) & 1
    return has('PU') ? true : has('PD') ? false : undefined
  }

  note(flag: 'STOPF' | 'SBF'): void {
    this.registers.set('SR', flag, true)
  }

  #compareSupply(): void {
    const { registers: r } = this
    const isLow = r.is('SVMCR', 'PVDE') && this.#volts < PVD_VOLTS[r.get('SVMCR', 'PVDLS')]!
    r.set('SVMSR', 'PVDO', isLow)
    this.#pvd.set(isLow)
  }

  #clear(written: number): void {
    if (written & 1) this.registers.setAll('SR', 0)
  }

  #follow(): void {
    const { registers: r } = this
    r.set('VOSR', 'BOOSTRDY', r.get('VOSR', 'BOOSTEN'))
    r.set('SVMSR', 'ACTVOS', r.get('VOSR', 'VOS'))
    r.set('SVMSR', 'REGS', r.get('CR3', 'REGSEL'))
  }

  /** Listens to what the lines that are on have selected. */
  #watch(): void {
    for (const stop of this.#stops) stop()
    this.#stops = []
    const { registers: r } = this
    wakePins.forEach((sources, line) => {
      const source = sources[r.get('WUCR3', `WUSEL${line + 1}`)]
      if (((r.get('WUCR1') >>> line) & 1) === 0 || source === undefined) return
      const wanted = ((r.get('WUCR2') >>> line) & 1) === 0
      const changed = (isHigh: boolean) => {
        if (isHigh === wanted) this.#wake(line)
      }
      const { pins, wire } = this.#wiring
      this.#stops.push(
        source === 'RTC' ? wire('RTC_WAKE').listen(changed) : pins.pad(source).listen(changed),
      )
    })
  }

  #wake(line: number): void {
    this.registers.setAll('WUSR', this.registers.get('WUSR') | (1 << line))
    this.#update()
  }

  #clearWakes(flags: number): void {
    this.registers.setAll('WUSR', this.registers.get('WUSR') & ~flags)
    this.#update()
  }

  #update(): void {
    this.#line.set(this.isWoken)
  }
}

export const pwrs = { PWR: (wiring): PowerControl => new Pwr(wiring) } satisfies Makers
