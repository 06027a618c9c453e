/** The debug unit as the host uses it: breakpoints, watchpoints, steps, catches, registers. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { BREAKPOINTS, type RegisterName, WATCHPOINTS } from './cpu.ts'
import { EXCEPTION } from './faults.ts'
import {
  BX_LR,
  CODE,
  HANDLER,
  LOAD,
  LOOP,
  NOP,
  STACK,
  STORE,
  startProgram,
} from './testing/debug-program.ts'
import { FLASH, HOST_CODE, Machine, RAM, VENEERS } from './testing/machine.ts'

let machine = new Machine()
let { cpu } = machine

beforeEach(() => {
  machine = new Machine()
  cpu = machine.cpu
})

const start = (code: readonly number[], monitor?: readonly number[]) =>
  startProgram(machine, code, monitor)

test('run halts before a breakpoint, and passes it when it goes on', () => {
  start([NOP, 0x3001, NOP, 0xe7fb])
  cpu.setBreakpoints([CODE + 2])
  for (let round = 0; round < 4; round++) {
    assert.equal(machine.run(100), 'halt')
    assert.deepEqual(cpu.haltCause, { kind: 'breakpoint', address: CODE + 2 })
    assert.deepEqual([cpu.get('pc'), cpu.get('r0')], [CODE + 2, round])
    assert.equal(cpu.cycles, round * 4 + 1)
  }
  cpu.setBreakpoints([])
  assert.equal(machine.run(100), 'cycle')
})

test('a breakpoint inside an IT block halts there, and the block goes on', () => {
  for (let at = 0; at < 3; at++) {
    // ITTE EQ; MOVEQ r0, #1; MOVEQ r1, #2; MOVNE r2, #3
    start([0xbf06, 0x2001, 0x2102, 0x2203, LOOP])
    cpu.set('xpsr', 0x4100_0000)
    cpu.setBreakpoints([CODE + 2 + at * 2])
    assert.equal(machine.run(100), 'halt')
    assert.deepEqual([cpu.get('pc'), cpu.cycles % 2 ** 20 > 0], [CODE + 2 + at * 2, true])
    cpu.setBreakpoints([])
    machine.run(10)
    assert.deepEqual([cpu.get('r0'), cpu.get('r1'), cpu.get('r2')], [1, 2, 0])
  }
})

test('a breakpoint on a branch to itself halts every time', () => {
  start([LOOP])
  cpu.setBreakpoints([CODE])
  const begin = cpu.cycles
  for (let round = 0; round < 3; round++) {
    assert.equal(machine.run(100), 'halt')
    assert.equal(cpu.cycles - begin, round)
  }
})

test('step executes one instruction, exactly', () => {
  start([0x3001, 0x3001, 0x4708, LOOP])
  cpu.set('r1', CODE + 1)
  cpu.setBreakpoints([CODE, CODE + 2])
  for (let at = 0; at < 12; at++) {
    assert.equal(cpu.get('pc'), CODE + (at % 3) * 2)
    const before = cpu.cycles
    assert.equal(cpu.step(), 'halt')
    assert.deepEqual([cpu.cycles - before, cpu.haltCause.kind], [1, 'step'])
  }
  assert.equal(cpu.get('r0'), 8)
})

test('a watchpoint halts behind the instruction that touches the data, whatever it is', () => {
  const cases = [
    { code: [LOAD], r1: RAM + 0x804, access: 'read', kind: 'read' },
    { code: [LOAD], r1: RAM + 0x803, access: 'read', kind: 'read' },
    { code: [0x7808], r1: RAM + 0x807, access: 'any', kind: 'read' },
    { code: [STORE], r1: RAM + 0x804, access: 'write', kind: 'write' },
    { code: [0xe8b1, 0x000d], r1: RAM + 0x800, access: 'read', kind: 'read' },
    { code: [LOAD], r1: RAM + 0x808, access: 'any', kind: undefined },
    { code: [LOAD], r1: RAM + 0x800, access: 'any', kind: undefined },
    { code: [LOAD], r1: RAM + 0x804, access: 'write', kind: undefined },
    { code: [STORE], r1: RAM + 0x804, access: 'read', kind: undefined },
  ] as const
  for (const { code, r1, access, kind } of cases) {
    start([LOAD, STORE, ...code, NOP, LOOP])
    cpu.set('r1', RAM + 0x810)
    machine.run(2)
    cpu.set('r1', r1)
    const watchpoint = { address: RAM + 0x804, length: 4, access }
    cpu.setWatchpoints([watchpoint])
    const reason = machine.run(10)
    assert.equal(reason, kind ? 'halt' : 'cycle', JSON.stringify({ code, r1, access }))
    if (kind === undefined) continue
    assert.equal(cpu.get('pc'), CODE + 4 + code.length * 2)
    const cause = cpu.haltCause
    assert.ok(cause.kind === 'watchpoint')
    assert.deepEqual([cause.access, cause.watchpoint], [kind, watchpoint])
    assert.equal(cause.pc, CODE + 4)
  }
  cpu.setWatchpoints([])
})

test('what a watchpoint saw: address, size and value of the first access that hit', () => {
  const cases = [
    { code: [0x700a], r1: RAM + 0x806, seen: [RAM + 0x806, 1, 0x78, 'write'] }, // STRB r2, [r1]
    { code: [0x800a], r1: RAM + 0x806, seen: [RAM + 0x806, 2, 0x5678, 'write'] },
    { code: [0x600a], r1: RAM + 0x805, seen: [RAM + 0x805, 4, 0x9234_5678, 'write'] },
    { code: [0xc10c], r1: RAM + 0x800, seen: [RAM + 0x804, 4, 0x3333_3333, 'write'] }, // STM
    { code: [0xe8d1, 0x0f4f], r1: RAM + 0x804, seen: [RAM + 0x804, 1, 0, 'read'] }, // LDREXB
  ] as const
  for (const { code, r1, seen } of cases) {
    start([...code, LOOP])
    machine.writeWord(RAM + 0x804, 0)
    cpu.set('r1', r1)
    cpu.set('r2', 0x9234_5678)
    cpu.set('r3', 0x3333_3333)
    cpu.setWatchpoints([
      { address: RAM, length: 0x400, access: 'any' },
      { address: RAM + 0x804, length: 4, access: 'any' },
    ])
    assert.equal(machine.run(5), 'halt')
    const cause = cpu.haltCause
    assert.ok(cause.kind === 'watchpoint')
    assert.deepEqual([cause.address, cause.size, cause.value, cause.access], seen)
    assert.deepEqual([cause.pc, cause.watchpoint.address], [CODE, RAM + 0x804])
    assert.equal(machine.run(5), 'cycle')
  }
})

test('watchpoints that are no range of addresses are refused', () => {
  for (const [address, length] of [
    [-4, 4],
    [0, 0],
    [0xffff_fffc, 8],
    [Number.NaN, 4],
  ] as const) {
    assert.throws(() => cpu.setWatchpoints([{ address, length, access: 'any' }]), /no range/)
  }
})

/** SVC whose handler adds to r4 and returns; code goes on with `after`. */
function startCall(after: readonly number[]) {
  start([0xdf00, ...after, LOOP])
  machine.write(HANDLER + 0x100, [0x3401, BX_LR])
  machine.writeWord(FLASH + EXCEPTION.svCall * 4, (HANDLER + 0x100) | 1)
}

test('a watchpoint on the stack halts on entry to an exception and on return from it', () => {
  startCall([NOP])
  cpu.setWatchpoints([{ address: STACK - 8, length: 4, access: 'any' }])
  assert.equal(machine.run(10), 'halt')
  const entry = cpu.haltCause
  assert.ok(entry.kind === 'watchpoint')
  assert.deepEqual([entry.access, entry.address, entry.value], ['write', STACK - 8, CODE + 2])
  assert.equal(cpu.get('pc'), HANDLER + 0x100)
  assert.equal(machine.run(10), 'halt')
  const exit = cpu.haltCause
  assert.ok(exit.kind === 'watchpoint')
  assert.deepEqual([exit.access, exit.value], ['read', CODE + 2])
  assert.deepEqual([cpu.get('pc'), cpu.get('xpsr') & 0x1ff, cpu.get('r4')], [CODE + 2, 0, 1])
  assert.equal(machine.run(10), 'cycle')
})

test('vector catch halts before the first instruction of the handler, and for nothing else', () => {
  startCall([0xdf00])
  cpu.setVectorCatch([EXCEPTION.svCall, EXCEPTION.usageFault])
  for (const done of [0, 1]) {
    assert.equal(machine.run(10), 'halt')
    assert.deepEqual(cpu.haltCause, { kind: 'vectorCatch', exception: EXCEPTION.svCall })
    assert.deepEqual([cpu.get('pc'), cpu.get('r4')], [HANDLER + 0x100, done])
    assert.equal(cpu.get('xpsr') & 0x1ff, EXCEPTION.svCall)
  }
  cpu.setVectorCatch([EXCEPTION.pendSv])
  startCall([0xdf00])
  assert.equal(machine.run(10), 'cycle')
})

test('the first instruction after a reset, of a handler and of a veneer can have a breakpoint', () => {
  cpu.setBreakpoints([CODE, HANDLER + 0x100])
  startCall([NOP])
  assert.equal(machine.run(10), 'halt')
  assert.deepEqual([cpu.get('pc'), cpu.haltCause.kind], [CODE, 'breakpoint'])
  assert.equal(machine.run(10), 'halt')
  assert.equal(cpu.get('pc'), HANDLER + 0x100)
  assert.equal(cpu.step(), 'halt')
  assert.equal(cpu.step(), 'halt')
  assert.deepEqual([cpu.get('pc'), cpu.get('xpsr') & 0x1ff], [CODE + 2, 0])
  cpu.reset()
  cpu.writePrivate(0xe000_edd0, 2, true)
  machine.start(CODE)
  assert.equal(machine.run(10), 'halt', 'breakpoints survive a reset')
  machine.write(CODE, [0x4718])
  cpu.setBreakpoints([VENEERS])
  machine.write(FLASH + 0x1f_e000, [0xe97f, 0xe97f, 0x4720])
  machine.start(CODE)
  cpu.set('r3', VENEERS | 1)
  cpu.set('r4', HOST_CODE.start | 1)
  assert.equal(machine.run(10), 'halt')
  assert.deepEqual([cpu.get('pc'), cpu.isSecure], [VENEERS, false])
  assert.equal(machine.run(10), 'secure-call')
})

test('a breakpoint that was moved away from halts when execution comes back', () => {
  start([NOP, NOP, NOP, 0xe7fb])
  cpu.setBreakpoints([CODE + 4])
  assert.equal(machine.run(10), 'halt')
  cpu.set('pc', CODE)
  const before = cpu.cycles
  assert.equal(machine.run(10), 'halt')
  assert.deepEqual([cpu.get('pc'), cpu.cycles - before], [CODE + 4, 2])
})

test('a breakpoint that is taken away for a step and set again halts at the next visit', () => {
  start([NOP, NOP, NOP, 0xe7fb])
  cpu.setBreakpoints([CODE + 2])
  for (let visit = 0; visit < 3; visit++) {
    assert.equal(machine.run(10), 'halt')
    assert.equal(cpu.get('pc'), CODE + 2)
    cpu.setBreakpoints([])
    assert.equal(cpu.step(), 'halt')
    cpu.setBreakpoints([CODE + 2])
  }
})

test('patches halt like breakpoints, any number of them, and cost what runs elsewhere nothing', () => {
  start([NOP, NOP, NOP, 0xe7fb])
  const addresses = Array.from({ length: 1000 }, (_, at) => CODE + 0x100 + 2 * at)
  const cycles = () => {
    const before = cpu.cycles
    assert.equal(machine.run(100), 'cycle')
    return cpu.cycles - before
  }
  const plain = cycles()
  cpu.setPatches(addresses)
  assert.equal(cycles(), plain)
  cpu.setPatches([...addresses, CODE + 4])
  assert.equal(machine.run(10), 'halt')
  assert.deepEqual([cpu.get('pc'), cpu.haltCause.kind], [CODE + 4, 'breakpoint'])
  assert.equal(machine.readWord(CODE + 4) & 0xffff, NOP)
})

test('going on from a breakpoint passes it once, though an interrupt comes first', () => {
  for (const slice of [1, 100]) {
    startCall([NOP])
    cpu.setBreakpoints([CODE + 2])
    assert.equal(machine.run(10), 'halt')
    machine.writeWord(FLASH + EXCEPTION.pendSv * 4, (HANDLER + 0x100) | 1)
    cpu.writePrivate(0xe000_ed04, 1 << 28, false)
    const done = cpu.get('r4')
    for (let at = 0; at < 10; at += slice) assert.equal(machine.run(slice), 'cycle')
    assert.equal(cpu.get('r4') - done, 1)
  }
})

test('a halted IT block shows its ITSTATE, and registers written back change nothing', () => {
  // ITTE EQ; MOVEQ r0, #1; MOVEQ r1, #2; MOVNE r2, #3
  const it = [0x06, 0x0c, 0x18]
  for (const [at, state] of it.entries()) {
    start([0xbf06, 0x2001, 0x2102, 0x2203, LOOP])
    cpu.set('xpsr', 0x4100_0000)
    cpu.setBreakpoints([CODE + 2 + at * 2])
    assert.equal(machine.run(100), 'halt')
    const xpsr = cpu.get('xpsr')
    assert.equal(((xpsr >>> 25) & 3) | ((xpsr >>> 8) & 0xfc), state)
    cpu.set('xpsr', xpsr)
    cpu.setBreakpoints([])
    for (let steps = at; steps < 3; steps++) assert.equal(cpu.step(), 'halt')
    assert.deepEqual([cpu.get('r0'), cpu.get('r1'), cpu.get('r2')], [1, 2, 0])
  }
})

test('a CPU that sleeps halts, stays asleep over it, and wakes when pc is set', () => {
  start([NOP, 0xbf30, 0x3001, LOOP])
  assert.equal(machine.run(10), 'idle')
  const { cycles } = cpu
  cpu.halt()
  assert.equal(cpu.run(cycles + 10), 'halt')
  assert.deepEqual([cpu.haltCause.kind, cpu.get('pc'), cpu.cycles], ['request', CODE + 4, cycles])
  assert.equal(cpu.run(cycles + 10), 'idle')
  assert.equal(cpu.step(), 'idle')
  cpu.set('pc', CODE + 4)
  assert.equal(cpu.step(), 'halt')
  assert.deepEqual([cpu.get('r0'), cpu.get('pc')], [1, CODE + 6])
})

test('every register can be read and written while halted', () => {
  start([LOOP])
  cpu.halt()
  cpu.run(cpu.cycles + 1)
  const general = Array.from({ length: 13 }, (_, at) => `r${at}` as 'r0')
  const singles = Array.from({ length: 32 }, (_, at) => `s${at}` as 's0')
  const banks = ['s', 'ns'] as const
  const names: [RegisterName, number][] = [
    ...[...general, ...singles, 'lr' as const].map((name): [RegisterName, number] => [name, ~0]),
    ...banks.flatMap((bank): [RegisterName, number][] => [
      ...([`msp_${bank}`, `psp_${bank}`] as const).map((name): [RegisterName, number] => [
        name,
        ~3,
      ]),
      ...([`msplim_${bank}`, `psplim_${bank}`] as const).map((name): [RegisterName, number] => [
        name,
        ~7,
      ]),
      [`basepri_${bank}`, 0xf0],
      [`primask_${bank}`, 1],
      [`faultmask_${bank}`, 1],
    ]),
    ['fpscr', 0xf7c0_009f],
    ['sp', ~3],
    ['control_ns', 7],
    ['control_s', 0xf],
  ]
  for (const [name, mask] of names) {
    const before = cpu.get(name)
    for (const value of [0xffff_ffff, 0x5aa5_a55a]) {
      cpu.set(name, value)
      assert.equal(cpu.get(name), (value & mask) >>> 0, name)
    }
    cpu.set(name, before)
    assert.equal(cpu.get(name), before, name)
  }
  cpu.set('xpsr', 0xf90f_0000)
  assert.equal(cpu.get('xpsr'), 0xf90f_0000)
})

test('there are eight breakpoints and four watchpoints', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => CODE + at * 2)
  cpu.setBreakpoints(many(BREAKPOINTS))
  assert.throws(() => cpu.setBreakpoints(many(BREAKPOINTS + 1)), /8 breakpoint comparators/)
  const watch = (count: number) =>
    many(count).map((address) => ({ address, length: 1, access: 'any' }) as const)
  cpu.setWatchpoints(watch(WATCHPOINTS))
  assert.throws(() => cpu.setWatchpoints(watch(WATCHPOINTS + 1)), /4 watchpoint comparators/)
})
