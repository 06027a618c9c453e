/**
 * PKA: big numbers, elliptic curves, RSA. RM0456, chapter "Public key accelerator (PKA)".
 *
 * All operations that ST's HAL offers but the double base ladder, on operands in its RAM; end,
 * RAM access and operation errors with their interrupts. The application's: it holds no key but
 * those that software puts there. See pka-operations.ts for durations.
 */
import { interruptLevel, RegisterFile, reg, ro, rw, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, MappedWindow, Peripheral, Wiring } from '../wiring.ts'
import { type Operands, operations } from './pka-operations.ts'

export const pkaLayout = {
  CR: reg(0x00, {
    ...{ EN: rw(0), START: wo(1), MODE: rw(8, 6), PROCENDIE: rw(17), RAMERRIE: rw(19) },
    ...{ ADDRERRIE: rw(20), OPERRIE: rw(21) },
  }),
  SR: reg(0x04, {
    ...{ INITOK: ro(0), LMF: ro(1), BUSY: ro(16), PROCENDF: ro(17), RAMERRF: ro(19) },
    ...{ ADDRERRF: ro(20), OPERRF: ro(21) },
  }),
  CLRFR: reg(0x08, { PROCENDFC: wo(17), RAMERRFC: wo(19), ADDRERRFC: wo(20), OPERRFC: wo(21) }),
} as const

const RAM = { base: 0x420c_2400, offset: 0x400, words: 1334 } as const
/** From EN to INITOK: the RAM is erased. */
const INIT_CYCLES = 667
const START = 2
/** Operands are at most so long. */
const OPERAND_BITS_MAX = 4160

export class Pka implements Peripheral {
  readonly registers: RegisterFile<typeof pkaLayout>
  readonly window: MappedWindow
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  readonly #ram = new Uint32Array(RAM.words)
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(pkaLayout, {
      CR: { write: (written, before) => this.#control(written, before) },
      CLRFR: { write: (flags) => this.#clear(flags) },
    })
    this.window = {
      ...{ base: RAM.base, size: RAM.words * 4 },
      read: (offset) => (this.#mayAccess(offset) ? this.#ram[offset >> 2] : 0),
      write: (offset, _size, value) => {
        if (this.#mayAccess(offset)) this.#ram[offset >> 2] = value
        return true
      },
    }
    this.#line = wiring.interrupt('PKA')
    this.#isInterrupting = interruptLevel(
      this.registers,
      (['PROCEND', 'RAMERR', 'ADDRERR', 'OPERR'] as const).map((name) => [
        `CR.${name}IE`,
        `SR.${name}F`,
      ]),
    )
  }

  reset(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.registers.reset()
    this.#ram.fill(0)
    this.#line.set(false)
  }

  #raise(flag: 'PROCENDF' | 'RAMERRF' | 'ADDRERRF' | 'OPERRF'): void {
    this.registers.set('SR', flag, true)
    this.#line.set(this.#isInterrupting())
  }

  /** Words of the RAM, while no operation uses them. */
  #mayAccess(offset: number): boolean {
    if (offset >> 2 >= RAM.words) this.#raise('ADDRERRF')
    else if (this.registers.is('SR', 'BUSY')) this.#raise('RAMERRF')
    else return true
    return false
  }

  #control(written: number, before: number): void {
    const { registers: r } = this
    r.set('CR', 'START', false)
    const isOn = r.is('CR', 'EN')
    if (!isOn) this.#off()
    else if ((before & 1) === 0) this.#initialise()
    if (isOn && !(r.get('CR', 'MODE') in operations)) this.#raise('OPERRF')
    else if (isOn && (written & START) !== 0) this.#start()
    this.#line.set(this.#isInterrupting())
  }

  #off(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.registers.set('SR', 'INITOK', false)
    this.registers.set('SR', 'BUSY', false)
  }

  #initialise(): void {
    this.#ram.fill(0)
    const { scheduler } = this.#wiring
    this.#cancel = scheduler.at(scheduler.now + INIT_CYCLES, () => {
      this.#cancel = undefined
      this.registers.set('SR', 'INITOK', true)
    })
  }

  #start(): void {
    const { registers: r } = this
    const operation = operations[r.get('CR', 'MODE')]
    if (operation === undefined || !r.is('SR', 'INITOK') || r.is('SR', 'BUSY')) return
    const { scheduler } = this.#wiring
    const operands = this.#operands()
    r.set('SR', 'BUSY', true)
    this.#cancel = scheduler.at(scheduler.now + operation.cycles(operands), () => {
      this.#cancel = undefined
      operation.run(operands)
      r.set('SR', 'BUSY', false)
      this.#raise('PROCENDF')
    })
  }

  #clear(flags: number): void {
    this.registers.setAll('SR', this.registers.get('SR') & ~(flags & 0x3a_0000))
    this.#line.set(this.#isInterrupting())
  }

  /** Little-endian words; lengths are held to what the RAM can have. */
  #operands(): Operands {
    const ram = this.#ram
    const place = (offset: number) => (offset - RAM.offset) >> 2
    const words = (bits: number) => Math.ceil(Math.min(bits, OPERAND_BITS_MAX * 2) / 32)
    return {
      word: (offset) => Math.min(ram[place(offset)]!, OPERAND_BITS_MAX),
      load(offset, bits) {
        let value = 0n
        for (let n = words(bits) - 1; n >= 0; n--) {
          value = (value << 32n) | BigInt(ram[place(offset) + n] ?? 0)
        }
        return value
      },
      store(offset, value, bits) {
        for (let n = 0; n <= words(bits); n++) {
          if (place(offset) + n >= ram.length) return
          ram[place(offset) + n] =
            n < words(bits) ? Number((value >> BigInt(32 * n)) & 0xffff_ffffn) : 0
        }
      },
    }
  }
}

export const pkas = { PKA: (wiring) => new Pka(wiring) } satisfies Makers
