import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NSC, systemCalls } from '@microvisor/protocol'
import { makeVeneers } from './veneers.ts'

const SG = 0xe97f_e97f

test('each call has SG at its address and a branch to the kernel; every other slot stays erased', () => {
  const bytes = makeVeneers()
  const view = new DataView(bytes.buffer)
  const used = new Set(Object.values(systemCalls).map(({ address }) => address - NSC.address))
  for (let at = 0; at < NSC.bytes; at += NSC.slotBytes) {
    const [first, second] = [view.getUint32(at, true), view.getUint32(at + 4, true)]
    if (!used.has(at)) {
      assert.deepEqual([first, second], [0xffff_ffff, 0xffff_ffff])
      continue
    }
    assert.equal(first, SG)
    assert.equal(branchTarget(NSC.address + at + 4, second), 0x0c17_2000)
  }
  assert.equal(bytes.length, NSC.bytes)
})

/** Target of a B.W, decoded as the Armv8-M ARM draws encoding T4. */
function branchTarget(address: number, word: number): number {
  const [high, low] = [word & 0xffff, word >>> 16]
  assert.equal(high >> 11, 0b11110)
  assert.equal(low & 0xd000, 0x9000)
  const s = (high >> 10) & 1
  const i1 = ((low >> 13) & 1) === s ? 1 : 0
  const i2 = ((low >> 11) & 1) === s ? 1 : 0
  const raw = (s << 24) | (i1 << 23) | (i2 << 22) | ((high & 0x3ff) << 12) | ((low & 0x7ff) << 1)
  return address + 4 + (s === 1 ? raw - (1 << 25) : raw)
}
