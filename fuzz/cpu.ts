/**
 * Random memory as code: whatever a program does, the CPU never throws, never hangs and never runs
 * past its slice. `count` is instructions.
 *
 * Half of the halfwords are random, the others words of the instruction table, so that runs go
 * deep; pointers in registers and memory are mostly good. Secure memory with callable veneers
 * lies beside the program, interrupts come in at random, and hosts answer at random.
 */
import assert from 'node:assert/strict'
import { type Bus, BusFault } from '../packages/mcu/src/bus.ts'
import { Cpu, createGuestMemory, type StopReason } from '../packages/mcu/src/cpu/cpu.ts'
import { rows16, rows32 } from '../packages/mcu/src/cpu/table/rows.ts'
import { EventQueue } from '../packages/mcu/src/scheduler.ts'
import { seededRandom } from '../packages/mcu/src/seeded-random.ts'

const FLASH = { base: 0x0800_0000, size: 0x1_0000 }
const RAM = { base: 0x2000_0000, size: 0x1_0000 }
const SECURE = { base: 0x0c00_0000, size: 0x4000 }
const VENEERS = 0x0c00_2000
/** Behind the memory: there is nothing to execute. */
const HOST_CODE = { start: 0x0c00_4000, end: 0x0c00_5000 }
const INTERRUPTS = 125
const VECTORS = 16 + INTERRUPTS

const SAU_CTRL = 0xe000_edd0
const ALLNS = 2
const AIRCR = 0xe000_ed0c
/** The key, BFHFNMINS. */
const FAULTS_ARE_NON_SECURE = 0x05fa_2000
const SHCSR = 0xe000_ed24
const FAULTS_ENABLED = 0x0007_0000

/** Instructions, and starts, before the memory is filled anew. */
const ROUND = 200_000
const PROGRAMS = 1_000
/** Instructions of one program: most end much sooner. */
const LIFE = 5_000
const SLICE = 500

const rows = [...rows16, ...rows32]

export async function fuzz({ seed, count }: { seed: number; count: number }): Promise<void> {
  const fuzzer = new CpuFuzzer(seed)
  for (let done = 0; done < count; ) done += fuzzer.round(Math.min(ROUND, count - done))
}

class CpuFuzzer {
  readonly #random: () => number
  readonly #cpu: Cpu

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    const random = this.#random
    const bus: Bus = {
      read: () => random(),
      write: () => {},
      get fault() {
        return random() % 4 === 0 ? BusFault.error : BusFault.none
      },
    }
    this.#cpu = new Cpu({
      memory: createGuestMemory(),
      ranges: [
        { ...FLASH, kind: 'flash' },
        { ...RAM, kind: 'ram' },
        { ...SECURE, kind: 'flash' },
      ],
      bus,
      scheduler: new EventQueue(() => this.#cpu.cycles),
      hooks: {
        attribution: (address) => {
          if (address >= VENEERS && address < VENEERS + 512) return 'callable'
          return isIn(SECURE, address) ? 'secure' : 'non-secure'
        },
        storeToFlash: () => (random() % 2 ? BusFault.none : BusFault.error),
        breakpoint: () => random() % 2 === 0,
      },
      hostCode: HOST_CODE,
    })
  }

  /** Runs about this many instructions of many programs in one filling of memory. */
  round(instructions: number): number {
    this.#fill()
    const start = this.#cpu.cycles
    const end = start + instructions
    for (let programs = 0; programs < PROGRAMS && this.#cpu.cycles < end; programs++) {
      this.#start()
      this.#run(Math.min(end, this.#cpu.cycles + LIFE))
    }
    return Math.max(1, this.#cpu.cycles - start)
  }

  #start(): void {
    const cpu = this.#cpu
    cpu.reset()
    cpu.writePrivate(SAU_CTRL, ALLNS, true)
    if (this.#random() % 2) cpu.writePrivate(AIRCR, FAULTS_ARE_NON_SECURE, true)
    cpu.startNonSecure(FLASH.base)
    if (this.#random() % 2) cpu.writePrivate(SHCSR, FAULTS_ENABLED, false)
    for (const name of ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'lr'] as const) {
      cpu.set(name, this.#pointer())
    }
    cpu.set('pc', this.#random() % 32 ? this.#codeAddress() & ~1 : VENEERS + 8)
  }

  #run(end: number): void {
    const cpu = this.#cpu
    const turns = end - cpu.cycles
    for (let turn = 0; cpu.cycles < end && turn < turns; turn++) {
      const until = Math.min(end, cpu.cycles + 1 + (this.#random() % SLICE))
      const reason = cpu.run(until)
      assert.ok(cpu.cycles <= until, `ran to ${cpu.cycles}, asked for ${until}`)
      if (reason === 'cycle') assert.equal(cpu.cycles, until, 'stopped before the slice was over')
      if (this.#random() % 8 === 0) cpu.setPending(this.#random() % INTERRUPTS)
      if (!this.#answer(reason)) return
    }
  }

  /** False when the program cannot go on, or has called the host often enough. */
  #answer(reason: StopReason): boolean {
    const cpu = this.#cpu
    switch (reason) {
      case 'cycle':
        return true
      case 'idle':
        cpu.skipTo(cpu.cycles + 1 + (this.#random() % SLICE))
        return true
      case 'secure-call':
        assert.ok(cpu.gate.target >= HOST_CODE.start && cpu.gate.target < HOST_CODE.end)
        cpu.returnToNonSecure(this.#random())
        return this.#random() % 8 !== 0
      case 'secure-exception':
        assert.ok(cpu.faultRecord.exception)
        cpu.abandonNonSecure()
        return false
      default:
        return false
    }
  }

  #fill(): void {
    const { bytes } = this.#cpu
    for (const { base, size } of [FLASH, RAM, SECURE]) {
      const halfwords = new Uint16Array(bytes.buffer, base, size / 2)
      for (let at = 0; at < halfwords.length; ) at = this.#putCode(halfwords, at)
    }
    const words = new Uint32Array(bytes.buffer)
    for (let at = 0; at < VECTORS; at++) words[FLASH.base / 4 + at] = this.#codeAddress()
    words[FLASH.base / 4] = RAM.base + RAM.size / 2
    for (let at = 0; at < RAM.size / 4; at += 3) words[RAM.base / 4 + at] = this.#pointer()
    this.#placeVeneers()
    for (const { base, size } of [FLASH, RAM, SECURE]) this.#cpu.invalidate(base, size)
  }

  #putCode(halfwords: Uint16Array, at: number): number {
    const random = this.#random
    if (random() % 4 === 0) {
      halfwords[at] = random()
      return at + 1
    }
    const row = rows[random() % rows.length]
    const word = (row.value | (random() & ~row.mask)) >>> 0
    if (row.length === 2) halfwords[at] = word
    else {
      halfwords[at] = word >>> 16
      if (at + 1 < halfwords.length) halfwords[at + 1] = word
    }
    return at + row.length / 2
  }

  /** SG; B.W into the host code, one every eight bytes. */
  #placeVeneers(): void {
    const halfwords = new Uint16Array(this.#cpu.bytes.buffer)
    for (let address = VENEERS; address < VENEERS + 256; address += 8) {
      const offset = HOST_CODE.start - (address + 8)
      halfwords.set([0xe97f, 0xe97f], address / 2)
      halfwords.set([0xf000 | (offset >>> 12), 0xb800 | ((offset >>> 1) & 0x7ff)], address / 2 + 2)
    }
  }

  #pointer(): number {
    const random = this.#random
    switch (random() % 8) {
      case 0:
        return random()
      case 1:
        return this.#codeAddress()
      case 2:
        return VENEERS + 8 * (random() % 40) + 1
      case 3:
        return 0xe000_e000 + (random() & 0xffc)
      default:
        return RAM.base + (random() % RAM.size)
    }
  }

  #codeAddress(): number {
    const area = this.#random() % 4 === 0 ? RAM : FLASH
    return (area.base + ((this.#random() % area.size) & ~1)) | 1
  }
}

function isIn({ base, size }: { base: number; size: number }, address: number): boolean {
  return address >= base && address < base + size
}
