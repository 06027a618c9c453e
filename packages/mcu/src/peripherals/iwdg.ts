/**
 * IWDG: the independent watchdog. RM0456, chapter "Independent watchdog (IWDG)".
 *
 * Counts down from RLR at LSI / prescaler and resets the chip at zero. Once started it cannot be
 * stopped; PR, RLR, WINR and EWCR open to writes between the unlock key and the next other key.
 * Feeding it while the counter is above WINR resets, too. Updates are taken at once.
 */
import { RegisterFile, reg, ro, rw, wo } from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const KEY = { start: 0xcccc, feed: 0xaaaa, unlock: 0x5555 } as const
const SLOWEST_PRESCALER = 8
const WINDOW_OFF = 0xfff

const iwdgLayout = {
  KR: reg(0x00, { KEY: wo(0, 16) }),
  PR: reg(0x04, { PR: rw(0, 4) }),
  RLR: reg(0x08, { RL: rw(0, 12) }, 0xfff),
  SR: reg(0x0c, { PVU: ro(0), RVU: ro(1), WVU: ro(2), EWU: ro(3), ONF: ro(8), EWIF: ro(14) }),
  WINR: reg(0x10, { WIN: rw(0, 12) }, 0xfff),
  EWCR: reg(0x14, { EWIT: rw(0, 12), EWIC: wo(14), EWIE: rw(15) }),
} as const

class Iwdg implements Peripheral {
  readonly registers: RegisterFile<typeof iwdgLayout>
  readonly #wiring: Wiring
  readonly #ticks: Ticks
  readonly #line: Output
  #isUnlocked = false
  #isOn = false
  /** Tick of the last feeding. */
  #since = 0
  #cancel: (() => void) | undefined
  #cancelEarly: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#ticks = wiring.clocks.ticks(() => wiring.clocks.hz('IWDG'))
    this.#line = wiring.interrupt('IWDG')
    const writable = () => this.#isUnlocked
    const restart = () => this.#restart()
    this.registers = new RegisterFile(iwdgLayout, {
      KR: { write: (key) => this.#take(key & 0xffff) },
      PR: { writable, write: restart },
      RLR: { writable, write: restart },
      WINR: { writable, write: restart },
      EWCR: { writable, write: (value) => this.#early(value) },
    })
  }

  reset(): void {
    this.#cancel?.()
    this.#cancelEarly?.()
    this.registers.reset()
    this.#isUnlocked = this.#isOn = false
    this.#line.set(false)
  }

  #take(key: number): void {
    this.#isUnlocked = key === KEY.unlock
    if (key === KEY.start && !this.#isOn) {
      this.#isOn = true
      this.registers.set('SR', 'ONF', true)
      this.#restart()
    }
    if (key === KEY.feed && this.#isOn) this.#feed()
  }

  #feed(): void {
    const window = this.registers.get('WINR', 'WIN')
    if (window !== WINDOW_OFF && this.#count > window) this.#bite()
    else this.#restart()
  }

  get #divider(): number {
    return 4 << Math.min(this.registers.get('PR', 'PR'), SLOWEST_PRESCALER)
  }

  get #count(): number {
    const passed = Math.floor((this.#ticks.now - this.#since) / this.#divider)
    return Math.max(0, this.registers.get('RLR', 'RL') - passed)
  }

  #restart(): void {
    this.#cancel?.()
    this.#cancelEarly?.()
    if (!this.#isOn) return
    this.#since = this.#ticks.now
    const reload = this.registers.get('RLR', 'RL')
    this.#cancel = this.#ticks.at(this.#since + (reload + 1) * this.#divider, () => this.#bite())
    const early = this.registers.get('EWCR', 'EWIT')
    if (!this.registers.is('EWCR', 'EWIE') || early > reload) return
    this.#cancelEarly = this.#ticks.at(this.#since + (reload - early) * this.#divider, () => {
      this.registers.set('SR', 'EWIF', true)
      this.#line.set(true)
    })
  }

  #early(value: number): void {
    if ((value >>> iwdgLayout.EWCR.fields.EWIC.bit) & 1) {
      this.registers.set('SR', 'EWIF', false)
      this.#line.set(false)
    }
    this.#restart()
  }

  #bite(): void {
    this.#wiring.resetChip('watchdog')
  }
}

export const iwdgs = { IWDG: (wiring): Peripheral => new Iwdg(wiring) } satisfies Makers
