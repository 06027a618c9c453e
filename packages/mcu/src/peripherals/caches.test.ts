import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Dcache, Icache } from './caches.ts'

const clocks = { cycleHz: 160e6, hz: 160e6 }

test('an invalidation is busy, ends, interrupts and is acknowledged', () => {
  for (const name of ['ICACHE', 'DCACHE1'] as const) {
    const b = new PeripheralBench(name, clocks, (wiring) =>
      name === 'ICACHE' ? new Icache(wiring) : new Dcache(wiring),
    )
    b.write('IER', 2)
    b.write('CR', 3)
    assert.equal(b.read('CR') & 3, 1)
    assert.equal(b.read('SR') & 3, 1)
    b.settle()
    assert.equal(b.read('SR') & 3, 2)
    assert.equal(b.isPending(name), true)
    b.write('FCR', 2)
    assert.deepEqual([b.read('SR') & 3, b.isPending(name)], [0, false])
  }
})

test('a range command of the data cache takes a cycle a line', () => {
  const b = new PeripheralBench('DCACHE1', clocks, (wiring) => new Dcache(wiring))
  b.write('IER', 1 << 4)
  b.write('CMDRSADDRR', 0x6000_0000)
  b.write('CMDREADDRR', 0x6000_00f0)
  b.write('CR', 1 | (1 << 8) | (1 << 11))
  b.runTo(15)
  assert.equal(b.read('SR') & 0x18, 8)
  b.runTo(16)
  assert.equal(b.read('SR') & 0x18, 0x10)
  assert.equal(b.isPending('DCACHE1'), true)
  b.write('FCR', 1 << 4)
  assert.equal(b.read('SR'), 0)
})
