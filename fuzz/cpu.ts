/**
 * Random memory as code: whatever a program does, the CPU never throws, never hangs and never runs
 * past its slice. `count` is instructions.
 *
 * Half of the halfwords are random, the others words of the instruction table, so that runs go
 * deep; pointers in registers and memory are mostly good. Secure memory with callable veneers
 * lies beside the program, interrupts come in at random, and hosts answer at random. Two CPUs take
 * turns: in one the Secure state is the host's, in the other it is machine code. Floating point,
 * both MPUs, the SAU, DWT, FPB and DebugMonitor are on or off at random, and so are the host's
 * breakpoints, watchpoints and vector catch; snapshots are taken and put back on the way.
 */
import assert from 'node:assert/strict'
import { type Bus, BusFault } from '../packages/mcu/src/bus.ts'
import {
  BREAKPOINTS,
  Cpu,
  createGuestMemory,
  type StopReason,
  WATCHPOINTS,
} from '../packages/mcu/src/cpu/cpu.ts'
import { rows16, rows32 } from '../packages/mcu/src/cpu/table/rows.ts'
import { EventQueue } from '../packages/mcu/src/scheduler.ts'
import { seededRandom } from '../packages/mcu/src/seeded-random.ts'

const FLASH = { base: 0x0800_0000, size: 0x1_0000 }
const RAM = { base: 0x2000_0000, size: 0x1_0000 }
const SECURE = { base: 0x0c00_0000, size: 0x4000 }
const SECURE_RAM = { base: 0x3000_0000, size: 0x4000 }
const MEMORY = [FLASH, RAM, SECURE, SECURE_RAM]
const VENEERS = 0x0c00_2000
/** Behind the memory: there is nothing to execute. */
const HOST_CODE = { start: 0x0c00_4000, end: 0x0c00_5000 }
const INTERRUPTS = 125
const VECTORS = 16 + INTERRUPTS

const SAU_CTRL = 0xe000_edd0
const ALLNS = 2
const NSACR = 0xe000_ed8c
const CPACR = 0xe000_ed88
const FPCCR = 0xe000_ef34
const MPU = { ctrl: 0xe000_ed94, rnr: 0xe000_ed98, rbar: 0xe000_ed9c, rlar: 0xe000_eda0 }
const SAU = { ctrl: SAU_CTRL, rnr: 0xe000_edd8, rbar: 0xe000_eddc, rlar: 0xe000_ede0 }
const DEMCR = 0xe000_edfc
const DAUTHCTRL = 0xe000_ee04
const DWT = { ctrl: 0xe000_1000, comp: 0xe000_1020, function: 0xe000_1028 }
const FPB = { ctrl: 0xe000_2000, comp: 0xe000_2008 }
const NVIC = { iser: 0xe000_e100, itns: 0xe000_e380, ipr: 0xe000_e400 }
const AIRCR = 0xe000_ed0c
/** The key, BFHFNMINS. */
const FAULTS_ARE_NON_SECURE = 0x05fa_2000
const SHCSR = 0xe000_ed24
const FAULTS_ENABLED = 0x0007_0000

/** LDR r0, [sp, #24]; ADDS r0, #2; STR r0, [sp, #24]; BX lr: goes on behind what has faulted. */
const SKIP = { offset: 0x280, code: [0x9806, 0x3002, 0x9006, 0x4770] }

/** Instructions, and starts, before the memory is filled anew. */
const ROUND = 200_000
const PROGRAMS = 1_000
/** Instructions of one program: most end much sooner. */
const LIFE = 1_500
const SLICE = 500

const rows = [...rows16, ...rows32]

export async function fuzz(options: { seed: number; count: number }): Promise<void> {
  for (const { name, ends } of run(options)) console.log(name, Object.fromEntries(ends))
}

/** Throws where a promise is broken; gives how runs ended. */
export function run({ seed, count }: { seed: number; count: number }): readonly CpuFuzzer[] {
  const fuzzers = [new CpuFuzzer(seed, 'host'), new CpuFuzzer(seed + 1, 'code')] as const
  for (let [done, turn] = [0, 0]; done < count; turn++) {
    done += fuzzers[turn % 2]!.round(Math.min(ROUND, count - done))
  }
  return fuzzers
}

class CpuFuzzer {
  readonly #random: () => number
  readonly #cpu: Cpu
  readonly #isHostSecure: boolean
  /** Cycles of this round without instructions. */
  #slept = 0
  readonly name: string
  /** How often a run ended for each reason, in each state. */
  readonly ends = new Map<string, number>()

  constructor(seed: number, secureState: 'host' | 'code') {
    this.#random = seededRandom(seed)
    this.#isHostSecure = secureState === 'host'
    this.name = `the Secure state is ${secureState === 'host' ? "the host's" : 'machine code'}:`
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
        { ...SECURE_RAM, kind: 'ram' },
      ],
      bus,
      scheduler: new EventQueue(() => this.#cpu.cycles),
      hooks: {
        attribution: (address) => {
          if (address >= VENEERS && address < VENEERS + 512) return 'callable'
          return isIn(SECURE, address) || isIn(SECURE_RAM, address) ? 'secure' : 'non-secure'
        },
        storeToFlash: () => (random() % 2 ? BusFault.none : BusFault.error),
        breakpoint: () => random() % 2 === 0,
      },
      ...(this.#isHostSecure ? { hostCode: HOST_CODE } : { secureVectors: SECURE.base }),
    })
  }

  /** Runs about this many instructions of many programs in one filling of memory. */
  round(instructions: number): number {
    this.#fill()
    const start = this.#cpu.cycles
    const end = start + instructions
    this.#slept = 0
    for (let programs = 0; programs < PROGRAMS && this.#cpu.cycles < end; programs++) {
      this.#start()
      this.#configure()
      this.#run(Math.min(end, this.#cpu.cycles + LIFE))
    }
    return Math.max(1, this.#cpu.cycles - start - this.#slept)
  }

  #start(): void {
    const cpu = this.#cpu
    cpu.reset()
    cpu.writePrivate(SAU_CTRL, ALLNS, true)
    if (this.#random() % 2) cpu.writePrivate(AIRCR, FAULTS_ARE_NON_SECURE, true)
    if (this.#isHostSecure || this.#random() % 4) cpu.startNonSecure(FLASH.base)
    if (this.#random() % 2) cpu.writePrivate(SHCSR, FAULTS_ENABLED, false)
    for (const name of ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'lr'] as const) {
      cpu.set(name, this.#pointer())
    }
    cpu.set('pc', this.#random() % 32 ? this.#codeAddress() & ~1 : VENEERS + 8)
  }

  /** What may be on: floating point, protection, interrupts, comparators. */
  #configure(): void {
    const random = this.#random
    const cpu = this.#cpu
    const maybe = (oneIn: number, set: () => void) => {
      if (random() % oneIn === 0) set()
    }
    cpu.writePrivate(NSACR, random() % 8 ? 0xc00 : 0, true)
    for (const isSecure of [false, true]) {
      const write = (address: number, value: number) => cpu.writePrivate(address, value, isSecure)
      write(CPACR, random() % 8 ? 0x00f0_0000 : random())
      maybe(4, () => write(FPCCR, random()))
      maybe(4, () => this.#protect(MPU, write))
      for (let bank = 0; bank < 4; bank++) {
        write(NVIC.iser + bank * 4, random())
        if (isSecure) write(NVIC.itns + bank * 4, random() % 4 ? 0xffff_ffff : random())
      }
      for (let at = 0; at < INTERRUPTS; at += 4) maybe(8, () => write(NVIC.ipr + at, random()))
    }
    maybe(8, () => this.#protect(SAU, (address, value) => cpu.writePrivate(address, value, true)))
    maybe(3, () => this.#watch())
    this.#debug(random() % 4 === 0)
  }

  /** Regions over what there is, with any rights. */
  #protect(unit: typeof MPU, write: (address: number, value: number) => void): void {
    const random = this.#random
    for (let region = 0; region < 8; region++) {
      const area = MEMORY[random() % MEMORY.length]!
      const start = area.base + (random() % area.size)
      write(unit.rnr, region)
      write(unit.rbar, ((start & ~31) | (random() & 31)) >>> 0)
      write(unit.rlar, (((start + (random() % area.size)) & ~31) | (random() & 31)) >>> 0)
    }
    write(unit.ctrl, random() & 7)
  }

  /** The comparators of software. */
  #watch(): void {
    const random = this.#random
    const write = (address: number, value: number) => this.#cpu.writePrivate(address, value, true)
    write(DAUTHCTRL, random() & 15)
    for (let at = 0; at < WATCHPOINTS; at++) {
      write(DWT.comp + at * 16, this.#pointer())
      write(DWT.function + at * 16, random())
    }
    for (let at = 0; at < BREAKPOINTS; at++) write(FPB.comp + at * 4, this.#codeAddress())
    write(FPB.ctrl, 2 | (random() & 1))
    write(DWT.ctrl, random())
    write(DEMCR, random())
  }

  /** The comparators of the host. */
  #debug(isOn: boolean): void {
    const cpu = this.#cpu
    const several = <T>(limit: number, make: () => T) =>
      Array.from({ length: isOn ? this.#random() % (limit + 1) : 0 }, make)
    cpu.setBreakpoints(several(BREAKPOINTS, () => this.#codeAddress()))
    cpu.setWatchpoints(
      several(WATCHPOINTS, () => ({
        address: RAM.base + (this.#random() % RAM.size),
        length: 1 + (this.#random() % 64),
        access: (['read', 'write', 'any'] as const)[this.#random() % 3]!,
      })),
    )
    cpu.setVectorCatch(several(4, () => this.#random() % 20))
  }

  /** Goes on from a copy of the state, which has to be the same state. */
  #hop(): void {
    const cpu = this.#cpu
    const snapshot = cpu.snapshot()
    cpu.restore(snapshot)
    assert.deepEqual(cpu.snapshot(), snapshot)
  }

  #run(end: number): void {
    const cpu = this.#cpu
    const turns = end - cpu.cycles
    for (let turn = 0; cpu.cycles < end && turn < turns; turn++) {
      const until = Math.min(end, cpu.cycles + 1 + (this.#random() % SLICE))
      const reason = cpu.run(until)
      this.#count(`${reason} (${cpu.isSecure ? 'Secure' : 'Non-secure'})`)
      assert.ok(cpu.cycles <= until, `ran to ${cpu.cycles}, asked for ${until}`)
      if (reason === 'cycle') assert.equal(cpu.cycles, until, 'stopped before the slice was over')
      if (this.#random() % 8 === 0) cpu.setPending(this.#random() % INTERRUPTS)
      if (this.#random() % 512 === 0) this.#hop()
      if (!this.#answer(reason)) return
    }
  }

  #sleep(cycles: number): void {
    this.#slept += cycles
    this.#cpu.skipTo(this.#cpu.cycles + cycles)
  }

  #count(end: string): void {
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1)
  }

  /** False when the program cannot go on, or has called the host often enough. */
  #answer(reason: StopReason): boolean {
    const cpu = this.#cpu
    switch (reason) {
      case 'cycle':
        return true
      case 'idle':
        this.#sleep(1 + (this.#random() % SLICE))
        return true
      case 'secure-call':
        assert.ok(cpu.gate.target >= HOST_CODE.start && cpu.gate.target < HOST_CODE.end)
        cpu.returnToNonSecure(this.#random())
        return this.#random() % 8 !== 0
      case 'secure-exception':
        assert.ok(cpu.faultRecord.exception)
        cpu.abandonNonSecure()
        return false
      case 'lockup':
        assert.equal(cpu.faultRecord.exception, 'Lockup')
        return this.#random() % 2 === 0
      case 'halt':
        assert.ok(cpu.haltCause.kind !== 'step')
        if (this.#random() % 2) cpu.step()
        return true
      case 'reset-request':
        return false
    }
  }

  #fill(): void {
    const { bytes } = this.#cpu
    for (const { base, size } of MEMORY) {
      const halfwords = new Uint16Array(bytes.buffer, base, size / 2)
      for (let at = 0; at < halfwords.length; ) at = this.#putCode(halfwords, at)
    }
    const words = new Uint32Array(bytes.buffer)
    this.#placeVectors(FLASH.base, RAM, () => this.#codeAddress())
    this.#placeVectors(SECURE.base, SECURE_RAM, () => this.#secureAddress())
    for (let at = 0; at < RAM.size / 4; at += 3) words[RAM.base / 4 + at] = this.#pointer()
    this.#placeVeneers()
    for (const { base, size } of MEMORY) this.#cpu.invalidate(base, size)
  }

  /** Most exceptions go on behind the instruction, or nothing would run for long. */
  #placeVectors(base: number, stack: typeof RAM, anywhere: () => number): void {
    const words = new Uint32Array(this.#cpu.bytes.buffer)
    new Uint16Array(this.#cpu.bytes.buffer).set(SKIP.code, (base + SKIP.offset) / 2)
    for (let at = 1; at < VECTORS; at++) {
      words[base / 4 + at] = this.#random() % 8 ? (base + SKIP.offset) | 1 : anywhere()
    }
    words[base / 4] = stack.base + stack.size / 2
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
      case 4:
        return SECURE_RAM.base + (random() % SECURE_RAM.size)
      default:
        return RAM.base + (random() % RAM.size)
    }
  }

  #codeAddress(): number {
    const area = this.#random() % 4 === 0 ? RAM : FLASH
    return (area.base + ((this.#random() % area.size) & ~1)) | 1
  }

  #secureAddress(): number {
    if (this.#random() % 8 === 0) return this.#codeAddress()
    return (SECURE.base + ((this.#random() % SECURE.size) & ~1)) | 1
  }
}

function isIn({ base, size }: { base: number; size: number }, address: number): boolean {
  return address >= base && address < base + size
}
