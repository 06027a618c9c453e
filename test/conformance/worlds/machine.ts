/** Runs an image for two worlds on `mcu`: the CPU alone, with the memory map and IDAU of AN505. */
import { type Bus, BusFault } from '../../../packages/mcu/src/bus.ts'
import { type Attribution, Cpu, createGuestMemory } from '../../../packages/mcu/src/cpu/cpu.ts'
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
  readonly cpu: Cpu
  #output = ''

  constructor() {
    this.cpu = new Cpu({
      memory: createGuestMemory(),
      ranges: [
        { ...LOW_CODE, kind: 'ram' },
        { base: NON_SECURE_CODE, size: NON_SECURE_BYTES, kind: 'ram' },
        { base: SECURE_CODE, size: SECURE_BYTES, kind: 'ram' },
      ],
      bus: nothing,
      scheduler: new EventQueue(() => this.cpu.cycles),
      hooks: {
        attribution,
        storeToFlash: () => BusFault.error,
        breakpoint: (immediate) => this.#semihosting(immediate),
      },
      secureVectors: SECURE_CODE,
    })
  }

  /** As `runOnQemu`: what each script printed; one that ends in lock-up says so. */
  run(halves: Halves, scripts: readonly Script[]): string {
    this.#output = ''
    for (let first = 0; first < scripts.length; ) {
      this.#runFrom(halves, packScripts(scripts, first))
      first = countBegun(this.#output)
    }
    return this.#output
  }

  #runFrom(halves: Halves, scripts: Uint8Array): void {
    this.#put(new Uint8Array(LOW_CODE.size), LOW_CODE.backing)
    this.#put(new Uint8Array(NON_SECURE_BYTES), NON_SECURE_CODE)
    this.#put(new Uint8Array(SECURE_BYTES), SECURE_CODE)
    for (;;) {
      this.#put(halves.boot, LOW_CODE.backing)
      this.#put(halves.nonSecure, NON_SECURE_CODE)
      this.#put(halves.secure, SECURE_CODE)
      this.#put(scripts, ADDRESSES.SCRIPTS_ADDRESS)
      this.cpu.reset()
      const reason = this.cpu.run(this.cpu.cycles + CYCLES_PER_SCRIPT)
      if (reason === 'reset-request') continue
      if (reason !== 'halt') this.#output += `${reason}\n`
      return
    }
  }

  #put(bytes: Uint8Array, address: number): void {
    this.cpu.bytes.set(bytes, address)
    this.cpu.invalidate(address, bytes.length)
  }

  #semihosting(immediate: number): boolean {
    if (immediate !== SEMIHOSTING) return false
    const { cpu } = this
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
