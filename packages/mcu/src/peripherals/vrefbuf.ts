/**
 * VREFBUF. RM0456, chapter "Voltage reference buffer (VREFBUF)".
 *
 * It becomes ready; the converters go on counting with 3.3 V, which is reported when it is switched
 * on.
 */
import { RegisterFile, reg, ro, rw, tagged } from '../registers.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

export const vrefbufLayout = {
  CSR: reg(0x00, { ENVR: tagged(0), HIZ: rw(1), VRR: ro(3), VRS: rw(4, 3) }, 0x2),
  CCR: reg(0x04, { TRIM: rw(0, 6) }),
} as const

/** DS13086, start-up time with 1 uF, typical. */
const START_UP_S = 300e-6

export class Vrefbuf implements Peripheral {
  readonly registers: RegisterFile<typeof vrefbufLayout>

  constructor({ scheduler, clocks }: Wiring) {
    this.registers = new RegisterFile(vrefbufLayout, {
      CSR: {
        write: () => {
          if (!this.registers.is('CSR', 'ENVR')) this.registers.set('CSR', 'VRR', false)
          scheduler.at(scheduler.now + START_UP_S * clocks.cycleHz, () =>
            this.registers.set('CSR', 'VRR', this.registers.is('CSR', 'ENVR')),
          )
        },
      },
    })
  }

  reset(): void {
    this.registers.reset()
  }
}

export const vrefbufs = { VREFBUF: (wiring) => new Vrefbuf(wiring) } satisfies Makers
