/** Runs an image for two worlds on `mcu`: the CPU alone, with the memory map and IDAU of AN505. */
import { type Bus, BusFault } from '../../../packages/mcu/src/bus.ts'
import {
  type Attribution,
  Cpu,
  createGuestMemory,
  type StopReason,
} from '../../../packages/mcu/src/cpu/cpu.ts'
import { EventQueue } from '../../../packages/mcu/src/scheduler.ts'
import type { Halves } from './build.ts'
import {
  ADDRESSES,
  countBegun,
  LOW_CODE,
  NON_SECURE_BYTES,
  NON_SECURE_CODE,
  packScripts,
  type Script,
  SECURE_BYTES,
  SECURE_CODE,
} from './layout.ts'

const SEMIHOSTING = 0xab
const SYS_WRITE0 = 4
/** A script takes some tens of thousands. */
const CYCLES_PER_SCRIPT = 10_000_000

const nothing: Bus = { read: () => 0, write: () => {}, fault: BusFault.error }

export class WorldsMachine {
  readonly #cpus = [this.#makeCpu(), this.#makeCpu()] as const
  #cpu: Cpu = this.#cpus[0]
  #output = ''

  #makeCpu(): Cpu {
    const cpu: Cpu = new Cpu({
      memory: createGuestMemory(),
      ranges: [
        { ...LOW_CODE, kind: 'ram' },
        { base: NON_SECURE_CODE, size: NON_SECURE_BYTES, kind: 'ram' },
        { base: SECURE_CODE, size: SECURE_BYTES, kind: 'ram' },
      ],
      bus: nothing,
      scheduler: new EventQueue(() => cpu.cycles),
      hooks: {
        attribution,
        storeToFlash: () => BusFault.error,
        breakpoint: (immediate) => this.#semihosting(immediate),
      },
      secureVectors: SECURE_CODE,
    })
    return cpu
  }

  /**
   * As `runOnQemu`: what each script printed; one that ends in lock-up says so. With `hop`, a snapshot
   * goes over into another CPU after so many instructions, again and again.
   */
  run(halves: Halves, scripts: readonly Script[], hop = Infinity): string {
    this.#output = ''
    for (let first = 0; first < scripts.length; ) {
      this.#runFrom(halves, packScripts(scripts, first), hop)
      first = countBegun(this.#output)
    }
    return this.#output
  }

  #runFrom(halves: Halves, scripts: Uint8Array, hop: number): void {
    this.#put(new Uint8Array(LOW_CODE.size), LOW_CODE.backing)
    this.#put(new Uint8Array(NON_SECURE_BYTES), NON_SECURE_CODE)
    this.#put(new Uint8Array(SECURE_BYTES), SECURE_CODE)
    for (;;) {
      this.#put(halves.boot, LOW_CODE.backing)
      this.#put(halves.nonSecure, NON_SECURE_CODE)
      this.#put(halves.secure, SECURE_CODE)
      this.#put(scripts, ADDRESSES.SCRIPTS_ADDRESS)
      this.#cpu.reset()
      const reason = this.#runScript(hop)
      if (reason === 'reset-request') continue
      if (reason !== 'halt') this.#output += `${reason}\n`
      return
    }
  }

  #runScript(hop: number): StopReason {
    const end = this.#cpu.cycles + CYCLES_PER_SCRIPT
    for (;;) {
      const reason = this.#cpu.run(Math.min(end, this.#cpu.cycles + hop))
      if (reason !== 'cycle' || this.#cpu.cycles >= end) return reason
      const next = this.#cpus[this.#cpu === this.#cpus[0] ? 1 : 0]
      next.restore(this.#cpu.snapshot())
      this.#cpu = next
    }
  }

  #put(bytes: Uint8Array, address: number): void {
    this.#cpu.bytes.set(bytes, address)
    this.#cpu.invalidate(address, bytes.length)
  }

  #semihosting(immediate: number): boolean {
    if (immediate !== SEMIHOSTING) return false
    const cpu = this.#cpu
    if (cpu.get('r0') === SYS_WRITE0) {
      for (let at = cpu.get('r1'); cpu.bytes[at] !== 0; at++) {
        this.#output += String.fromCharCode(cpu.bytes[at]!)
      }
    } else cpu.halt()
    return true
  }
}

/** The IDAU of SSE-200: bit 28 makes an address Secure; NSCCFG.RAMNSC opens RAM to veneers. */
function attribution(address: number): Attribution {
  if ((address & 0x1000_0000) === 0) return 'non-secure'
  return address >>> 28 === 3 ? 'callable' : 'secure'
}
