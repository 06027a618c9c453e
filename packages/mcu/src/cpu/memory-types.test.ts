/** Memory types as software sees them: MAIR of the MPU, and the default memory map. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CFSR } from './faults.ts'
import { FLASH, Machine, RAM } from './testing/machine.ts'

const CODE = FLASH + 0x1000
const HANDLER = FLASH + 0x2000
const LOOP = 0xe7fe
/** LDR r0, [r1] and STR r0, [r1]. */
const ACCESSES = [0x6808, 0x6008]
const SHCSR = 0xe000_ed24
const FAULTS = 7 << 16
const MPU = { ctrl: 0xe000_ed94, rnr: 0xe000_ed98, rbar: 0xe000_ed9c, rlar: 0xe000_eda0 }
const MAIR = [0xe000_edc0, 0xe000_edc4] as const
const READ_WRITE = 2

for (const world of ['secure', 'non-secure'] as const) {
  test(`unaligned accesses fault in Device memory and nowhere else: all of MAIR, ${world}`, () => {
    const machine = new Machine(world)
    const { cpu } = machine
    const isSecure = world === 'secure'
    const write = (address: number, value: number) => cpu.writePrivate(address, value, isSecure)
    machine.write(HANDLER, [LOOP])
    for (let number = 3; number < 7; number++) machine.writeWord(FLASH + number * 4, HANDLER | 1)
    machine.writeWord(FLASH, RAM + 0x400)
    machine.writeWord(FLASH + 4, CODE | 1)
    for (let attribute = 0; attribute < 256; attribute++) {
      const index = attribute & 7
      machine.write(CODE, [ACCESSES[(attribute >> 3) & 1]!, LOOP])
      if (isSecure) cpu.reset()
      else cpu.startNonSecure(FLASH)
      write(SHCSR, FAULTS)
      write(MAIR[index >> 2]!, (attribute << ((index & 3) * 8)) >>> 0)
      write(MPU.rnr, 2)
      write(MPU.rbar, (RAM + 0x800) | READ_WRITE)
      write(MPU.rlar, (RAM + 0x8e0) | (index << 1) | 1)
      write(MPU.ctrl, 5)
      for (const address of [RAM + 0x804, RAM + 0x801]) {
        cpu.set('pc', CODE)
        cpu.set('r1', address)
        machine.run(3)
        const faults = attribute >> 4 === 0 && address % 4 !== 0
        const name = `attribute ${attribute} at ${address.toString(16)}`
        assert.equal(cpu.readPrivate(0xe000_ed28, isSecure), faults ? CFSR.UNALIGNED : 0, name)
      }
    }
  })
}
