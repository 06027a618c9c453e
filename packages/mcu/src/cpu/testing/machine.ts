/**
 * A CPU with flash, SRAM and nothing else, for tests: code is put into memory as halfwords, drawn
 * as the manual draws them, and run.
 */
import type { Bus } from '../../bus.ts'
import { EventQueue } from '../../scheduler.ts'
import { type Attribution, Cpu, createGuestMemory, type StopReason } from '../cpu.ts'

export const FLASH = 0x0800_0000
export const RAM = 0x2000_0000
export const VENEERS = 0x0c1f_e000
export const HOST_CODE = { start: 0x0c20_0000, end: 0x0c20_1000 }
export const RAM_BYTES = 0xc_0000
/** The last two KiB of SRAM belong to the Secure state. */
export const SECURE_RAM = RAM + RAM_BYTES - 0x800

const SAU_CTRL = 0xe000_edd0
const SAU_ALLNS = 2
const NSACR = 0xe000_ed8c
/** CP10 and CP11. */
const FLOAT = 0xc00

export class Machine {
  readonly cpu: Cpu
  readonly scheduler: EventQueue
  /** What semihosting's SYS_WRITEC (BKPT 0xAB, r0 = 3) has written. */
  output = ''
  /** Everything the CPU asked of the bus. */
  readonly accesses: string[] = []
  /** Memory that nobody may touch; `cpu.attributionChanged` when it changes. */
  hidden: { readonly start: number; readonly end: number } | undefined

  /** `secure`: code runs in the Secure state, and nothing is Non-secure. */
  constructor(world: 'secure' | 'non-secure' = 'non-secure') {
    const isSecure = world === 'secure'
    this.scheduler = new EventQueue(() => this.cpu.cycles)
    this.cpu = new Cpu({
      memory: createGuestMemory(),
      ranges: [
        { base: FLASH, size: 0x20_0000, kind: 'flash' },
        { base: RAM, size: RAM_BYTES, kind: 'ram' },
        { base: VENEERS, size: 0x2000, kind: 'flash', backing: FLASH + 0x1f_e000 },
      ],
      bus: this.#bus(),
      scheduler: this.scheduler,
      hooks: {
        attribution: (address) => (this.#isHidden(address) ? 'hidden' : attribution(address)),
        storeToFlash: () => 1,
        breakpoint: (immediate) => immediate === 0xab && this.#semihost(),
      },
      ...(isSecure ? { secureVectors: FLASH } : { hostCode: HOST_CODE }),
    })
    if (!isSecure) this.cpu.writePrivate(SAU_CTRL, SAU_ALLNS, true)
    this.cpu.writePrivate(NSACR, FLOAT, true)
  }

  #isHidden(address: number): boolean {
    const { hidden } = this
    return hidden !== undefined && address >= hidden.start && address < hidden.end
  }

  /** 0x4000_0000 to 0x4000_00FF reads as its address and takes writes; elsewhere are holes. */
  #bus(): Bus {
    const { accesses } = this
    let fault: 0 | 1 | 2 = 0
    const check = (address: number, text: string) => {
      fault = address >= 0x4000_0000 && address < 0x4000_0100 ? 0 : 1
      accesses.push(text)
    }
    return {
      read: (address, size) => {
        check(address, `read${size} ${address.toString(16)}`)
        return fault === 0 ? address : 0
      },
      write: (address, size, value) => {
        check(address, `write${size} ${address.toString(16)} ${value.toString(16)}`)
      },
      get fault() {
        return fault
      },
    }
  }

  #semihost(): boolean {
    const { cpu } = this
    if (cpu.get('r0') === 3) this.output += String.fromCharCode(cpu.bytes[cpu.get('r1')]!)
    else cpu.halt()
    return true
  }

  write(address: number, halfwords: readonly number[]): void {
    halfwords.forEach((halfword, at) => {
      this.cpu.bytes[address + at * 2] = halfword & 0xff
      this.cpu.bytes[address + at * 2 + 1] = halfword >> 8
    })
    this.cpu.invalidate(address, halfwords.length * 2)
  }

  writeWord(address: number, word: number): void {
    this.write(address, [word & 0xffff, word >>> 16])
  }

  readWord(address: number): number {
    const { bytes } = this.cpu
    const at = (n: number) => bytes[address + n]!
    return (at(0) | (at(1) << 8) | (at(2) << 16) | (at(3) << 24)) >>> 0
  }

  /** Starts at `code`, with the stack at the end of the first KiB of SRAM. */
  start(code: number): void {
    this.writeWord(FLASH, RAM + 0x400)
    this.writeWord(FLASH + 4, code | 1)
    this.cpu.startNonSecure(FLASH)
  }

  /** Runs, with events, for some instructions or until something needs the host. */
  run(cycles: number): StopReason {
    const until = this.cpu.cycles + cycles
    for (;;) {
      const reason = this.cpu.run(Math.min(until, this.scheduler.next))
      if (reason === 'idle' && this.scheduler.next <= until) this.cpu.skipTo(this.scheduler.next)
      else if (reason !== 'cycle') return reason
      this.scheduler.runDue()
      if (this.cpu.cycles >= until) return reason
    }
  }
}

/** The IDAU of the test: veneers callable, host code and the end of SRAM secure. */
function attribution(address: number): Attribution {
  if (address >= VENEERS && address < VENEERS + 0x2000) return 'callable'
  const isSecure =
    (address >= 0x0c00_0000 && address < 0x1000_0000) ||
    (address >= SECURE_RAM && address < SECURE_RAM + 0x800)
  return isSecure ? 'secure' : 'non-secure'
}

/** Halfwords of an encoding: `encode('000 1100 mmm nnn ddd', { d: 0, n: 1, m: 2 })`. */
export function encode(drawing: string, fields: Readonly<Record<string, number>> = {}): number[] {
  const bits = drawing.replaceAll(' ', '')
  const left: Record<string, number> = {}
  for (const letter of bits) if (/[a-z]/i.test(letter)) left[letter] = (left[letter] ?? 0) + 1
  const text = [...bits]
    .map((letter) => {
      if (letter === '0' || letter === '1') return letter
      const bit = --left[letter]!
      return String((fields[letter]! >>> bit) & 1)
    })
    .join('')
  return text.match(/.{16}/g)!.map((half) => Number.parseInt(half, 2))
}
