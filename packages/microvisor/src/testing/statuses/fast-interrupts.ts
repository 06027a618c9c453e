/** Statuses of the calls about fast interrupts. */
import assert from 'node:assert/strict'
import { Status } from '@microvisor/protocol'
import type { Bench } from '../bench.ts'
import type { Row } from './arrange.ts'

const IRQ = 45

/** A fast interrupt, enabled. */
export function fast(bench: Bench, irq = IRQ): number {
  assert.equal(bench.call('mvSetFastInterrupt', irq), Status.OKAY)
  assert.equal(bench.call('mvEnableFastInterrupt', irq), Status.OKAY)
  return irq
}

/** The application is about to be stopped for a handler that hangs. */
function hung(bench: Bench): number {
  const irq = fast(bench)
  bench.hardware.application.fast.get(irq)!.isActive = true
  bench.vectors.fastInterrupt()
  bench.run(20)
  return irq
}

const each = ['mvClearFastInterrupt', 'mvEnableFastInterrupt', 'mvDisableFastInterrupt'] as const

export const fastInterruptRows: readonly Row[] = [
  ['mvSetFastInterrupt', 'OKAY', () => [IRQ]],
  ['mvSetFastInterrupt', 'OKAY', (b) => [fast(b)]],
  ['mvSetFastInterrupt', 'INVALIDINTERRUPT', () => [48]],
  ['mvSetFastInterrupt', 'INVALIDINTERRUPT', () => [125]],
  ['mvSetFastInterrupt', 'INVALIDINTERRUPT', () => [0xffff_ffff]],
  ['mvSetFastInterrupt', 'INVALIDINTERRUPT', (b) => [b.center(IRQ) && IRQ]],
  [
    'mvSetFastInterrupt',
    'INVALIDVECTOR',
    (b) => {
      b.hardware.application.secureVectors.add(IRQ)
      return [IRQ]
    },
  ],
  ['mvSetFastInterrupt', 'UNAVAILABLE', (b) => [hung(b)]],

  ...each.flatMap((call): Row[] => [
    [call, 'OKAY', (b) => [fast(b)]],
    [call, 'INVALIDINTERRUPT', () => [IRQ]],
    [call, 'INVALIDINTERRUPT', (b) => [fast(b) + 1]],
    [call, 'UNAVAILABLE', (b) => [hung(b)]],
  ]),

  ['mvDisableAllFastInterrupts', 'OKAY', () => []],
  ['mvEnableAllFastInterrupts', 'OKAY', () => []],
]
