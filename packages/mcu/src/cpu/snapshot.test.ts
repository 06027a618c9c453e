/** Determinism: equal states by digest over runs and slices, and after snapshots at every instruction. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { seededRandom } from '../seeded-random.ts'
import { FLASH, Machine, RAM } from './testing/machine.ts'

const CODE = FLASH + 0x1000
const HANDLER = FLASH + 0x2000
const NVIC = { iser: 0xe000_e100, itns: 0xe000_e380 }
const SYST = { csr: 0xe000_e010, rvr: 0xe000_e014, cvr: 0xe000_e018 }
const STIR = 0xe000_ef00

/**
 * A loop that changes registers, flags and memory, has an IT block, uses the stack and pends
 * interrupt 3 by STIR; SysTick interrupts it every 37 cycles.
 */
function started(): Machine {
  const machine = new Machine()
  const { cpu } = machine
  for (let bank = 0; bank < 4; bank++) cpu.writePrivate(NVIC.itns + bank * 4, 0xffff_ffff, true)
  machine.write(CODE, [
    ...[0x3001, 0x4041, 0x1842, 0x2a00], // adds r0,#1; eors r1,r0; adds r2,r0,r1; cmp r2,#0
    ...[0xbfd4, 0x3301, 0x3b02], // ite le; addle r3,#1; subgt r3,#2
    ...[0x6032, 0xb404, 0xbc80, 0x602c], // str r2,[r6]; push {r2}; pop {r7}; str r4,[r5] (STIR)
    0xe7f3, // b to the beginning
  ])
  for (const [number, code] of [
    [15, [0x6832, 0x3201, 0x6032, 0x4770]], // ldr r2,[r6]; adds r2,#1; str r2,[r6]; bx lr
    [19, [0xf108, 0x0801, 0x4770]], // add r8,r8,#1; bx lr
  ] as const) {
    machine.write(HANDLER + number * 0x40, code)
    machine.writeWord(FLASH + number * 4, (HANDLER + number * 0x40) | 1)
  }
  machine.start(CODE)
  cpu.writePrivate(NVIC.iser, 1 << 3, false)
  cpu.writePrivate(SYST.rvr, 36, false)
  cpu.writePrivate(SYST.cvr, 0, false)
  cpu.writePrivate(SYST.csr, 7, false)
  cpu.set('r4', 3)
  cpu.set('r5', STIR)
  cpu.set('r6', RAM + 0x800)
  return machine
}

const LENGTH = 600
let whole = ''

before(() => {
  const machine = started()
  machine.run(LENGTH)
  assert.ok(machine.cpu.get('r8') > 20 && machine.readWord(RAM + 0x800) > 0)
  whole = machine.cpu.digest()
})

test('the state after some instructions is the same over runs and over slices of any size', () => {
  for (const slice of [1, 2, 3, 7, 36, 37, 38, 100, 599]) {
    const machine = started()
    const end = machine.cpu.cycles + LENGTH
    while (machine.cpu.cycles < end) machine.run(Math.min(slice, end - machine.cpu.cycles))
    assert.equal(machine.cpu.digest(), whole, `slices of ${slice}`)
  }
  const random = seededRandom(7)
  for (let round = 0; round < 20; round++) {
    const machine = started()
    const end = machine.cpu.cycles + LENGTH
    while (machine.cpu.cycles < end) machine.run(Math.min(random() % 50, end - machine.cpu.cycles))
    assert.equal(machine.cpu.digest(), whole, `round ${round}`)
  }
})

test('a snapshot taken at any instruction goes on to the same state in another CPU', () => {
  const source = started()
  const copy = new Machine()
  for (let at = 0; at < 120; at++) {
    const snapshot = source.cpu.snapshot()
    copy.cpu.restore(snapshot)
    assert.deepEqual(copy.cpu.snapshot(), snapshot, `instruction ${at}`)
    copy.run(LENGTH - at)
    assert.equal(copy.cpu.digest(), whole, `instruction ${at}`)
    source.run(1)
  }
})

test('taking a snapshot changes nothing, and a CPU can go back to an earlier one', () => {
  const machine = started()
  machine.run(100)
  const early = machine.cpu.snapshot()
  for (let at = 100; at < LENGTH; at++) {
    machine.cpu.snapshot()
    machine.run(1)
  }
  assert.equal(machine.cpu.digest(), whole)
  machine.cpu.restore(early)
  machine.run(LENGTH - 100)
  assert.equal(machine.cpu.digest(), whole)
})

test('a CPU that sleeps, and one that has stopped on a fault, come back as they were', () => {
  const machine = started()
  machine.write(CODE, [0xbf30, 0xe7fd])
  assert.equal(machine.cpu.run(machine.cpu.cycles + 10), 'idle')
  const asleep = new Machine()
  asleep.cpu.restore(machine.cpu.snapshot())
  assert.equal(asleep.cpu.run(asleep.cpu.cycles + 10), 'idle')
  machine.write(CODE, [0xde00])
  machine.start(CODE)
  assert.equal(machine.run(10), 'secure-exception')
  const stopped = new Machine()
  stopped.cpu.restore(machine.cpu.snapshot())
  assert.equal(stopped.run(10), 'secure-exception')
  assert.deepEqual(stopped.cpu.faultRecord, machine.cpu.faultRecord)
})

test('a snapshot survives the process that took it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cpu-snapshot-'))
  try {
    const machine = started()
    machine.run(100)
    const file = join(folder, 'snapshot')
    writeFileSync(file, machine.cpu.snapshot())
    const program = `
      import { readFileSync } from 'node:fs'
      import { Machine } from '${join(import.meta.dirname, 'testing/machine.ts')}'
      const machine = new Machine()
      machine.cpu.restore(readFileSync('${file}'))
      machine.run(${LENGTH - 100})
      process.stdout.write(machine.cpu.digest())`
    const digest = execFileSync(process.execPath, ['--input-type=module', '-e', program])
    assert.equal(digest.toString(), whole)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('bytes that are no snapshot are refused with what is wrong, and change nothing', () => {
  const machine = started()
  const snapshot = machine.cpu.snapshot()
  const before = machine.cpu.digest()
  const changed = (change: (bytes: Uint8Array) => Uint8Array) => change(snapshot.slice())
  const cases: readonly [Uint8Array, RegExp][] = [
    [new Uint8Array(), /first bytes are not MVCPU/],
    [changed((bytes) => bytes.fill(9, 6, 7)), /version 9; this CPU reads version 1/],
    [snapshot.subarray(0, 40), /ends at byte 40 of/],
    [snapshot.subarray(0, snapshot.length - 1), /damaged|more than/],
    [changed((bytes) => Uint8Array.from([...bytes, 0])), /1 bytes more than this CPU has/],
    [changed((bytes) => bytes.fill(0x20, 11, 12)), /no JSON/],
  ]
  for (const [bytes, message] of cases) assert.throws(() => machine.cpu.restore(bytes), message)
  const random = seededRandom(1)
  const headLength = 11 + new DataView(snapshot.buffer).getUint32(7, true)
  for (let round = 0; round < 300; round++) {
    const bytes = snapshot.slice()
    bytes[random() % headLength] = random() & 0xff
    try {
      machine.cpu.restore(bytes)
      machine.run(50)
      machine.cpu.restore(snapshot)
    } catch (error) {
      assert.ok(error instanceof Error && /snapshot/.test(error.message), String(error))
    }
  }
  assert.equal(machine.cpu.digest(), before)
})
