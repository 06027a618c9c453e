/**
 * Break inputs of TIM1, TIM8 and TIM15 to TIM17: the pin BKIN and both comparators, with their
 * polarities. RM0456, "Using the break function".
 */
import type { RegisterFile } from '../registers.ts'
import type { Wiring } from '../wiring.ts'
import type { timLayout } from './tim-layout.ts'

/** Calls when an input may have changed. */
export function listenForBreak(wiring: Wiring, changed: () => void): void {
  wiring.pins.signal(`${wiring.name}_BKIN`).listen(changed)
  for (const comparator of ['COMP1_OUT', 'COMP2_OUT']) wiring.wire(comparator).listen(changed)
}

/** An enabled input is at its active level. */
export function isBreaking(wiring: Wiring, r: RegisterFile<typeof timLayout>): boolean {
  if (!r.is('BDTR', 'BKE')) return false
  const isActiveHigh = r.is('BDTR', 'BKP')
  const pin = wiring.pins.signal(`${wiring.name}_BKIN`)
  const level = pin.read(!isActiveHigh) !== r.is('AF1', 'BKINP')
  const isPinActive = r.is('AF1', 'BKINE') && level === isActiveHigh
  const comparator = (n: 1 | 2) =>
    r.is('AF1', `BKCMP${n}E`) && wiring.wire(`COMP${n}_OUT`).isHigh !== r.is('AF1', `BKCMP${n}P`)
  return isPinActive || comparator(1) || comparator(2)
}
