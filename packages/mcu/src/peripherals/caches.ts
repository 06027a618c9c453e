/**
 * ICACHE and DCACHE1. RM0456, chapters "Instruction cache (ICACHE)" and "Data cache (DCACHE)".
 *
 * Memory is always coherent here, so a cache changes nothing but its registers: enabling, full and
 * range maintenance with their busy and end flags, interrupts. Monitors count nothing; remapped
 * regions (CRRx) are not modelled.
 */
import { interruptLevel, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const region = (offset: number) =>
  reg(
    offset,
    {
      ...{
        BASEADDR: tagged(0, 8),
        RSIZE: tagged(9, 3),
        REN: tagged(15),
        REMAPADDR: tagged(16, 11),
      },
      ...{ MSTSEL: tagged(28), HBURST: tagged(31) },
    },
    0x200,
  )

export const icacheLayout = {
  CR: reg(
    0x00,
    {
      ...{ EN: rw(0), CACHEINV: wo(1), WAYSEL: rw(2), HITMEN: tagged(16), MISSMEN: tagged(17) },
      ...{ HITMRST: rw(18), MISSMRST: rw(19) },
    },
    0x4,
  ),
  SR: reg(0x04, { BUSYF: ro(0), BSYENDF: ro(1), ERRF: ro(2) }),
  IER: reg(0x08, { BSYENDIE: rw(1), ERRIE: rw(2) }),
  FCR: reg(0x0c, { CBSYENDF: wo(1), CERRF: wo(2) }),
  ...{ HMONR: reg(0x10, { HITMON: ro(0, 32) }), MMONR: reg(0x14, { MISSMON: ro(0, 16) }) },
  ...{ CRR0: region(0x20), CRR1: region(0x24), CRR2: region(0x28), CRR3: region(0x2c) },
} as const

export const dcacheLayout = {
  CR: reg(0x00, {
    ...{ EN: rw(0), CACHEINV: wo(1), CACHECMD: rw(8, 3), STARTCMD: wo(11), RHITMEN: tagged(16) },
    ...{ RMISSMEN: tagged(17), RHITMRST: rw(18), RMISSMRST: rw(19), WHITMEN: tagged(20) },
    ...{ WMISSMEN: tagged(21), WHITMRST: rw(22), WMISSMRST: rw(23), HBURST: rw(31) },
  }),
  SR: reg(0x04, { BUSYF: ro(0), BSYENDF: ro(1), ERRF: ro(2), BUSYCMDF: ro(3), CMDENDF: ro(4) }),
  IER: reg(0x08, { BSYENDIE: rw(1), ERRIE: rw(2), CMDENDIE: rw(4) }),
  FCR: reg(0x0c, { CBSYENDF: wo(1), CERRF: wo(2), CCMDENDF: wo(4) }),
  ...{ RHMONR: reg(0x10, { RHITMON: ro(0, 32) }), RMMONR: reg(0x14, { RMISSMON: ro(0, 16) }) },
  ...{ WHMONR: reg(0x20, { WHITMON: ro(0, 32) }), WMMONR: reg(0x24, { WMISSMON: ro(0, 16) }) },
  CMDRSADDRR: reg(0x28, { CMDSTARTADDR: rw(4, 28) }),
  CMDREADDRR: reg(0x2c, { CMDENDADDR: rw(4, 28) }),
} as const

const CACHEINV = 1 << 1
const STARTCMD = 1 << 11
/** A full invalidation walks through the lines: 256 of two ways, one a cycle. */
const INVALIDATE_CYCLES = 256
const LINE_BYTES = 16

export class Icache implements Peripheral {
  readonly registers: RegisterFile<typeof icacheLayout>
  readonly #line: Output
  readonly #isInterrupting: () => boolean

  constructor(wiring: Wiring) {
    const update = () => this.#line.set(this.#isInterrupting())
    this.registers = new RegisterFile(icacheLayout, {
      CR: {
        write: (written) => {
          if (written & CACHEINV) work(wiring, this.registers, INVALIDATE_CYCLES, update)
        },
      },
      IER: { write: update },
      FCR: { write: (flags) => clear(this.registers, flags, update) },
    })
    this.#line = wiring.interrupt('ICACHE')
    this.#isInterrupting = interruptLevel(this.registers, [
      ['IER.BSYENDIE', 'SR.BSYENDF'],
      ['IER.ERRIE', 'SR.ERRF'],
    ])
  }

  reset(): void {
    this.registers.reset()
    this.#line.set(false)
  }
}

export class Dcache implements Peripheral {
  readonly registers: RegisterFile<typeof dcacheLayout>
  readonly #line: Output
  readonly #isInterrupting: () => boolean

  constructor(wiring: Wiring) {
    const update = () => this.#line.set(this.#isInterrupting())
    this.registers = new RegisterFile(dcacheLayout, {
      CR: {
        write: (written) => {
          if (written & CACHEINV) work(wiring, this.registers, INVALIDATE_CYCLES, update)
          if (written & STARTCMD) this.#command(wiring, update)
        },
      },
      IER: { write: update },
      FCR: { write: (flags) => clear(this.registers, flags, update) },
    })
    this.#line = wiring.interrupt('DCACHE1')
    this.#isInterrupting = interruptLevel(this.registers, [
      ['IER.BSYENDIE', 'SR.BSYENDF'],
      ['IER.ERRIE', 'SR.ERRF'],
      ['IER.CMDENDIE', 'SR.CMDENDF'],
    ])
  }

  reset(): void {
    this.registers.reset()
    this.#line.set(false)
  }

  /** Clean or invalidate a range of addresses. */
  #command({ scheduler }: Wiring, update: () => void): void {
    const { registers: r } = this
    const lines = (r.get('CMDREADDRR') - r.get('CMDRSADDRR')) / LINE_BYTES + 1
    r.set('SR', 'BUSYCMDF', true)
    scheduler.at(scheduler.now + Math.max(lines, 1), () => {
      r.set('SR', 'BUSYCMDF', false)
      r.set('SR', 'CMDENDF', true)
      update()
    })
  }
}

interface Flags {
  get(register: 'SR'): number
  setAll(register: 'SR', value: number): void
  set(register: 'SR', field: 'BUSYF' | 'BSYENDF', value: boolean): void
}

function work({ scheduler }: Wiring, registers: Flags, cycles: number, update: () => void): void {
  registers.set('SR', 'BUSYF', true)
  registers.set('SR', 'BSYENDF', false)
  scheduler.at(scheduler.now + cycles, () => {
    registers.set('SR', 'BUSYF', false)
    registers.set('SR', 'BSYENDF', true)
    update()
  })
}

function clear(registers: Flags, flags: number, update: () => void): void {
  registers.setAll('SR', registers.get('SR') & ~(flags & 0b1_0110))
  update()
}

export const caches = {
  ICACHE: (wiring) => new Icache(wiring),
  DCACHE1: (wiring) => new Dcache(wiring),
} satisfies Makers
