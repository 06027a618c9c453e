/**
 * OPAMP1 and OPAMP2. RM0456, chapter "Operational amplifier (OPAMP)".
 *
 * Follower and programmable gain with the pins as inputs: the output voltage appears on the output
 * pad. Stand-alone mode (gain by parts outside) is a comparator without feedback here and is
 * reported. Calibration finds nothing to correct: CALOUT never toggles.
 */
import type { Contact, PadName } from '../pins/pad.ts'
import { partly, RegisterFile, reg, ro, rw, tagged } from '../registers.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { VREF_VOLTS } from './analog-inputs.ts'

const PGA = 2
const FOLLOWER = 3

const control = (offset: number) =>
  reg(offset, {
    ...{ OPAEN: rw(0), OPALPM: rw(1), OPAMODE: partly(2, 2, [0, PGA, FOLLOWER]) },
    ...{ PGA_GAIN: rw(4, 2), VM_SEL: rw(8, 2), VP_SEL: tagged(10), CALON: rw(12) },
    ...{ CALSEL: rw(13), USERTRIM: rw(14), CALOUT: ro(15), OPA_RANGE: rw(31) },
  })
const trim = (offset: number) => reg(offset, { TRIMOFFSETN: rw(0, 5), TRIMOFFSETP: rw(8, 5) })

export const opampLayout = {
  OPAMP1_CSR: control(0x00),
  ...{ OPAMP1_OTR: trim(0x04), OPAMP1_LPOTR: trim(0x08) },
  OPAMP2_CSR: control(0x10),
  ...{ OPAMP2_OTR: trim(0x14), OPAMP2_LPOTR: trim(0x18) },
} as const

const UNITS = [
  { control: 'OPAMP1_CSR', plus: 'PA0', output: 'PA3' },
  { control: 'OPAMP2_CSR', plus: 'PA6', output: 'PB0' },
] as const satisfies readonly { control: string; plus: PadName; output: PadName }[]

export class Opamp implements Peripheral {
  readonly registers: RegisterFile<typeof opampLayout>
  readonly #wiring: Wiring
  readonly #contacts: readonly Contact[]

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const follow = { write: () => this.#amplify() }
    this.registers = new RegisterFile(opampLayout, { OPAMP1_CSR: follow, OPAMP2_CSR: follow })
    this.#contacts = UNITS.map(({ output }, unit) =>
      wiring.pins.pad(output).connect(`OPAMP${unit + 1}_VOUT`),
    )
    for (const { plus } of UNITS) wiring.pins.pad(plus).listenVolts(() => this.#amplify())
  }

  reset(): void {
    this.registers.reset()
    this.#amplify()
  }

  #amplify(): void {
    UNITS.forEach(({ control: name, plus }, unit) => {
      const { registers: r } = this
      const mode = r.get(name, 'OPAMODE')
      const gain = mode === FOLLOWER ? 1 : 2 << r.get(name, 'PGA_GAIN')
      const isOn = r.is(name, 'OPAEN') && (mode === FOLLOWER || mode === PGA)
      const volts = Math.min(this.#wiring.pins.pad(plus).volts * gain, VREF_VOLTS)
      this.#contacts[unit].voltage(isOn ? volts : undefined)
    })
  }
}

export const opamps = { OPAMP: (wiring) => new Opamp(wiring) } satisfies Makers
