/** A few instructions on one machine, from a fresh start each time. */
import assert from 'node:assert/strict'
import { FLASH, Machine } from './machine.ts'

/** Where they lie. */
export const CODE = FLASH + 0x1000

export const machine = new Machine()
export const { cpu } = machine

interface Before {
  readonly registers?: readonly number[]
  readonly flags?: number
}

/** Runs instructions from a fresh start; gives r0 to r7 and the flags. */
export function execute(code: readonly number[], { registers = [], flags = 0 }: Before, count = 1) {
  machine.write(CODE, code)
  machine.start(CODE)
  registers.forEach((value, number) => {
    cpu.set(`r${number as 0}`, value)
  })
  cpu.set('xpsr', (0x0100_0000 | flags) >>> 0)
  assert.equal(cpu.run(cpu.cycles + count), 'cycle')
  const r = [0, 1, 2, 3, 4, 5, 6, 7].map((number) => cpu.get(`r${number as 0}`))
  return { r, flags: (cpu.get('xpsr') & 0xf800_0000) >>> 0 }
}
