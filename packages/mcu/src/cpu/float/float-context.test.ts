/** Who may use floating point, what is refused, and what nobody else gets to see. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { CFSR, EXCEPTION } from '../faults.ts'
import { encode, FLASH, Machine, RAM } from '../testing/machine.ts'

const CODE = FLASH + 0x1000
const HANDLER = FLASH + 0x2000
const STACK = RAM + 0x400
const LOOP = 0xe7fe
const REGISTER = { shcsr: 0xe000_ed24, cfsr: 0xe000_ed28, cpacr: 0xe000_ed88, nsacr: 0xe000_ed8c }
const FPCCR = 0xe000_ef34
const ALL = 0xf0_0000
const PRIVILEGED = 0x50_0000

const VADD = encode('1110 1110 0 d 11 nnnn dddd 1010 n 0 m 0 mmmm', { d: 0, n: 1, m: 1 })
const VADD_DOUBLE = encode('1110 1110 0011 0001 0000 1011 0000 0010')
const VMOV_D16 = encode('1110 1100 0101 0001 0000 1011 0011 0000')
const VLSTM = encode('1110 1100 0010 0001 0000 1010 0000 0000')
/** A load of many registers that no row draws. */
const UNALLOCATED = encode('1110 1100 1111 0001 0000 1010 0000 0000')
const CDP = encode('1110 1110 0000 0000 0000 0111 0000 0000')

let machine = new Machine()
let { cpu } = machine

beforeEach(() => {
  machine = new Machine()
  cpu = machine.cpu
})

function start(code: readonly number[], access: number) {
  machine.write(CODE, [...code, LOOP])
  machine.writeWord(FLASH + EXCEPTION.usageFault * 4, HANDLER | 1)
  machine.write(HANDLER, [LOOP])
  machine.start(CODE)
  cpu.writePrivate(REGISTER.shcsr, 7 << 16, false)
  cpu.writePrivate(REGISTER.cpacr, access, false)
}

/** UFSR in its place in CFSR after one instruction; 0 if it went well. */
function faultOf(code: readonly number[], access: number): number {
  start(code, access)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  const isFaulty = cpu.get('pc') === HANDLER
  assert.equal(isFaulty, cpu.isInHandlerMode)
  if (isFaulty) assert.equal(machine.readWord(cpu.get('sp') + 24), CODE)
  else assert.equal(cpu.get('pc'), CODE + 4)
  return cpu.readPrivate(REGISTER.cfsr, false)
}

test('without access everything in the space of floating point is refused as NOCP', () => {
  for (const code of [VADD, VADD_DOUBLE, VMOV_D16, UNALLOCATED]) {
    machine = new Machine()
    cpu = machine.cpu
    assert.equal(faultOf(code, 0), CFSR.NOCP)
  }
})

test('with access it is executed, or UNDEFINED where the FPU has no such instruction', () => {
  const expected = [
    { code: VADD, fault: 0 },
    { code: VADD_DOUBLE, fault: CFSR.UNDEFINSTR },
    { code: VMOV_D16, fault: CFSR.UNDEFINSTR },
    { code: UNALLOCATED, fault: CFSR.UNDEFINSTR },
    { code: VLSTM, fault: CFSR.UNDEFINSTR },
    { code: CDP, fault: CFSR.NOCP },
  ]
  for (const { code, fault } of expected) {
    machine = new Machine()
    cpu = machine.cpu
    assert.equal(faultOf(code, ALL), fault)
  }
})

test('privileged access is for privileged code', () => {
  assert.equal(faultOf(VADD, PRIVILEGED), 0)
  // MSR CONTROL, r0 with nPRIV, then VADD.
  start([0xf380, 0x8814, 0xf3bf, 0x8f6f, ...VADD], PRIVILEGED)
  cpu.set('r0', 1)
  cpu.run(cpu.cycles + 3)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), HANDLER)
  assert.equal(cpu.readPrivate(REGISTER.cfsr, false) & CFSR.NOCP, CFSR.NOCP)
})

test('without NSACR Non-secure code is refused, and the Secure state is told', () => {
  start(VADD, ALL)
  cpu.writePrivate(REGISTER.nsacr, 0, true)
  assert.equal(cpu.run(cpu.cycles + 1), 'secure-exception')
  assert.equal(cpu.readPrivate(REGISTER.cfsr, true), CFSR.NOCP)
  assert.equal(cpu.readPrivate(REGISTER.cfsr, false), 0)
})

test('NSACR cannot be read or changed by Non-secure code', () => {
  cpu.writePrivate(REGISTER.nsacr, 0, false)
  assert.equal(cpu.readPrivate(REGISTER.nsacr, true), 0xc00)
  assert.equal(cpu.readPrivate(REGISTER.nsacr, false), 0)
})

test('registers of interrupted code stay where they are until somebody wants them', () => {
  const svc = encode('1101 1111 0000 0000')
  start([...VADD, ...svc], ALL)
  machine.writeWord(FLASH + EXCEPTION.svCall * 4, HANDLER | 1)
  for (let number = 0; number < 32; number++) cpu.set(`s${number as 0}`, 0x100 + number)
  cpu.run(cpu.cycles + 2)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), HANDLER)
  assert.equal(cpu.get('sp'), STACK - 0x68)
  assert.equal(cpu.readPrivate(FPCCR, false) & 1, 1, 'LSPACT')
  assert.equal(machine.readWord(STACK - 0x68 + 0x24), 0, 's1 is not on the stack')
  assert.equal(cpu.get('s1'), 0x101)
})

test('registers have names', () => {
  start([LOOP], ALL)
  for (let number = 0; number < 32; number++) cpu.set(`s${number as 0}`, 0x8000_0000 + number)
  for (let number = 0; number < 32; number++) {
    assert.equal(cpu.get(`s${number as 0}`), 0x8000_0000 + number)
  }
  cpu.set('fpscr', 0xffff_ffff)
  assert.equal(cpu.get('fpscr'), 0xf7c0_009f)
})

test('the next application finds no numbers of the one before', () => {
  start(VADD, ALL)
  for (let number = 0; number < 32; number++) cpu.set(`s${number as 0}`, 0x4000_0000 + number)
  cpu.set('fpscr', 0xf7c0_009f)
  cpu.run(cpu.cycles + 1)
  machine.start(CODE)
  for (let number = 0; number < 32; number++) assert.equal(cpu.get(`s${number as 0}`), 0)
  assert.equal(cpu.get('fpscr'), 0)
  assert.equal(cpu.get('control_ns') & 4, 0, 'FPCA')
  assert.equal(cpu.readPrivate(REGISTER.cpacr, false), 0)
})
