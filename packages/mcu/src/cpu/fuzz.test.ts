/** Random memory as code: whatever it does, it ends in a fault or goes on; never in our exception. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../seeded-random.ts'
import { rows16, rows32 } from './table/rows.ts'
import { FLASH, Machine, RAM } from './testing/machine.ts'

const CODE_BYTES = 0x2000
const AIRCR = 0xe000_ed0c
const SHCSR = 0xe000_ed24
const CPACR = 0xe000_ed88
const NSACR = 0xe000_ed8c
const NVIC_ITNS = 0xe000_e380

/** Halfwords: a third random, the rest drawn by rows with random operands. */
function noise(random: () => number): number[] {
  const rows = [...rows16, ...rows32]
  const halfwords: number[] = []
  while (halfwords.length < CODE_BYTES / 2) {
    const row = rows[random() % rows.length]!
    const word = ((random() & ~row.mask) | row.value) >>> 0
    if (random() % 3 === 0) halfwords.push(random() & 0xffff)
    else if (row.length === 4) halfwords.push(word >>> 16, word & 0xffff)
    else halfwords.push(word & 0xffff)
  }
  return halfwords
}

/** Registers that often point at memory, vectors that lead into the noise. */
function prepare(machine: Machine, random: () => number): void {
  const { cpu } = machine
  cpu.reset()
  cpu.writePrivate(0xe000_edd0, 2, true)
  cpu.writePrivate(NSACR, random() % 8 === 0 ? 0 : 0xc00, true)
  for (let bank = 0; bank < 4; bank++) cpu.writePrivate(NVIC_ITNS + bank * 4, 0xffff_ffff, true)
  if (random() & 1) cpu.writePrivate(AIRCR, 0x05fa_2000, true)
  const code = random() & 1 ? FLASH + 0x1000 : RAM + 0x1000
  machine.write(code, noise(random))
  for (let number = 0; number < 141; number++) {
    machine.writeWord(FLASH + number * 4, (code + (random() % CODE_BYTES)) | 1)
  }
  machine.writeWord(FLASH, RAM + 0x8000)
  cpu.startNonSecure(FLASH)
  cpu.writePrivate(SHCSR, (random() & 7) << 16, false)
  cpu.writePrivate(CPACR, random() % 8 === 0 ? 0 : 0xf0_0000, false)
  for (let number = 0; number < 13; number++) {
    const pointer = RAM + (random() % 0xc_0000)
    cpu.set(`r${number as 0}`, random() & 1 ? pointer & ~3 : random())
  }
}

test('two million instructions of noise never raise a host exception (seed 1)', () => {
  const machine = new Machine()
  const { cpu } = machine
  const random = seededRandom(1)
  const ends: Record<string, number> = {}
  let executed = 0
  while (executed < 2_000_000) {
    prepare(machine, random)
    for (let slice = 0; slice < 20; slice++) {
      const before = cpu.cycles
      const reason = machine.run(1 + (random() % 500))
      executed += cpu.cycles - before + 1
      ends[reason] = (ends[reason] ?? 0) + 1
      if (random() % 4 === 0) cpu.setPending(random() % 125)
      if (reason === 'secure-call') cpu.returnToNonSecure(0)
      else if (reason === 'idle') machine.cpu.setPending(random() % 125)
      else if (reason !== 'cycle') break
    }
  }
  assert.ok(ends['secure-exception']! > 0)
  assert.ok(ends.cycle! > 0)
})
