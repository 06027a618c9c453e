/** Exceptions and faults, as software sees them. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { CFSR, EXCEPTION, HFSR } from './faults.ts'
import { encode, FLASH, Machine, RAM } from './testing/machine.ts'

const CODE = FLASH + 0x1000
const HANDLER = FLASH + 0x2000
const STACK = RAM + 0x400
const NOP = 0xbf00
const BX_LR = 0x4770
const LOOP = 0xe7fe

const AIRCR = 0xe000_ed0c
const SHCSR = 0xe000_ed24
const CCR = 0xe000_ed14
const ICSR = 0xe000_ed04
const NVIC = { iser: 0xe000_e100, ispr: 0xe000_e200, ipr: 0xe000_e400, itns: 0xe000_e380 }

let machine = new Machine()
let { cpu } = machine

beforeEach(() => {
  machine = new Machine()
  cpu = machine.cpu
  for (let bank = 0; bank < 4; bank++) cpu.writePrivate(NVIC.itns + bank * 4, 0xffff_ffff, true)
})

/** Code at CODE, and one handler for each exception number, 0x40 bytes apart. */
function start(
  code: readonly number[],
  handlers: Readonly<Record<number, readonly number[]>> = {},
) {
  machine.write(CODE, code)
  for (let number = 2; number < 141; number++) {
    const address = HANDLER + number * 0x40
    machine.writeWord(FLASH + number * 4, address | 1)
    machine.write(address, handlers[number] ?? [LOOP])
  }
  machine.start(CODE)
}

const handlerOf = (number: number) => HANDLER + number * 0x40
const frame = (sp: number) => [0, 1, 2, 3, 4, 5, 6, 7].map((at) => machine.readWord(sp + at * 4))
const enableFaults = () => cpu.writePrivate(SHCSR, 7 << 16, false)
/** LDR r0, [r1]. */
const LOAD = 0x6808
/** STR r0, [r1]. */
const STORE = 0x6008

test('SVC stacks eight words, enters with EXC_RETURN, and returns behind the SVC', () => {
  start([0xdf07, NOP, LOOP], { [EXCEPTION.svCall]: [BX_LR] })
  for (const n of [0, 1, 2, 3]) cpu.set(`r${n as 0}`, 0x100 + n)
  cpu.set('r12', 0x10c)
  cpu.set('lr', 0xaaaa_aaab)
  cpu.set('xpsr', 0x6100_0000)
  cpu.run(cpu.cycles + 1)
  assert.equal(cpu.run(cpu.cycles), 'cycle')
  assert.equal(cpu.get('pc'), handlerOf(EXCEPTION.svCall))
  assert.equal(cpu.get('lr'), 0xffff_ffb8)
  assert.equal(cpu.get('sp'), STACK - 32)
  assert.deepEqual(frame(STACK - 32), [
    ...[0x100, 0x101, 0x102, 0x103, 0x10c, 0xaaaa_aaab],
    ...[CODE + 2, 0x6100_0000],
  ])
  assert.equal(cpu.get('xpsr') & 0x1ff, EXCEPTION.svCall)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.deepEqual(
    [cpu.get('pc'), cpu.get('sp'), cpu.get('lr'), cpu.get('xpsr')],
    [CODE + 2, STACK, 0xaaaa_aaab, 0x6100_0000],
  )
})

test('a stack that is not aligned to 8 is aligned, and bit 9 of the frame says so', () => {
  start([0xdf00, LOOP], { [EXCEPTION.svCall]: [BX_LR] })
  cpu.set('sp', STACK - 4)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('sp'), STACK - 40)
  assert.equal(machine.readWord(STACK - 40 + 28) & 0x200, 0x200)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('sp'), STACK - 4)
})

test('thread code on PSP is stacked there, the handler runs on MSP', () => {
  // MSR PSP, r0; MOVS r1, #3; MSR CONTROL, r1; ISB; SVC
  const code = [...[0xf380, 0x8809], 0x2103, ...[0xf381, 0x8814], ...[0xf3bf, 0x8f6f], 0xdf00, LOOP]
  start(code, { [EXCEPTION.svCall]: [BX_LR] })
  cpu.set('r0', RAM + 0x800)
  cpu.run(cpu.cycles + 5)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('lr'), 0xffff_ffbc)
  assert.equal(cpu.get('sp'), STACK)
  assert.equal(cpu.get('psp_ns'), RAM + 0x800 - 32)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.deepEqual([cpu.get('sp'), cpu.get('control_ns')], [RAM + 0x800, 3])
})

test('an interrupt in an IT block resumes inside the block', () => {
  // ITTTE EQ; MOVEQ r0..r2; MOVNE r3: the interrupt comes after the first move.
  start([0xbf01 | 0x00, 0x2001, 0x2102, 0x2203, 0x2304, LOOP], { 16: [BX_LR] })
  cpu.set('xpsr', 0x4100_0000)
  cpu.writePrivate(NVIC.iser, 1, false)
  cpu.run(cpu.cycles + 2)
  cpu.setLine(0, true)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(16))
  cpu.setLine(0, false)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles + 3)
  const found = [0, 1, 2, 3].map((n) => cpu.get(`r${n as 0}`))
  assert.deepEqual(found, [1, 2, 3, 4])
})

test('an interrupt is taken at the exact instruction boundary', () => {
  for (let at = 0; at < 8; at++) {
    start([NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, LOOP])
    cpu.writePrivate(NVIC.iser, 1, false)
    const due = cpu.cycles + at
    machine.scheduler.at(due, () => cpu.setPending(0))
    machine.scheduler.runDue()
    machine.run(at + 1)
    assert.equal(machine.readWord(cpu.get('sp') + 24), CODE + at * 2)
    assert.equal(cpu.cycles, due + 1)
  }
})

test('priorities: a more urgent interrupt preempts, an equal one waits and is tail-chained', () => {
  start([NOP, LOOP], { 16: [NOP, BX_LR], 17: [NOP, BX_LR], 18: [NOP, BX_LR] })
  cpu.writePrivate(NVIC.iser, 7, false)
  cpu.writePrivate(NVIC.ipr, 0x00_40_80_80, false)
  cpu.setPending(0)
  cpu.run(cpu.cycles + 1)
  assert.equal(cpu.get('pc'), handlerOf(16) + 2)
  cpu.setPending(1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(16) + 2)
  cpu.setPending(2)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(18))
  assert.equal(cpu.get('lr'), 0xffff_ffb0)
  assert.equal(cpu.get('sp'), STACK - 64)
  cpu.run(cpu.cycles + 2)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(16) + 2)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(17))
  assert.deepEqual([cpu.get('sp'), cpu.get('lr')], [STACK - 32, 0xffff_ffb8])
})

test('PRIMASK and BASEPRI hold interrupts back until they are lifted', () => {
  // CPSID i; NOP; NOP; CPSIE i; LOOP
  start([0xb672, NOP, NOP, 0xb662, LOOP])
  cpu.writePrivate(NVIC.iser, 1, false)
  cpu.run(cpu.cycles + 1)
  cpu.setPending(0)
  cpu.run(cpu.cycles + 2)
  assert.equal(cpu.get('pc'), CODE + 6)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(16))

  // MSR BASEPRI, r0
  start([0xf380, 0x8811, NOP, LOOP])
  cpu.set('r0', 0x40)
  cpu.writePrivate(NVIC.iser, 1, false)
  cpu.writePrivate(NVIC.ipr, 0x40, false)
  cpu.run(cpu.cycles + 1)
  cpu.setPending(0)
  cpu.run(cpu.cycles + 2)
  assert.equal(cpu.get('pc'), CODE + 6)
  cpu.writePrivate(NVIC.ipr, 0x30, false)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(16))
})

test('a line that stays high pends again after the handler; a pulse does not', () => {
  start([NOP, LOOP], { 16: [BX_LR] })
  cpu.writePrivate(NVIC.iser, 1, false)
  cpu.setLine(0, true)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(16))
  cpu.setLine(0, false)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.isInHandlerMode, false)
})

test('PendSV runs after the interrupt that asked for it', () => {
  // The handler writes ICSR.PENDSVSET: STR r5, [r4].
  start([NOP, LOOP], { 16: [0x6025, NOP, BX_LR], [EXCEPTION.pendSv]: [BX_LR] })
  cpu.writePrivate(0xe000_ed20, 0x00f0_0000, false)
  cpu.writePrivate(NVIC.iser, 1, false)
  cpu.set('r4', ICSR)
  cpu.set('r5', 1 << 28)
  cpu.setPending(0)
  cpu.run(cpu.cycles + 2)
  assert.equal(cpu.get('pc'), handlerOf(16) + 4)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(EXCEPTION.pendSv))
})

test('SysTick fires every reload + 1 cycles, to the cycle', () => {
  start([LOOP], { [EXCEPTION.sysTick]: [0x3401, BX_LR] })
  cpu.writePrivate(0xe000_e014, 99, false)
  cpu.writePrivate(0xe000_e018, 0, false)
  cpu.writePrivate(0xe000_e010, 7, false)
  const begin = cpu.cycles
  machine.run(100)
  cpu.run(cpu.cycles)
  assert.deepEqual([cpu.cycles - begin, cpu.isInHandlerMode], [100, true])
  machine.run(100 * 9)
  machine.run(10)
  assert.equal(cpu.get('r4'), 10)
})

test('WFI waits without using time, wakes by a masked interrupt, and takes it when unmasked', () => {
  // CPSID i; WFI; CPSIE i; LOOP
  start([0xb672, 0xbf30, NOP, 0xb662, LOOP])
  cpu.writePrivate(NVIC.iser, 1, false)
  assert.equal(cpu.run(cpu.cycles + 1000), 'idle')
  const asleep = cpu.cycles
  assert.equal(cpu.run(cpu.cycles + 1000), 'idle')
  assert.equal(cpu.cycles, asleep)
  cpu.skipTo(asleep + 500)
  cpu.setPending(0)
  cpu.run(cpu.cycles + 1)
  assert.equal(cpu.get('pc'), CODE + 6)
  assert.equal(cpu.cycles, asleep + 501)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('pc'), handlerOf(16))
})

interface FaultCase {
  readonly name: string
  readonly code: readonly number[]
  readonly r1?: number
  readonly exception: 'MemManage' | 'UsageFault'
  readonly cfsr: number
  readonly prepare?: () => void
}

const usageFaults: readonly FaultCase[] = [
  { name: 'UDF', code: [0xde00], exception: 'UsageFault', cfsr: CFSR.UNDEFINSTR },
  {
    name: 'an undefined word',
    code: [0xf7ff, 0xa000],
    exception: 'UsageFault',
    cfsr: CFSR.UNDEFINSTR,
  },
  {
    name: 'a floating-point instruction',
    code: [0xee30, 0x0a20],
    exception: 'UsageFault',
    cfsr: CFSR.NOCP,
  },
  {
    name: 'BX to an even address',
    code: [0x4708],
    r1: CODE,
    exception: 'UsageFault',
    cfsr: CFSR.INVSTATE,
  },
  {
    name: 'an unaligned LDM',
    code: encode('1110100 01 0 0 1 0001 0 0 0 0000000001100'),
    r1: RAM + 2,
    exception: 'UsageFault',
    cfsr: CFSR.UNALIGNED,
  },
  {
    name: 'an unaligned word with UNALIGN_TRP',
    code: [LOAD],
    r1: RAM + 2,
    exception: 'UsageFault',
    cfsr: CFSR.UNALIGNED,
    prepare: () => cpu.writePrivate(CCR, 8, false),
  },
  {
    name: 'a division by zero with DIV_0_TRP',
    code: encode('11111011 1001 0000 1111 0010 1111 0011'),
    exception: 'UsageFault',
    cfsr: CFSR.DIVBYZERO,
    prepare: () => cpu.writePrivate(CCR, 16, false),
  },
  {
    name: 'PUSH below the stack limit',
    code: [0xb401],
    exception: 'UsageFault',
    cfsr: CFSR.STKOF,
    prepare: () => cpu.set('msplim_ns', STACK),
  },
  {
    name: 'a branch into peripherals',
    code: [0x4708],
    r1: 0x4000_0001,
    exception: 'MemManage',
    cfsr: CFSR.IACCVIOL,
  },
]

test('enabled UsageFault and MemManage handlers run in the application, with their syndrome', () => {
  for (const { name, code, r1, exception, cfsr, prepare } of usageFaults) {
    start([NOP, ...code, LOOP])
    enableFaults()
    prepare?.()
    cpu.set('r1', r1 ?? 0)
    machine.run(3)
    cpu.run(cpu.cycles)
    const number = exception === 'UsageFault' ? EXCEPTION.usageFault : EXCEPTION.memManage
    assert.equal(cpu.get('xpsr') & 0x1ff, number, name)
    assert.equal(cpu.readPrivate(0xe000_ed28, false), cfsr, name)
  }
})

test('without handlers they escalate to a HardFault of the Secure state: the run stops', () => {
  for (const { name, code, r1, cfsr, prepare } of usageFaults) {
    start([NOP, ...code, LOOP])
    prepare?.()
    cpu.set('r1', r1 ?? 0)
    cpu.set('r7', 0x77)
    assert.equal(machine.run(3), 'secure-exception', name)
    const record = cpu.faultRecord
    assert.deepEqual([record.exception, record.cfsr, record.hfsr], ['HardFault', cfsr, HFSR.FORCED])
    assert.equal(record.registers.r7, 0x77)
    assert.equal(record.registers.sp, name.startsWith('PUSH') ? STACK : STACK, name)
    if (!name.startsWith('B') && !name.startsWith('a branch')) {
      assert.equal(record.registers.pc, CODE + 2, name)
    }
  }
})

test('a hole in the memory map is a precise BusFault, for the Secure state', () => {
  for (const [code, address] of [
    [LOAD, 0x4800_0000],
    [STORE, 0x4800_0000],
    [LOAD, 0x6000_0000],
    [LOAD, RAM + 0xc_0000],
  ] as const) {
    start([NOP, code, LOOP])
    cpu.set('r1', address)
    assert.equal(machine.run(3), 'secure-exception')
    const { registers, cfsr, hfsr, bfar } = cpu.faultRecord
    assert.equal(registers.pc, CODE + 2)
    assert.equal(cfsr, CFSR.PRECISERR | CFSR.BFARVALID)
    assert.deepEqual([bfar, hfsr], [address, HFSR.FORCED])
  }
})

test('with BFHFNMINS the application has its own HardFault, and locks up in it', () => {
  cpu.writePrivate(AIRCR, 0x05fa_2000, true)
  start([0xde00, LOOP], { [EXCEPTION.hardFault]: [NOP, 0xde00] })
  machine.run(2)
  assert.equal(cpu.get('pc'), handlerOf(EXCEPTION.hardFault) + 2)
  assert.equal(machine.run(5), 'secure-exception')
  assert.equal(cpu.faultRecord.exception, 'Lockup')
})

test('a bad EXC_RETURN is INVPC on the frame that is there', () => {
  for (const value of [0xffff_ffba, 0xffff_ffb0]) {
    start([0xdf00, LOOP], { [EXCEPTION.svCall]: [0x4708] })
    enableFaults()
    cpu.writePrivate(0xe000_ed1c, 0x8000_0000, false)
    cpu.run(cpu.cycles + 1)
    cpu.run(cpu.cycles)
    cpu.set('r1', value)
    cpu.run(cpu.cycles + 1)
    cpu.run(cpu.cycles)
    assert.equal(cpu.get('xpsr') & 0x1ff, EXCEPTION.usageFault)
    assert.equal(cpu.readPrivate(0xe000_ed28, false), CFSR.INVPC)
    assert.equal(cpu.get('sp'), STACK - 32)
  }
})

test('stacking below the limit is STKOF, taken on no frame', () => {
  start([0xdf00, LOOP])
  enableFaults()
  cpu.set('msplim_ns', STACK - 16)
  cpu.run(cpu.cycles + 1)
  cpu.run(cpu.cycles)
  assert.equal(cpu.readPrivate(0xe000_ed28, false), CFSR.STKOF)
  assert.equal(cpu.get('sp'), STACK - 16)
  assert.equal(cpu.get('xpsr') & 0x1ff, EXCEPTION.usageFault)
})

test('a vector table that points nowhere is VECTTBL', () => {
  start([0xdf00, LOOP])
  cpu.writePrivate(0xe000_ed08, 0x1000_0000, false)
  assert.equal(machine.run(3), 'secure-exception')
  const { exception, hfsr } = cpu.faultRecord
  assert.deepEqual([exception, hfsr], ['HardFault', (HFSR.VECTTBL | HFSR.FORCED) >>> 0])
})

test('an MPU region stops unprivileged stores, with the address', () => {
  // MSR CONTROL, r2 (nPRIV); ISB; STR r0, [r1]
  start([...[0xf382, 0x8814], ...[0xf3bf, 0x8f6f], STORE, LOOP])
  enableFaults()
  const region = (number: number, base: number, limit: number, ap: number, xn: number) => {
    cpu.writePrivate(0xe000_ed98, number, false)
    cpu.writePrivate(0xe000_ed9c, base | (ap << 1) | xn, false)
    cpu.writePrivate(0xe000_eda0, (limit & ~31) | 1, false)
  }
  region(0, FLASH, FLASH + 0x1f_ffff, 3, 0)
  region(1, RAM, RAM + 0x7fff, 1, 1)
  region(2, RAM + 0x8000, RAM + 0x801f, 0, 1)
  cpu.writePrivate(0xe000_ed94, 5, false)
  cpu.set('r2', 1)
  cpu.set('r1', RAM + 0x8004)
  machine.run(3)
  cpu.run(cpu.cycles)
  assert.equal(cpu.get('xpsr') & 0x1ff, EXCEPTION.memManage)
  assert.equal(cpu.readPrivate(0xe000_ed28, false), CFSR.DACCVIOL | CFSR.MMARVALID)
  assert.equal(cpu.readPrivate(0xe000_ed34, false), RAM + 0x8004)
})

test('unprivileged code cannot touch the private peripheral bus', () => {
  start([...[0xf382, 0x8814], ...[0xf3bf, 0x8f6f], LOAD, LOOP])
  cpu.set('r2', 1)
  cpu.set('r1', ICSR)
  assert.equal(machine.run(4), 'secure-exception')
  assert.equal(cpu.faultRecord.cfsr, CFSR.PRECISERR | CFSR.BFARVALID)
})

test('AIRCR.SYSRESETREQ asks for a reset, unless SYSRESETREQS reserves that', () => {
  start([STORE, NOP, LOOP])
  cpu.set('r0', 0x05fa_0004)
  cpu.set('r1', AIRCR)
  assert.equal(machine.run(5), 'reset-request')
  cpu.writePrivate(AIRCR, 0x05fa_0008, true)
  start([STORE, NOP, LOOP])
  cpu.set('r0', 0x05fa_0004)
  cpu.set('r1', AIRCR)
  assert.equal(machine.run(5), 'cycle')
})

test('an abandoned application leaves nothing: no interrupt, no timer, no mask', () => {
  start([0xb672, LOOP])
  cpu.writePrivate(NVIC.iser, 0xff, false)
  cpu.writePrivate(0xe000_e014, 99, false)
  cpu.writePrivate(0xe000_e010, 7, false)
  machine.run(10)
  cpu.setPending(3)
  cpu.abandonNonSecure()
  start([LOOP])
  assert.deepEqual(
    [0xe000_e100, 0xe000_e200, 0xe000_e010, 0xe000_e014].map((at) => cpu.readPrivate(at, false)),
    [0, 0, 0, 0],
  )
  machine.run(1000)
  assert.deepEqual([cpu.isInHandlerMode, cpu.get('primask_ns')], [false, 0])
})

test('what the Secure state has enabled outlives an application', () => {
  const SHCSR = 0xe000_ed24
  const SECUREFAULTENA = 1 << 19
  start([LOOP])
  cpu.writePrivate(SHCSR, SECUREFAULTENA, true)
  cpu.abandonNonSecure()
  assert.equal(cpu.readPrivate(SHCSR, true), SECUREFAULTENA)
})

test('peripherals see width, value, and the CPU sees their answer', () => {
  start([LOAD, 0x7048, 0x8048, LOOP])
  cpu.set('r1', 0x4000_0010)
  machine.run(4)
  assert.equal(cpu.get('r0'), 0x4000_0010)
  assert.deepEqual(machine.accesses, ['read4 40000010', 'write1 40000011 10', 'write2 40000012 10'])
})

test('CYCCNT counts cycles once it is enabled', () => {
  start([NOP, NOP, NOP, NOP, LOOP])
  cpu.writePrivate(0xe000_edfc, 1 << 24, false)
  cpu.writePrivate(0xe000_1000, 1, false)
  cpu.writePrivate(0xe000_1004, 0, false)
  cpu.run(cpu.cycles + 4)
  assert.equal(cpu.readPrivate(0xe000_1004, false), 4)
})
