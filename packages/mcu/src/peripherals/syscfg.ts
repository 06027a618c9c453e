/**
 * SYSCFG: system configuration. RM0456, chapter "System configuration controller (SYSCFG)".
 *
 * Everything is stored; none of it changes how this chip behaves: analog switches, strong I2C
 * drivers, I/O compensation (always ready) and the locks of the CPU's configuration have no model.
 * Floating-point exceptions do not interrupt.
 */
import { RegisterFile, reg, ro, rw, tagged } from '../registers.ts'
import type { Makers, Peripheral } from '../wiring.ts'

const syscfgLayout = {
  SECCFGR: reg(0x00, { SYSCFGSEC: rw(0), CLASSBSEC: rw(1), FPUSEC: rw(3) }),
  CFGR1: reg(0x04, {
    ...{ BOOSTEN: rw(8), ANASWVDD: rw(9), PB6_FMP: rw(16), PB7_FMP: rw(17) },
    ...{ PB8_FMP: rw(18), PB9_FMP: rw(19) },
  }),
  FPUIMR: reg(0x08, { FPU_IE: tagged(0, 6) }, 0x1f),
  CNSLCKR: reg(0x0c, { LOCKNSVTOR: tagged(0), LOCKNSMPU: tagged(1) }),
  CSLCKR: reg(0x10, { LOCKSVTAIRCR: tagged(0), LOCKSMPU: tagged(1), LOCKSAU: tagged(2) }),
  CFGR2: reg(0x14, { CLL: tagged(0), SPL: tagged(1), PVDL: tagged(2), ECCL: tagged(3) }),
  MESR: reg(0x18, { MCLR: ro(0), IPMEE: ro(16) }),
  CCCSR: reg(
    0x1c,
    { EN1: rw(0), CS1: rw(1), EN2: rw(2), CS2: rw(3), RDY1: ro(8), RDY2: ro(9) },
    0x0a,
  ),
  CCVR: reg(0x20, { NCV1: ro(0, 4), PCV1: ro(4, 4), NCV2: ro(8, 4), PCV2: ro(12, 4) }),
  CCCR: reg(0x24, { NCC1: rw(0, 4), PCC1: rw(4, 4), NCC2: rw(8, 4), PCC2: rw(12, 4) }, 0x7878),
  RSSCMDR: reg(0x2c, { RSSCMD: tagged(0, 16) }),
} as const

class Syscfg implements Peripheral {
  readonly registers: RegisterFile<typeof syscfgLayout>

  constructor() {
    this.registers = new RegisterFile(syscfgLayout, {
      CCCSR: { write: () => this.#compensate() },
    })
  }

  reset(): void {
    this.registers.reset()
  }

  /** A compensation cell that is on is ready. */
  #compensate(): void {
    const { registers: r } = this
    r.set('CCCSR', 'RDY1', r.get('CCCSR', 'EN1'))
    r.set('CCCSR', 'RDY2', r.get('CCCSR', 'EN2'))
  }
}

export const syscfgs = { SYSCFG: (): Peripheral => new Syscfg() } satisfies Makers
