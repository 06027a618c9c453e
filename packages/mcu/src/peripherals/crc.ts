/**
 * CRC calculation unit. RM0456, chapter "Cyclic redundancy check calculation unit (CRC)".
 *
 * Polynomials of 7, 8, 16 and 32 bits, any initial value, reversal of input and output. A word,
 * half-word or byte written to DR is taken most significant byte first.
 *
 * Not modelled: the one to four cycles that a calculation holds the bus.
 */
import type { AccessSize } from '../bus.ts'
import { RegisterFile, reg, rw, wo } from '../registers.ts'
import type { Makers, Peripheral } from '../wiring.ts'

/** CR.POLYSIZE, in bits. */
const POLYNOMIAL_BITS = [32, 16, 8, 7]

export const crcLayout = {
  DR: reg(0x00, { DR: rw(0, 32) }, 0xffff_ffff),
  IDR: reg(0x04, { IDR: rw(0, 32) }),
  CR: reg(0x08, { RESET: wo(0), POLYSIZE: rw(3, 2), REV_IN: rw(5, 2), REV_OUT: rw(7) }),
  INIT: reg(0x10, { INIT: rw(0, 32) }, 0xffff_ffff),
  POL: reg(0x14, { POL: rw(0, 32) }, 0x04c1_1db7),
} as const

export class Crc implements Peripheral {
  readonly registers: RegisterFile<typeof crcLayout>
  #remainder = crcLayout.DR.reset

  constructor() {
    this.registers = new RegisterFile(crcLayout, {
      DR: {
        read: () => this.#result(),
        write: (written, _before, size) => this.#take(written, size),
      },
      CR: { write: (written) => this.#control(written) },
      INIT: { write: (written) => this.#restart(written) },
    })
  }

  reset(): void {
    this.registers.reset()
    this.#remainder = crcLayout.DR.reset
  }

  #control(written: number): void {
    if (written & 1) this.#restart(this.registers.get('INIT'))
  }

  #restart(initial: number): void {
    this.#remainder = (initial & this.#mask) >>> 0
  }

  get #bits(): number {
    return POLYNOMIAL_BITS[this.registers.get('CR', 'POLYSIZE')]
  }

  get #mask(): number {
    return 2 ** this.#bits - 1
  }

  #result(): number {
    const isReversed = this.registers.is('CR', 'REV_OUT')
    return isReversed ? reverseBits(this.#remainder, this.#bits) : this.#remainder
  }

  #take(written: number, size: AccessSize): void {
    const bits = size * 8
    const data = reverseInput(written, bits, this.registers.get('CR', 'REV_IN'))
    const polynomial = this.registers.get('POL') & this.#mask
    const top = this.#bits - 1
    let remainder = this.#remainder
    for (let bit = bits - 1; bit >= 0; bit--) {
      const carry = ((remainder >>> top) ^ (data >>> bit)) & 1
      remainder = (remainder << 1) ^ (carry ? polynomial : 0)
    }
    this.#remainder = (remainder & this.#mask) >>> 0
  }
}

/** CR.REV_IN: 1, 2 and 3 reverse bits inside each byte, half-word or word. */
function reverseInput(data: number, bits: number, kind: number): number {
  if (kind === 0) return data
  const group = Math.min(4 << kind, bits)
  let reversed = 0
  for (let at = 0; at < bits; at += group) {
    const part = (data >>> at) & (2 ** group - 1)
    reversed |= reverseBits(part >>> 0, group) << at
  }
  return reversed >>> 0
}

function reverseBits(value: number, bits: number): number {
  let reversed = 0
  for (let bit = 0; bit < bits; bit++) if ((value >>> bit) & 1) reversed |= 1 << (bits - 1 - bit)
  return reversed >>> 0
}

export const crcs = { CRC: () => new Crc() } satisfies Makers
