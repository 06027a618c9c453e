/** Runs a test image on `mcu`: the CPU alone, all of its memory of one state. */
import type { Bus } from '../../packages/mcu/src/bus.ts'
import { BusFault } from '../../packages/mcu/src/bus.ts'
import { Cpu, createGuestMemory } from '../../packages/mcu/src/cpu/cpu.ts'
import { EventQueue } from '../../packages/mcu/src/scheduler.ts'
import { HarnessFailure, type Image, type Results, readResults } from './image.ts'
import { CODE, CODE_BYTES, CURRENT, IN_BYTES, RAM, RAM_BYTES, RESULTS } from './layout.ts'

const SAU_CTRL = 0xe000_edd0
const ALLNS = 2
const AIRCR = 0xe000_ed0c
/** The key, BFHFNMINS. */
const FAULTS_ARE_NON_SECURE = 0x05fa_2000
const NSACR = 0xe000_ed8c
/** CP10 and CP11. */
const FLOAT = 0xc00
const SEMIHOSTING = 0xab
const SYS_EXIT = 0x18
/** A case takes about 800. */
const CYCLES_PER_CASE = 4000

const nothing: Bus = { read: () => 0, write: () => {}, fault: BusFault.error }

/** Kept between runs: memory and code of one image after another. */
export class Machine {
  readonly #cpu: Cpu
  readonly #world: 'secure' | 'non-secure'
  #hasExited = false

  constructor(world: 'secure' | 'non-secure' = 'non-secure') {
    this.#world = world
    this.#cpu = new Cpu({
      memory: createGuestMemory(),
      ranges: [
        { base: CODE, size: CODE_BYTES, kind: 'flash' },
        { base: RAM, size: RAM_BYTES, kind: 'ram' },
      ],
      bus: nothing,
      scheduler: new EventQueue(() => this.#cpu.cycles),
      hooks: {
        attribution: () => 'non-secure',
        storeToFlash: () => BusFault.error,
        breakpoint: (immediate) => this.#semihosting(immediate),
      },
      ...(world === 'secure'
        ? { secureVectors: CODE }
        : { hostCode: { start: 0xf00_0000, end: 0xf01_0000 } }),
    })
  }

  run(image: Image): Results {
    const cpu = this.#cpu
    cpu.bytes.set(image.code, CODE)
    cpu.bytes.set(image.ram, RAM)
    cpu.invalidate(CODE, CODE_BYTES)
    cpu.invalidate(RAM, RAM_BYTES)
    cpu.reset()
    if (this.#world === 'non-secure') this.#startNonSecure()
    this.#hasExited = false
    const limit = cpu.cycles + (image.count + 1) * CYCLES_PER_CASE
    const reason = cpu.run(limit)
    if (!this.#hasExited) {
      const current = new DataView(cpu.bytes.buffer).getUint32(CURRENT, true)
      const at = (current - RESULTS - image.resultBytes) / IN_BYTES
      throw new HarnessFailure(at, `mcu stopped with ${reason}: ${describe(cpu, reason)}`)
    }
    return readResults(cpu.bytes.subarray(RESULTS, RESULTS + image.resultBytes), image)
  }

  #startNonSecure(): void {
    const cpu = this.#cpu
    cpu.writePrivate(SAU_CTRL, ALLNS, true)
    cpu.writePrivate(AIRCR, FAULTS_ARE_NON_SECURE, true)
    cpu.writePrivate(NSACR, FLOAT, true)
    cpu.startNonSecure(CODE)
  }

  #semihosting(immediate: number): boolean {
    if (immediate !== SEMIHOSTING) return false
    if (this.#cpu.get('r0') === SYS_EXIT) {
      this.#hasExited = true
      this.#cpu.stopAt(this.#cpu.cycles)
    }
    return true
  }
}

function describe(cpu: Cpu, reason: string): string {
  return reason === 'secure-exception' || reason === 'lockup'
    ? JSON.stringify(cpu.faultRecord)
    : 'the image never ended'
}
