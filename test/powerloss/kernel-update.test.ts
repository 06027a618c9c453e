/** A kernel update survives a power cut at every flash operation, and a second one in its recovery. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Flash, internalLayout } from '@microvisor/microvisor'
import { testKernel, testVeneers } from '@microvisor/microvisor/testing/booted'
import { sampled, seed } from '../../tools/sampling.ts'
import { doubleCutsOfKernel, sweepKernel } from './kernel-sweep.ts'
import { HastyErase } from './planted-bugs.ts'

const [from, to] = [testKernel(1), testKernel(2, { securityRatchet: 1 })]

test('kernel update: a cut at every flash operation', (t) => {
  const { operations, cuts, violations } = sweepKernel(from, to, { seed, stride: sampled(12, 1) })
  t.diagnostic(
    `${operations} operations, ${cuts} cuts, ${violations.length} failures, seed ${seed}`,
  )
  assert.deepEqual(violations, [])
  assert.ok(operations > 100)
})

test('kernel update of the veneers alone: a cut at every flash operation', (t) => {
  const whole = { seed, stride: sampled(29, 1) }
  const { cuts, violations } = sweepKernel(from, testVeneers(from, 2), whole)
  t.diagnostic(`${cuts} cuts, ${violations.length} failures, seed ${seed}`)
  assert.deepEqual(violations, [])
})

test('kernel update: a second cut during recovery', (t) => {
  const sample = { seed, count: sampled(40, 3_000) }
  const { cuts, violations } = doubleCutsOfKernel(from, to, sample)
  t.diagnostic(`${cuts} cuts, ${violations.length} failures, seed ${seed}`)
  assert.deepEqual(violations, [])
})

test('the sweep finds a planted bug: the old kernel erased before the new one is whole', (t) => {
  const { kernelA, kernelB } = internalLayout
  const wiring = (flash: Flash) => new HastyErase(flash, { of: kernelA.offset, after: kernelB })
  const { violations } = sweepKernel(from, to, { seed, stride: sampled(7, 1), wiring })
  t.diagnostic(`seed ${seed}, ${violations[0]}`)
  assert.notEqual(violations.length, 0)
})
