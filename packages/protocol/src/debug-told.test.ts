import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sampled, seed } from '../../../tools/sampling.ts'
import { StopListener, StopTeller, viewedRanges } from './debug-told.ts'

const BASE = 0x2000_0000
const MEMORY_BYTES = 600

const view = fc.record({
  stackBytes: fc.constantFrom(0, 64, 128),
  ranges: fc.array(
    fc.record({ address: fc.integer({ min: BASE, max: BASE + 700 }), length: fc.nat(200) }),
    { maxLength: 4 },
  ),
})
/** What happens between two stops. */
const turn = fc.record({
  view,
  sp: fc.integer({ min: BASE, max: BASE + MEMORY_BYTES }),
  writes: fc.array(fc.tuple(fc.nat(MEMORY_BYTES - 1), fc.nat(255)), { maxLength: 12 }),
  registers: fc.array(fc.tuple(fc.nat(16), fc.nat(3)), { maxLength: 6 }),
  isNewSession: fc.boolean(),
})

test('a debugger knows at each stop what the device sees, whatever was left out', () => {
  const property = fc.property(fc.array(turn, { maxLength: 12 }), (turns) => {
    const [teller, listener] = [new StopTeller(), new StopListener()]
    const memory = new Uint8Array(MEMORY_BYTES)
    const registers = Array.from({ length: 17 }, (_, number) => ({ number, value: 0 }))
    for (const { view: wanted, sp, writes, registers: set, isNewSession } of turns) {
      for (const [at, byte] of writes) memory[at] = byte
      for (const [number, value] of set) registers[number] = { number, value }
      if (isNewSession) for (const side of [teller, listener]) side.forget()
      const ranges = viewedRanges(wanted, sp)
      const all = ranges.map(({ address, length }) => {
        const at = address - BASE
        return { address, data: memory.slice(Math.min(at, MEMORY_BYTES), at + length) }
      })
      assert.deepEqual(listener.memory(ranges, teller.memory(all)), all)
      const known = listener.registers(teller.registers(registers))
      assert.deepEqual(
        known.toSorted((a, b) => a.number - b.number),
        registers,
      )
    }
  })
  fc.assert(property, { seed, numRuns: sampled(150, 10_000) })
})

test('what has not changed is not told, and what is near to a change is told with it', () => {
  const teller = new StopTeller()
  const at = (data: Uint8Array) => [{ address: BASE, data }]
  const data = new Uint8Array(1024)
  assert.equal(teller.memory(at(data))[0]?.data.length, 1024)
  assert.deepEqual(teller.memory(at(data)), [])
  const changed = data.slice()
  for (const place of [100, 110, 500]) changed[place] = 1
  assert.deepEqual(
    teller.memory(at(changed)).map(({ address, data: part }) => [address - BASE, part.length]),
    [
      [100, 11],
      [500, 1],
    ],
  )
})
