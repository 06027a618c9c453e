/**
 * The anti-rollback ratchet: a number in one-time-programmable memory that only grows. A kernel with
 * a lower security ratchet in its manifest is never started again.
 *
 * Each step burns a quad-word, so there are RATCHET_STEPS of them in a device's life:
 *
 *   value 4 | value inverted 4 | zeros 8
 *
 * A quad-word whose two halves do not agree was torn, counts for nothing, and costs its step.
 */
import type { FlashError, Fuses } from '../hardware.ts'

const OFFSET = 352
const QUAD_WORD = 16
const RATCHET_STEPS = 10

export function readRatchet(fuses: Fuses): number {
  let highest = 0
  for (let step = 0; step < RATCHET_STEPS; step++) {
    const value = readStep(fuses, step)
    if (value !== undefined && value !== 'blank') highest = Math.max(highest, value)
  }
  return highest
}

/** Burns the next step if `value` is higher. An error: there is no step left, or it was not taken. */
export function raiseRatchet(fuses: Fuses, value: number): FlashError | undefined {
  if (value <= readRatchet(fuses)) return undefined
  for (let step = 0; step < RATCHET_STEPS; step++) {
    if (readStep(fuses, step) !== 'blank') continue
    const unit = new Uint8Array(QUAD_WORD)
    const view = new DataView(unit.buffer)
    view.setUint32(0, value, true)
    view.setUint32(4, ~value >>> 0, true)
    const error = fuses.program(OFFSET + step * QUAD_WORD, unit)
    if (error !== 'PROGERR') return error
  }
  return 'WRPERR'
}

function readStep(fuses: Fuses, step: number): number | 'blank' | undefined {
  const unit = new Uint8Array(QUAD_WORD)
  fuses.read(OFFSET + step * QUAD_WORD, unit)
  if (unit.every((byte) => byte === 0xff)) return 'blank'
  const view = new DataView(unit.buffer)
  const value = view.getUint32(0, true)
  return (value ^ view.getUint32(4, true)) === -1 ? value : undefined
}
