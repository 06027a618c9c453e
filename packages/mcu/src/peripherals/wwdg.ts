/**
 * WWDG: the system window watchdog. RM0456, chapter "System window watchdog (WWDG)".
 *
 * A 7-bit counter at PCLK1 / 4096 / 2^WDGTB resets the chip when it goes below 0x40, and when it is
 * written while it is above the window. At 0x40 the early interrupt comes. Only a reset stops it.
 */
import { RegisterFile, reg, rw, w0c, w1s } from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const PRESCALER = 4096
const LAST = 0x40

const wwdgLayout = {
  CR: reg(0x00, { T: rw(0, 7), WDGA: w1s(7) }, 0x7f),
  CFR: reg(0x04, { W: rw(0, 7), EWI: w1s(9), WDGTB: rw(11, 3) }, 0x7f),
  SR: reg(0x08, { EWIF: w0c(0) }),
} as const

class Wwdg implements Peripheral {
  readonly registers: RegisterFile<typeof wwdgLayout>
  readonly #wiring: Wiring
  readonly #ticks: Ticks
  readonly #line: Output
  #since = 0
  #from = 0x7f
  readonly #cancels: (() => void)[] = []

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#ticks = wiring.clocks.ticks(() => wiring.clocks.hz('WWDG'))
    this.#line = wiring.interrupt('WWDG')
    this.registers = new RegisterFile(wwdgLayout, {
      CR: {
        read: (stored) => (stored & 0x80) | this.#count,
        write: (_, before) => this.#fed((before & 0x80) !== 0),
      },
      CFR: { write: () => this.#schedule() },
      SR: { write: () => this.#update() },
    })
  }

  reset(): void {
    this.#clear()
    this.registers.reset()
    this.#from = 0x7f
    this.#line.set(false)
  }

  get #cyclesPerCount(): number {
    return PRESCALER << this.registers.get('CFR', 'WDGTB')
  }

  get #count(): number {
    if (!this.registers.is('CR', 'WDGA')) return this.registers.get('CR', 'T')
    const passed = Math.floor((this.#ticks.now - this.#since) / this.#cyclesPerCount)
    return (this.#from - passed) & 0x7f
  }

  #fed(wasOn: boolean): void {
    const { registers: r } = this
    const isEarly = wasOn && this.#count > r.get('CFR', 'W')
    this.#from = r.get('CR', 'T')
    this.#since = this.#ticks.now
    if (isEarly || (r.is('CR', 'WDGA') && this.#from < LAST))
      this.#wiring.resetChip('window-watchdog')
    else this.#schedule()
  }

  #schedule(): void {
    this.#clear()
    if (!this.registers.is('CR', 'WDGA')) return
    const at = (count: number) => this.#since + (this.#from - count) * this.#cyclesPerCount
    const early = this.#ticks.at(at(LAST), () => {
      this.registers.set('SR', 'EWIF', true)
      this.#update()
    })
    const bite = this.#ticks.at(at(LAST - 1), () => this.#wiring.resetChip('window-watchdog'))
    this.#cancels.push(early, bite)
  }

  #clear(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }

  #update(): void {
    this.#line.set(this.registers.is('SR', 'EWIF') && this.registers.is('CFR', 'EWI'))
  }
}

export const wwdgs = { WWDG: (wiring): Peripheral => new Wwdg(wiring) } satisfies Makers
