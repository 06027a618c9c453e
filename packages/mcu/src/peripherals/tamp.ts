/**
 * TAMP: backup registers. RM0456, chapter "Tamper and backup registers (TAMP)".
 *
 * The 32 backup registers keep their values through resets of the chip. Tagged: everything about
 * tampers and the monotonic counter.
 */
import { each, type Layout, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Makers, Peripheral } from '../wiring.ts'

const BACKUP_REGISTERS = 32

const tampLayout: Layout = {
  CR1: reg(0x00, each('BIT', 32, 1, tagged)),
  CR2: reg(0x04, each('BIT', 32, 1, tagged)),
  CR3: reg(0x08, each('BIT', 13, 1, tagged)),
  FLTCR: reg(0x0c, {
    TAMPFREQ: tagged(0, 3),
    TAMPFLT: tagged(3, 2),
    TAMPPRCH: tagged(5, 2),
    TAMPPUDIS: tagged(7),
  }),
  ATCR1: reg(0x10, each('BIT', 32, 1, tagged)),
  ATSEEDR: reg(0x14, { SEED: tagged(0, 32) }),
  ATOR: reg(0x18, { PRNG: ro(0, 8), SEEDF: ro(14), INITS: ro(15) }),
  ATCR2: reg(0x1c, each('BIT', 32, 1, tagged)),
  SECCFGR: reg(0x20, {
    BKPRWSEC: rw(0, 8),
    CNT1SEC: rw(15),
    BKPWSEC: rw(16, 8),
    BHKLOCK: rw(30),
    TAMPSEC: rw(31),
  }),
  PRIVCFGR: reg(0x24, { CNT1PRIV: rw(15), BKPRWPRIV: rw(29), BKPWPRIV: rw(30), TAMPPRIV: rw(31) }),
  IER: reg(0x2c, each('TAMPIE', 24, 1, tagged)),
  SR: reg(0x30, each('TAMPF', 24, 1, ro)),
  MISR: reg(0x34, each('TAMPMF', 24, 1, ro)),
  SMISR: reg(0x38, each('TAMPMF', 24, 1, ro)),
  SCR: reg(0x3c, each('CTAMPF', 24, 1, wo)),
  COUNT1R: reg(0x40, { COUNT: tagged(0, 32) }),
  ERCFGR: reg(0x54, { ERCFG0: tagged(0) }),
  ...Object.fromEntries(
    Array.from({ length: BACKUP_REGISTERS }, (_, n) => [
      `BKP${n}R`,
      reg(0x100 + n * 4, { BKP: rw(0, 32) }),
    ]),
  ),
}

class Tamp implements Peripheral {
  readonly registers = new RegisterFile(tampLayout)

  /** In the backup domain: nothing of it is reset with the chip. */
  reset(): void {}

  resetBackup(): void {
    this.registers.reset()
  }
}

export const tamps = { TAMP: (): Peripheral => new Tamp() } satisfies Makers
