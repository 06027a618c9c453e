/** What the CPU says about itself is what it has, and what a debugger's scan of the bus finds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BREAKPOINTS, WATCHPOINTS } from './cpu.ts'
import { IDENTIFICATION } from './identification.ts'
import { IRQ_COUNT } from './nvic.ts'
import { Machine } from './testing/machine.ts'

const { cpu } = new Machine()
const read = (address: number) => cpu.readPrivate(address, true)
const ROM = 0xe00f_f000

test('identification registers are constant, and the same in both states', () => {
  for (const { address, name, value } of IDENTIFICATION) {
    for (const isSecure of [false, true]) {
      cpu.writePrivate(address, ~value >>> 0, isSecure)
      assert.equal(cpu.readPrivate(address, isSecure), value, name)
    }
  }
})

test('there are as many comparators, regions, priorities and interrupts as the registers say', () => {
  assert.equal((read(0xe000_2000) >> 4) & 15, BREAKPOINTS)
  assert.equal(read(0xe000_1000) >>> 28, WATCHPOINTS)
  const counted = (rnr: number, rlar: number, count: number) => {
    for (let at = 0; at < count; at++) {
      cpu.writePrivate(rnr, at, true)
      cpu.writePrivate(rlar, 0x100 * (at + 1), true)
    }
    return Array.from({ length: count }, (_, at) => {
      cpu.writePrivate(rnr, at, true)
      return read(rlar) / 0x100
    })
  }
  assert.deepEqual(counted(0xe000_ed98, 0xe000_eda0, 8), [1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual(counted(0xe000_edd8, 0xe000_ede0, 8), [1, 2, 3, 4, 5, 6, 7, 8])
  cpu.writePrivate(0xe000_e400 + 124, 0xffff_ffff, true)
  assert.equal(read(0xe000_e400 + 124), 0x0000_f0f0, 'interrupt 125 is the last; four bits')
  cpu.writePrivate(0xe000_e10c, 0xffff_ffff, true)
  assert.equal(read(0xe000_e10c), 2 ** (IRQ_COUNT - 96) - 1)
})

test('a scan of the ROM table finds SCS, DWT and FPB, and no trace', () => {
  const found: number[] = []
  for (let at = ROM; read(at) !== 0; at += 4) {
    const base = (ROM + (read(at) & ~0xfff)) >>> 0
    if (read(at) & 1) found.push(base)
  }
  assert.deepEqual(found, [0xe000_e000, 0xe000_1000, 0xe000_2000])
  for (const base of [...found, ROM]) {
    const id = [0xff0, 0xff4, 0xff8, 0xffc].map((offset) => read(base + offset))
    assert.deepEqual(id, [0x0d, base === ROM ? 0x10 : 0x90, 0x05, 0xb1])
    assert.equal((read(base + 0xfe4) >> 4) | ((read(base + 0xfe8) & 7) << 4), 0x3b, 'Arm')
  }
})
