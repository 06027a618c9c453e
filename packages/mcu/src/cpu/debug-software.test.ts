/** The debug unit as software sees it: FPB, DWT and DebugMonitor. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { EXCEPTION, HFSR } from './faults.ts'
import {
  BX_LR,
  CODE,
  LOAD,
  LOOP,
  NOP,
  STACK,
  STORE,
  startProgram,
} from './testing/debug-program.ts'
import { Machine, RAM } from './testing/machine.ts'

const DEMCR = {
  address: 0xe000_edfc,
  MON_EN: 1 << 16,
  MON_PEND: 1 << 17,
  MON_STEP: 1 << 18,
  TRCENA: 1 << 24,
}
const DFSR = 0xe000_ed30
const SHPR3 = 0xe000_ed20
const FP = { ctrl: 0xe000_2000, comp: 0xe000_2008 }
const DWT = { ctrl: 0xe000_1000, cyccnt: 0xe000_1004, comp: 0xe000_1020, function: 0xe000_1028 }
const MATCHED = 1 << 24

let machine = new Machine()
let { cpu } = machine

beforeEach(() => {
  machine = new Machine()
  cpu = machine.cpu
})

const start = (code: readonly number[], monitor?: readonly number[]) =>
  startProgram(machine, code, monitor)

const read = (address: number) => cpu.readPrivate(address, false)
const write = (address: number, value: number) => cpu.writePrivate(address, value, false)
const returnAddress = () => machine.readWord(cpu.get('sp') + 24)
const isMonitoring = () => (cpu.get('xpsr') & 0x1ff) === EXCEPTION.debugMonitor

test('BKPT is DebugMonitor where MON_EN and priorities allow it, else HardFault', () => {
  start([NOP, 0xbe01, LOOP])
  write(DEMCR.address, DEMCR.MON_EN)
  machine.run(2)
  cpu.run(cpu.cycles)
  assert.deepEqual([isMonitoring(), returnAddress(), read(DFSR)], [true, CODE + 2, 2])
  write(DFSR, 2)
  assert.equal(read(DFSR), 0)

  start([NOP, 0xbe01, LOOP])
  assert.equal(machine.run(3), 'secure-exception')
  assert.equal(cpu.faultRecord.hfsr, HFSR.DEBUGEVT >>> 0)

  // CPSID i leaves no room for an exception of priority 0x20.
  start([0xb672, 0xbe01, LOOP])
  write(SHPR3, 0x20)
  write(DEMCR.address, DEMCR.MON_EN)
  assert.equal(machine.run(3), 'secure-exception')
})

test('an FPB comparator is a breakpoint for DebugMonitor, and nothing without it', () => {
  assert.equal(read(FP.ctrl), 0x1000_0080)
  for (const isMonitored of [true, false]) {
    start([NOP, 0x3001, NOP, LOOP])
    write(FP.ctrl, 3)
    write(FP.comp + 4, (CODE + 2) | 1)
    if (isMonitored) write(DEMCR.address, DEMCR.MON_EN)
    machine.run(4)
    cpu.run(cpu.cycles)
    assert.deepEqual([isMonitoring(), cpu.get('r0')], [isMonitored, isMonitored ? 0 : 1])
    if (isMonitored) assert.deepEqual([returnAddress(), read(DFSR)], [CODE + 2, 2])
  }
  write(FP.ctrl, 0)
  assert.equal(read(FP.ctrl) & 1, 1, 'a write without KEY is ignored')
})

test('a DWT comparator reports the access it matches, and pends DebugMonitor if asked to', () => {
  const match = { any: 4, write: 5, read: 6 }
  const word = 2 << 10
  const cases = [
    { code: LOAD, function: match.read | word, hits: true },
    { code: STORE, function: match.read | word, hits: false },
    { code: STORE, function: match.write | word, hits: true },
    { code: LOAD, function: match.write | word, hits: false },
    { code: LOAD, function: match.any | word, hits: true },
    { code: 0x7848, function: match.any | word, hits: true }, // LDRB r0, [r1, #1]
    { code: 0x7848, function: match.any, hits: false },
  ]
  for (const { code, function: value, hits } of cases) {
    start([NOP, code, NOP, LOOP])
    cpu.set('r1', RAM + 0x800)
    write(DEMCR.address, DEMCR.TRCENA | DEMCR.MON_EN)
    write(DWT.comp + 16, RAM + 0x800)
    write(DWT.function + 16, value)
    machine.run(3)
    assert.equal((read(DWT.function + 16) & MATCHED) !== 0, hits, `0x${code.toString(16)}`)
    assert.equal(read(DWT.function + 16) & MATCHED, 0, 'reading clears it')
    start([NOP, code, NOP, LOOP])
    cpu.set('r1', RAM + 0x800)
    write(DEMCR.address, DEMCR.TRCENA | DEMCR.MON_EN)
    write(DWT.comp + 16, RAM + 0x800)
    write(DWT.function + 16, value | 0x10)
    machine.run(3)
    cpu.run(cpu.cycles)
    assert.equal(isMonitoring(), hits)
    if (hits) assert.deepEqual([returnAddress(), read(DFSR)], [CODE + 4, 4])
  }
})

test('DWT: address limits, linked values, instruction addresses', () => {
  const matches = (setup: readonly (readonly [number, number])[], r1: number, r0 = 0) => {
    start([NOP, STORE, NOP, LOOP])
    cpu.set('r0', r0)
    cpu.set('r1', r1)
    write(DEMCR.address, DEMCR.TRCENA)
    setup.forEach(([comp, value], at) => {
      write(DWT.comp + at * 16, comp)
      write(DWT.function + at * 16, value)
    })
    machine.run(4)
    return setup.map((_, at) => (read(DWT.function + at * 16) & MATCHED) !== 0)
  }
  const range = [
    [RAM + 0x800, 5],
    [RAM + 0x8ff, 7],
  ] as const
  assert.deepEqual(matches(range, RAM + 0x8fc), [true, false])
  assert.deepEqual(matches(range, RAM + 0x900), [false, false])
  const linked = [
    [RAM + 0x800, 5 | (2 << 10)],
    [0x1234, 11 | (2 << 10)],
  ] as const
  assert.deepEqual(matches(linked, RAM + 0x800, 0x1234), [false, true])
  assert.deepEqual(matches(linked, RAM + 0x800, 0x1235), [false, false])
  assert.deepEqual(matches(linked, RAM + 0x804, 0x1234), [false, false])

  start([NOP, 0x3001, NOP, LOOP])
  write(DEMCR.address, DEMCR.TRCENA | DEMCR.MON_EN)
  write(DWT.comp, CODE + 2)
  write(DWT.function, 2 | 0x10)
  machine.run(3)
  cpu.run(cpu.cycles)
  assert.deepEqual([isMonitoring(), returnAddress(), cpu.get('r0')], [true, CODE + 2, 0])
})

test('the comparator of CYCCNT matches at its cycle, and CYCCNT can be set and stopped', () => {
  start([LOOP])
  write(DEMCR.address, DEMCR.TRCENA | DEMCR.MON_EN)
  write(DWT.ctrl, 1)
  write(DWT.cyccnt, 0xffff_fff0)
  write(DWT.comp, 100)
  write(DWT.function, 1 | 0x10)
  const begin = cpu.cycles
  machine.run(115)
  assert.equal(isMonitoring(), false)
  machine.run(3)
  assert.deepEqual([isMonitoring(), read(DFSR), read(DWT.cyccnt)], [true, 4, 102])
  assert.equal(cpu.cycles - begin, 118)
  write(DWT.ctrl, 0)
  machine.run(50)
  assert.equal(read(DWT.cyccnt), 102)
})

test('MON_STEP: one instruction between two DebugMonitor exceptions', () => {
  // The handler counts in r4 and remembers the return address through the frame.
  start([0x3001, 0x3001, 0x3001, LOOP], [0x3401, BX_LR])
  write(DEMCR.address, DEMCR.MON_EN | DEMCR.MON_STEP)
  for (let at = 1; at <= 3; at++) {
    machine.run(1)
    cpu.run(cpu.cycles)
    assert.deepEqual([isMonitoring(), returnAddress()], [true, CODE + at * 2])
    assert.equal(read(DFSR) & 1, 1)
    machine.run(2)
    cpu.run(cpu.cycles)
    assert.deepEqual([isMonitoring(), cpu.get('sp'), cpu.get('r4')], [false, STACK, at])
  }
})

test('MON_PEND pends and unpends DebugMonitor; unprivileged and disabled ones wait', () => {
  start([NOP, NOP, LOOP])
  write(DEMCR.address, DEMCR.MON_PEND)
  machine.run(2)
  assert.equal(isMonitoring(), false)
  assert.equal(read(DEMCR.address) & DEMCR.MON_PEND, DEMCR.MON_PEND)
  write(DEMCR.address, DEMCR.MON_EN)
  machine.run(2)
  assert.equal(isMonitoring(), false)
  write(DEMCR.address, DEMCR.MON_EN | DEMCR.MON_PEND)
  machine.run(1)
  assert.equal(isMonitoring(), true)
})

test('comparators of software are part of a snapshot', () => {
  start([NOP, 0x3001, NOP, LOOP])
  write(FP.ctrl, 3)
  write(FP.comp, (CODE + 2) | 1)
  write(DEMCR.address, DEMCR.MON_EN)
  const other = new Machine()
  other.cpu.restore(cpu.snapshot())
  other.run(3)
  other.cpu.run(other.cpu.cycles)
  assert.equal(other.cpu.get('xpsr') & 0x1ff, EXCEPTION.debugMonitor)
})
