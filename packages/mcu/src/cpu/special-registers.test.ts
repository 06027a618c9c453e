/** MRS and MSR: every SYSm in both states, privileged and not, against the manual's table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RegisterName } from './cpu.ts'
import { encode, FLASH, Machine } from './testing/machine.ts'

const CODE = FLASH + 0x1000
/** SYSm of banked registers with the bits that exist. Armv8-M ARM, MRS. */
const BANKED = [
  { sysm: 8, name: 'msp', mask: ~3 },
  { sysm: 9, name: 'psp', mask: ~3 },
  { sysm: 10, name: 'msplim', mask: ~7 },
  { sysm: 11, name: 'psplim', mask: ~7 },
  { sysm: 16, name: 'primask', mask: 1 },
  { sysm: 17, name: 'basepri', mask: 0xf0 },
  { sysm: 19, name: 'faultmask', mask: 1 },
  { sysm: 20, name: 'control', mask: 0 },
] as const
const NON_SECURE = 0x80

const mrs = (sysm: number) => encode('11110 0 1111 1 0 1111 10 0 0 0000 ssssssss', { s: sysm })
const msr = (sysm: number) => encode('11110 0 1110 0 0 0001 10 0 0 1000 ssssssss', { s: sysm })

/** One instruction with r1 set; gives r0. */
function execute(machine: Machine, code: readonly number[], r1 = 0): number {
  const { cpu } = machine
  machine.write(CODE, code)
  cpu.set('pc', CODE)
  cpu.set('r0', 0xdead_beef)
  cpu.set('r1', r1)
  assert.equal(cpu.run(cpu.cycles + 1), 'cycle')
  assert.equal(cpu.get('pc'), CODE + 4)
  return cpu.get('r0')
}

function started(world: 'secure' | 'non-secure'): Machine {
  const machine = new Machine(world)
  machine.writeWord(FLASH, 0x2000_0400)
  machine.writeWord(FLASH + 4, CODE | 1)
  if (world === 'secure') machine.cpu.reset()
  else machine.cpu.startNonSecure(FLASH)
  return machine
}

for (const world of ['secure', 'non-secure'] as const) {
  const own = world === 'secure' ? 's' : 'ns'

  test(`${world} code reads and writes its own bank, and that alone`, () => {
    const { cpu } = started(world)
    const machine = started(world)
    for (const { sysm, name, mask } of BANKED) {
      if (mask === 0) continue
      for (const value of [0xffff_ffff, 0x5a5a_5a5a, 0]) {
        const other = `${name}_${own === 's' ? 'ns' : 's'}` as RegisterName
        const before = machine.cpu.get(other)
        execute(machine, msr(sysm), value)
        assert.equal(machine.cpu.get(`${name}_${own}`), (value & mask) >>> 0, name)
        assert.equal(execute(machine, mrs(sysm)), (value & mask) >>> 0, name)
        assert.equal(machine.cpu.get(other), before, other)
      }
    }
    assert.equal(cpu.isSecure, world === 'secure')
  })

  test(`SYSm with bit 7 in ${world} code: the Non-secure bank, or nothing`, () => {
    const machine = started(world)
    for (const { sysm, name, mask } of BANKED) {
      if (mask === 0) continue
      const before = machine.cpu.get(`${name}_ns`)
      execute(machine, msr(sysm | NON_SECURE), 0xffff_ffff)
      const changes = world === 'secure'
      assert.equal(machine.cpu.get(`${name}_ns`), changes ? mask >>> 0 : before, name)
      assert.equal(execute(machine, mrs(sysm | NON_SECURE)), changes ? mask >>> 0 : 0, name)
      machine.cpu.set(`${name}_ns`, 0)
    }
  })

  test(`all 256 SYSm in ${world} code: what is none reads as zero and ignores writes`, () => {
    const machine = started(world)
    const known = new Set([...BANKED.map(({ sysm }) => sysm as number), 18, 24 | NON_SECURE])
    if (world === 'secure') for (const { sysm } of BANKED) known.add(sysm | NON_SECURE)
    const banks = () =>
      BANKED.flatMap(({ name }) => [machine.cpu.get(`${name}_s`), machine.cpu.get(`${name}_ns`)])
    const before = banks()
    for (let sysm = 8; sysm < 256; sysm++) {
      if (known.has(sysm)) continue
      assert.equal(execute(machine, mrs(sysm)), 0, `SYSm ${sysm}`)
      execute(machine, msr(sysm), 0xffff_ffff)
      assert.deepEqual(banks(), before, `SYSm ${sysm}`)
    }
  })

  test(`unprivileged ${world} code reads CONTROL and flags, and writes flags alone`, () => {
    const machine = started(world)
    for (const { name } of BANKED) if (name !== 'control') machine.cpu.set(`${name}_${own}`, 0xf8)
    machine.cpu.set(`primask_${own}`, 0)
    machine.cpu.set(`faultmask_${own}`, 0)
    machine.cpu.set(`basepri_${own}`, 0)
    machine.cpu.set(`control_${own}`, 1)
    for (const { sysm, name } of BANKED) {
      assert.equal(execute(machine, mrs(sysm)), name === 'control' ? 1 : 0, name)
      const before = machine.cpu.get(`${name}_${own}`)
      execute(machine, msr(sysm), 0xffff_ffff)
      assert.equal(machine.cpu.get(`${name}_${own}`), before, name)
    }
    execute(machine, msr(0), 0xf800_0000)
    assert.equal(execute(machine, mrs(3)), 0xf800_0000, 'XPSR without IPSR')
    assert.equal(execute(machine, mrs(5)), 0, 'IPSR')
  })

  test(`BASEPRI_MAX is BASEPRI, and raises only, ${world}`, () => {
    const machine = started(world)
    for (const [value, expected] of [
      [0x40, 0x40],
      [0x80, 0x40],
      [0, 0x40],
      [0x20, 0x20],
    ] as const) {
      execute(machine, msr(18), value)
      assert.equal(machine.cpu.get(`basepri_${own}`), expected)
      assert.equal(execute(machine, mrs(18)), expected)
    }
  })
}

test('SP_NS is the stack pointer that Non-secure code would have', () => {
  const machine = started('secure')
  machine.cpu.set('msp_ns', 0x2000_0100)
  machine.cpu.set('psp_ns', 0x2000_0200)
  for (const [control, sp] of [
    [0, 0x2000_0100],
    [2, 0x2000_0200],
  ] as const) {
    machine.cpu.set('control_ns', control)
    assert.equal(execute(machine, mrs(0x98)), sp)
    execute(machine, msr(0x98), sp + 0x40)
    assert.equal(machine.cpu.get(control ? 'psp_ns' : 'msp_ns'), sp + 0x40)
  }
})
