/**
 * RNG. RM0456, chapter "True random number generator (RNG)".
 *
 * For chips without a secure side; otherwise it is the kernel's. Numbers come from a generator with
 * a fixed start, so that runs repeat: they are not random. Conditioning, health tests and their
 * errors are not modelled; a number takes 412 cycles of the RNG clock for every four words.
 */
import { interruptLevel, RegisterFile, reg, ro, rw } from '../registers.ts'
import { seededRandom } from '../seeded-random.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

export const rngLayout = {
  CR: reg(
    0x00,
    {
      ...{ RNGEN: rw(2), IE: rw(3), CED: rw(5), ARDIS: rw(7), RNG_CONFIG3: rw(8, 4) },
      ...{ NISTC: rw(12), RNG_CONFIG2: rw(13, 3), CLKDIV: rw(16, 4), RNG_CONFIG1: rw(20, 6) },
      ...{ CONDRST: rw(30), CONFIGLOCK: rw(31) },
    },
    0x0080_0d00,
  ),
  SR: reg(0x04, { DRDY: ro(0), CECS: ro(1), SECS: ro(2), CEIS: rw(5), SEIS: rw(6) }),
  DR: reg(0x08, { RNDATA: ro(0, 32) }),
  NSCR: reg(0x0c, { NSCR: rw(0, 18) }, 0x3ffff),
  HTCR: reg(0x10, { HTCFG: rw(0, 32) }, 0x0000_72ac),
} as const

const SEED = 0x5eed
const WORDS = 4
const CLOCKS = 412

export class Rng implements Peripheral {
  readonly registers: RegisterFile<typeof rngLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  readonly #next = seededRandom(SEED)
  #left = 0
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(rngLayout, {
      CR: { write: () => this.#control() },
      DR: { taken: () => this.#taken() },
    })
    this.#line = wiring.interrupt('RNG')
    this.#isInterrupting = interruptLevel(this.registers, [
      ['CR.IE', 'SR.DRDY', 'SR.CEIS', 'SR.SEIS'],
    ])
  }

  reset(): void {
    this.registers.reset()
    this.#stop()
  }

  #control(): void {
    const isOn = this.registers.is('CR', 'RNGEN') && !this.registers.is('CR', 'CONDRST')
    if (!isOn) this.#stop()
    else if (this.#left === 0) this.#gather()
    this.#line.set(this.#isInterrupting())
  }

  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#left = 0
    this.registers.set('SR', 'DRDY', false)
    this.registers.setAll('DR', 0)
    this.#line.set(false)
  }

  #gather(): void {
    if (this.#cancel !== undefined) return
    const { scheduler, clocks } = this.#wiring
    const cycles = (CLOCKS * clocks.cycleHz) / clocks.hz('RNG')
    this.#cancel = scheduler.at(scheduler.now + cycles, () => {
      this.#cancel = undefined
      this.#left = WORDS
      this.#offer()
    })
  }

  #offer(): void {
    this.registers.setAll('DR', this.#next())
    this.registers.set('SR', 'DRDY', true)
    this.#line.set(this.#isInterrupting())
  }

  #taken(): void {
    if (this.#left === 0) return
    this.#left--
    if (this.#left > 0) {
      this.#offer()
      return
    }
    this.registers.setAll('DR', 0)
    this.registers.set('SR', 'DRDY', false)
    this.#line.set(this.#isInterrupting())
    this.#gather()
  }
}

export const rngs = { RNG: (wiring) => new Rng(wiring) } satisfies Makers
