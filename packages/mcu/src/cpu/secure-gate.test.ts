/** The border to the Secure state: what Non-secure code may not touch, and how it calls the host. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { SFSR } from './faults.ts'
import { encode, FLASH, HOST_CODE, Machine, RAM, SECURE_RAM, VENEERS } from './testing/machine.ts'

const CODE = FLASH + 0x1000
const HANDLER = FLASH + 0x2000
const STACK = RAM + 0x400
const NOP = 0xbf00
const LOOP = 0xe7fe
/** LDR r0, [r1] and STR r0, [r1]. */
const LOAD = 0x6808
const STORE = 0x6008
const SHCSR = 0xe000_ed24
const NVIC = { iser: 0xe000_e100, itns: 0xe000_e380 }

let machine = new Machine()
let { cpu } = machine

beforeEach(() => {
  machine = new Machine()
  cpu = machine.cpu
  cpu.writePrivate(NVIC.itns, 1, true)
})

/** Code at CODE; interrupt 0 goes to HANDLER. */
function start(code: readonly number[]) {
  machine.write(CODE, code)
  machine.write(HANDLER, [LOOP])
  machine.writeWord(FLASH + 16 * 4, HANDLER | 1)
  machine.start(CODE)
}

test('Secure memory: reads and writes are AUVIOL, branches INVEP', () => {
  const cases = [
    { code: LOAD, r1: SECURE_RAM, sfsr: SFSR.AUVIOL | SFSR.SFARVALID, sfar: SECURE_RAM },
    { code: STORE, r1: SECURE_RAM + 4, sfsr: SFSR.AUVIOL | SFSR.SFARVALID, sfar: SECURE_RAM + 4 },
    { code: LOAD, r1: VENEERS, sfsr: SFSR.AUVIOL | SFSR.SFARVALID, sfar: VENEERS },
    { code: 0x4708, r1: HOST_CODE.start + 1, sfsr: SFSR.INVEP, sfar: 0 },
    { code: 0x4708, r1: VENEERS + 5, sfsr: SFSR.INVEP, sfar: 0 },
  ]
  for (const { code, r1, sfsr, sfar } of cases) {
    start([NOP, code, LOOP])
    machine.write(FLASH + 0x1f_e000, [0xe97f, 0xe97f, NOP])
    cpu.writePrivate(SHCSR, 1 << 19, true)
    cpu.set('r1', r1)
    assert.equal(machine.run(4), 'secure-exception')
    const record = cpu.faultRecord
    assert.deepEqual([record.exception, record.sfsr, record.sfar], ['SecureFault', sfsr, sfar])
  }
})

/** B.W behind the SG of a veneer, to an offset in the host code range. */
function branchToHost(veneer: number, offset: number): number[] {
  const distance = HOST_CODE.start + offset - (veneer + 8)
  return encode('11110 0 iiiiiiiiii 10 1 1 1 jjjjjjjjjjj', {
    i: (distance >> 12) & 0x3ff,
    j: (distance >> 1) & 0x7ff,
  })
}

test('a call through a veneer runs SG, stops in the host code, and returns behind the call', () => {
  const veneer = 0x1f_e000 + 0x20
  // SG; B.W to the host code range.
  const branch = branchToHost(VENEERS + 0x20, 0x40)
  start([0x4780, NOP, LOOP])
  machine.write(FLASH + veneer, [0xe97f, 0xe97f, ...branch])
  cpu.set('r0', VENEERS + 0x21)
  cpu.set('r5', 55)
  const before = cpu.cycles
  assert.equal(machine.run(100), 'secure-call')
  assert.deepEqual(cpu.gate, {
    veneer: VENEERS + 0x20,
    target: HOST_CODE.start + 0x40,
    stackPointer: STACK,
  })
  assert.deepEqual([cpu.cycles - before, cpu.isSecure, cpu.get('msp_ns')], [3, true, STACK])
  assert.equal(cpu.run(cpu.cycles + 10), 'secure-call')
  cpu.returnToNonSecure(123)
  assert.equal(cpu.isSecure, false)
  cpu.run(cpu.cycles + 1)
  assert.deepEqual(
    [cpu.get('pc'), cpu.get('r0'), cpu.get('r5'), cpu.get('sp')],
    [CODE + 4, 123, 55, STACK],
  )
})

test('interrupts wait while the host has control', () => {
  start([0x4780, NOP, LOOP])
  machine.write(FLASH + 0x1f_e000, [0xe97f, 0xe97f, ...branchToHost(VENEERS, 0)])
  cpu.set('r0', VENEERS + 1)
  cpu.writePrivate(NVIC.iser, 1, false)
  assert.equal(machine.run(100), 'secure-call')
  cpu.setPending(0)
  assert.equal(cpu.run(cpu.cycles + 10), 'secure-call')
  cpu.returnToNonSecure(0)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), HANDLER)
  assert.equal(machine.readWord(cpu.get('sp') + 24), CODE + 2)
})
