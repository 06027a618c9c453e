/**
 * Programs that are wrong: each ends in the fault or the lock-up that the architecture has for it,
 * in both states, never in an exception of the host.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CFSR, HFSR } from './faults.ts'
import { encode, FLASH, Machine, RAM, RAM_BYTES } from './testing/machine.ts'

const CODE = FLASH + 0x1000
const HANDLER = FLASH + 0x2000
const NOWHERE = 0x6000_0000
const NOP = 0xbf00
const LOOP = 0xe7fe
const CFSR_AT = 0xe000_ed28
const HFSR_AT = 0xe000_ed2c
const VTOR = 0xe000_ed08
const SHCSR = 0xe000_ed24
const BUSFAULTENA = 1 << 17
const PSP = 2

const exceptionOf = ({ cpu }: Machine) => cpu.get('xpsr') & 0x1ff

/** Secure machine code at CODE; every exception goes to a loop at HANDLER + 16 times its number. */
function secure(code: readonly number[], vectors: readonly [number, number] = [RAM + 0x400, 0]) {
  const machine = new Machine('secure')
  for (let number = 2; number < 16; number++) {
    machine.write(HANDLER + number * 16, [LOOP])
    machine.writeWord(FLASH + number * 4, (HANDLER + number * 16) | 1)
  }
  machine.write(CODE, code)
  machine.writeWord(FLASH, vectors[0])
  machine.writeWord(FLASH + 4, vectors[1] || CODE | 1)
  machine.cpu.reset()
  return machine
}

/** The run ends in this exception's handler, with these bits. */
function assertHandler(machine: Machine, number: number, bits: { cfsr?: number; hfsr?: number }) {
  assert.equal(machine.run(40), 'cycle')
  assert.equal(exceptionOf(machine), number)
  assert.equal(machine.cpu.get('pc'), HANDLER + number * 16)
  const seen = [machine.cpu.readPrivate(CFSR_AT, true), machine.cpu.readPrivate(HFSR_AT, true)]
  assert.deepEqual(seen, [(bits.cfsr ?? 0) >>> 0, (bits.hfsr ?? 0) >>> 0])
}

function assertLockUp(machine: Machine, cfsr: number) {
  assert.equal(machine.run(40), 'lockup')
  assert.equal(machine.cpu.faultRecord.exception, 'Lockup')
  assert.equal(machine.cpu.faultRecord.cfsr & cfsr, cfsr)
  assert.equal(machine.run(1000), 'lockup', 'and stays there')
}

test('undefined encodings are UNDEFINSTR, wild branches the fault of where they go', () => {
  const cases = [
    { code: [0xde00], cfsr: CFSR.UNDEFINSTR },
    { code: [0xffff, 0xffff], cfsr: CFSR.UNDEFINSTR },
    { code: [0xf7f0, 0xa000], cfsr: CFSR.UNDEFINSTR },
    { code: [0x4708], r1: CODE, cfsr: CFSR.INVSTATE },
    { code: [0x4708], r1: 1, cfsr: CFSR.IBUSERR },
    { code: [0x4708], r1: NOWHERE | 1, cfsr: CFSR.IBUSERR },
    { code: [0x4708], r1: 0x4000_0001, cfsr: CFSR.IACCVIOL },
    { code: [0x4708], r1: 0xe000_e001, cfsr: CFSR.IACCVIOL },
    { code: [0x4708], r1: 0xffff_ffff, cfsr: CFSR.IACCVIOL },
    { code: [0x4708], r1: (RAM + RAM_BYTES) | 1, cfsr: CFSR.IBUSERR },
  ]
  for (const { code, r1 = 0, cfsr } of cases) {
    const machine = secure([...code, LOOP])
    machine.cpu.set('r1', r1)
    assertHandler(machine, 3, { cfsr, hfsr: HFSR.FORCED })
  }
})

test('a jump into data executes it, to the first word that is no instruction', () => {
  const machine = secure([0x4708])
  machine.write(RAM + 0x800, [0x2005, 0x3001, 0xde00])
  machine.cpu.set('r1', (RAM + 0x800) | 1)
  assertHandler(machine, 3, { cfsr: CFSR.UNDEFINSTR, hfsr: HFSR.FORCED })
  assert.equal(machine.cpu.get('r0'), 6)
})

test('a write to ROM is a precise BusFault with its address', () => {
  const machine = secure([0x6008, LOOP])
  machine.cpu.set('r1', CODE + 0x100)
  machine.cpu.writePrivate(SHCSR, BUSFAULTENA, true)
  assertHandler(machine, 5, { cfsr: CFSR.PRECISERR | CFSR.BFARVALID })
  assert.equal(machine.cpu.readPrivate(0xe000_ed38, true), CODE + 0x100)
  assert.equal(machine.readWord(CODE + 0x100), 0)
})

test('a reset vector that leads nowhere: HardFault, or lock-up where that is nowhere, too', () => {
  assertHandler(secure([], [RAM + 0x400, NOWHERE | 1]), 3, {
    cfsr: CFSR.IBUSERR,
    hfsr: HFSR.FORCED,
  })
  assertHandler(secure([], [RAM + 0x400, CODE & ~1]), 3, {
    cfsr: CFSR.INVSTATE,
    hfsr: HFSR.FORCED,
  })
  const machine = secure([], [RAM + 0x400, NOWHERE | 1])
  machine.writeWord(FLASH + 3 * 4, NOWHERE | 1)
  assertLockUp(machine, CFSR.IBUSERR)
})

test('a vector table of a reset that points nowhere: no entry, and no vector for that fault', () => {
  const machine = new Machine()
  for (const table of [NOWHERE, 0xffff_ff80, 0x4000_0000]) {
    machine.cpu.startNonSecure(table)
    assert.equal(machine.run(10), 'secure-exception')
    assert.deepEqual([machine.cpu.get('pc'), machine.cpu.faultRecord.exception], [0, 'HardFault'])
  }
})

test('a vector table that points nowhere: VECTTBL, then lock-up as HardFault has no vector', () => {
  const machine = secure([NOP, 0xdf00, LOOP])
  machine.cpu.writePrivate(VTOR, NOWHERE, true)
  assert.equal(machine.run(40), 'lockup')
  assert.equal(machine.cpu.faultRecord.hfsr & HFSR.VECTTBL, HFSR.VECTTBL)
})

test('a handler without Thumb bit: UsageFault INVSTATE, and lock-up for that of HardFault', () => {
  const machine = secure([0xdf00, LOOP])
  machine.writeWord(FLASH + 11 * 4, HANDLER)
  assertHandler(machine, 3, { cfsr: CFSR.INVSTATE, hfsr: HFSR.FORCED })
  const fatal = secure([0xde00])
  fatal.writeWord(FLASH + 3 * 4, HANDLER)
  assertLockUp(fatal, CFSR.INVSTATE)
})

test('a stack in unmapped memory: STKERR, and a handler that is entered all the same', () => {
  const machine = secure([0xdf00, LOOP], [NOWHERE + 0x400, 0])
  machine.cpu.writePrivate(SHCSR, BUSFAULTENA, true)
  assertHandler(machine, 5, { cfsr: CFSR.STKERR })
  const fatal = secure([0xdf00, LOOP], [NOWHERE + 0x400, 0])
  assertHandler(fatal, 3, { cfsr: CFSR.STKERR, hfsr: HFSR.FORCED })
})

test('a return from a stack that is not there: UNSTKERR, then lock-up if nobody may handle it', () => {
  // The handler of SVC moves PSP away and returns.
  const code = [0xdf00, LOOP]
  const handler = [...encode('11110 0 1110 0 0 0001 10 0 0 1000 00001001'), 0x4770]
  const start = () => {
    const machine = secure(code)
    machine.write(HANDLER + 11 * 16, handler)
    machine.cpu.set('psp_s', RAM + 0x1000)
    machine.cpu.set('control_s', PSP)
    machine.cpu.set('r1', NOWHERE)
    return machine
  }
  const machine = start()
  machine.cpu.writePrivate(SHCSR, BUSFAULTENA, true)
  assertHandler(machine, 5, { cfsr: CFSR.UNSTKERR })
  assertHandler(start(), 3, { cfsr: CFSR.UNSTKERR, hfsr: HFSR.FORCED })
})

test('recursion past the limit is STKOF; without a limit it runs off the memory', () => {
  // PUSH {r0-r7}; B to itself.
  const recursion = [0xb4ff, 0xe7fd]
  const limited = secure(recursion)
  limited.cpu.set('msplim_s', RAM + 0x100)
  limited.cpu.writePrivate(SHCSR, 1 << 18, true)
  assert.equal(limited.run(1000), 'cycle')
  assert.equal(exceptionOf(limited), 6)
  assert.equal(limited.cpu.get('sp'), RAM + 0x100)
  assert.equal(limited.cpu.readPrivate(CFSR_AT, true), CFSR.STKOF)
  const process = secure(recursion)
  process.cpu.set('psp_s', RAM + 0x2000)
  process.cpu.set('psplim_s', RAM + 0x1000)
  process.cpu.set('control_s', PSP)
  process.cpu.writePrivate(SHCSR, 1 << 18, true)
  process.run(1000)
  assert.equal(process.cpu.get('psp_s'), RAM + 0x1000, 'nothing is written below the limit')
  const open = secure(recursion)
  open.run(1000)
  assert.equal(open.cpu.readPrivate(CFSR_AT, true) & CFSR.STKERR, CFSR.STKERR)
})

test('a fault in HardFault, and in NMI, is lock-up; NMI gets out of the former', () => {
  const machine = secure([0xde00])
  machine.write(HANDLER + 3 * 16, [0xde00])
  machine.write(HANDLER + 2 * 16, [LOOP])
  assertLockUp(machine, CFSR.UNDEFINSTR)
  machine.cpu.writePrivate(0xe000_ed04, 2 ** 31, true)
  assert.equal(machine.run(10), 'cycle')
  assert.equal(exceptionOf(machine), 2)
})

test('the same of a Non-secure program ends the run with a record for the host', () => {
  const cases = [
    { stack: NOWHERE, entry: CODE | 1, exception: 'HardFault', cfsr: CFSR.STKERR },
    { stack: RAM + 0x400, entry: NOWHERE | 1, exception: 'HardFault', cfsr: CFSR.IBUSERR },
    { stack: RAM + 0x400, entry: 0, exception: 'HardFault', cfsr: CFSR.IBUSERR },
    { stack: 0xffff_fffc, entry: CODE | 1, exception: 'HardFault', cfsr: CFSR.STKERR },
  ]
  for (const { stack, entry, exception, cfsr } of cases) {
    const machine = new Machine()
    machine.write(CODE, [0xdf00, LOOP])
    machine.writeWord(FLASH, stack)
    machine.writeWord(FLASH + 4, entry)
    machine.cpu.startNonSecure(FLASH)
    assert.equal(machine.run(40), 'secure-exception')
    const record = machine.cpu.faultRecord
    assert.deepEqual([record.exception, record.cfsr & cfsr], [exception, cfsr])
  }
})
