/**
 * COMP1 and COMP2. RM0456, chapter "Comparator (COMP)".
 *
 * Inputs from pads, fractions of the reference and the DAC; polarity, window mode, lock. The output
 * is VALUE, the wire COMPx_OUT (which EXTI and timers listen to) and the pins that carry it.
 *
 * Not modelled: hysteresis, blanking, power modes and delay; an input exactly at the threshold is
 * below it.
 */
import type { PadName } from '../pins/pad.ts'
import type { SignalPort } from '../pins/pins.ts'
import { RegisterFile, reg, ro, rw, tagged } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { VREF_VOLTS, VREFINT_VOLTS } from './analog-inputs.ts'

const control = (offset: number) =>
  reg(offset, {
    ...{ EN: rw(0), INMSEL: rw(4, 4), INPSEL: rw(8, 3), WINMODE: rw(11), WINOUT: rw(14) },
    ...{ POLARITY: rw(15), HYST: tagged(16, 2), PWRMODE: rw(18, 2), BLANKSEL: tagged(20, 5) },
    ...{ VALUE: ro(30), LOCK: rw(31) },
  })

export const compLayout = { CSR1: control(0x00), CSR2: control(0x04) } as const

/** CSRx.INPSEL and the two last of INMSEL. RM0456, "COMP input connectivity". */
const PLUS: readonly (readonly PadName[])[] = [
  ['PC5', 'PB2', 'PA2'],
  ['PB4', 'PB6'],
]
const MINUS: readonly (readonly PadName[])[] = [
  ['PB1', 'PC4'],
  ['PB3', 'PB7'],
]
const UNITS = ['CSR1', 'CSR2'] as const

export class Comp implements Peripheral {
  readonly registers: RegisterFile<typeof compLayout>
  readonly #wiring: Wiring
  readonly #outputs: readonly { readonly wire: Output; readonly pin: SignalPort }[]

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const hooks = (name: (typeof UNITS)[number]) => ({
      writable: () => !this.registers.is(name, 'LOCK'),
      write: () => this.#compare(),
    })
    this.registers = new RegisterFile(compLayout, { CSR1: hooks('CSR1'), CSR2: hooks('CSR2') })
    this.#outputs = UNITS.map((_, unit) => ({
      wire: wiring.wire(`COMP${unit + 1}_OUT`).connect(),
      pin: wiring.pins.signal(`COMP${unit + 1}_OUT`),
    }))
    const pads = new Set([...PLUS.flat(), ...MINUS.flat(), 'PA4' as const, 'PA5' as const])
    for (const pad of pads) wiring.pins.pad(pad).listenVolts(() => this.#compare())
  }

  reset(): void {
    this.registers.reset()
    this.#compare()
  }

  #compare(): void {
    const raw = UNITS.map((name, unit) => this.#isAbove(name, unit))
    UNITS.forEach((name, unit) => {
      const { registers: r } = this
      const value = r.is(name, 'WINOUT') ? raw[0] !== raw[1] : raw[unit]
      const isHigh = r.is(name, 'EN') && value !== r.is(name, 'POLARITY')
      r.set(name, 'VALUE', isHigh)
      this.#outputs[unit].wire.set(isHigh)
      this.#outputs[unit].pin.drive(r.is(name, 'EN') ? isHigh : undefined)
    })
  }

  #isAbove(name: (typeof UNITS)[number], unit: number): boolean {
    const { registers: r } = this
    if (!r.is(name, 'EN')) return false
    const from = r.is(name, 'WINMODE') ? 1 - unit : unit
    const plus = PLUS[from][r.get(UNITS[from], 'INPSEL')]
    return (plus === undefined ? 0 : this.#volts(plus)) > this.#minus(unit, r.get(name, 'INMSEL'))
  }

  #minus(unit: number, selection: number): number {
    if (selection < 3) return (VREFINT_VOLTS * (selection + 1)) / 4
    if (selection === 3) return VREFINT_VOLTS
    if (selection === 4) return this.#volts('PA4')
    if (selection === 5) return this.#volts('PA5')
    const pad = MINUS[unit][selection - 6]
    return pad === undefined ? VREF_VOLTS : this.#volts(pad)
  }

  #volts(pad: PadName): number {
    return this.#wiring.pins.pad(pad).volts
  }
}

export const comps = { COMP: (wiring) => new Comp(wiring) } satisfies Makers
