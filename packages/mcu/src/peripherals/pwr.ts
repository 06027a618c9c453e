/**
 * PWR: power control. RM0456, chapter "Power control (PWR)".
 *
 * Voltage scaling and the booster are ready at once; the supply is always good. LPMS tells the chip
 * which mode a deep sleep is; STOPF and SBF tell software that there was one, until CSSF clears them.
 *
 * Tagged or not modelled: everything else, wake-up pins among it. Beside a secure side LPMS does
 * nothing: modes are the kernel's.
 */
import { each, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Makers, PowerControl } from '../wiring.ts'

const pulls = (offset: number) => reg(offset, each('P', 16, 1, tagged))

const pwrLayout = {
  CR1: reg(0x00, {
    ...{ LPMS: rw(0, 3), RRSB1: tagged(5), RRSB2: tagged(6), ULPMEN: tagged(7) },
    ...{ SRAM1PD: tagged(8), SRAM2PD: tagged(9), SRAM3PD: tagged(10), SRAM4PD: tagged(11) },
  }),
  CR2: reg(0x04, each('PDS', 32, 1, tagged)),
  CR3: reg(0x08, { REGSEL: rw(1), FSTEN: tagged(2) }),
  VOSR: reg(0x0c, { BOOSTRDY: ro(14), VOSRDY: ro(15), VOS: rw(16, 2), BOOSTEN: rw(18) }, 0x8000),
  SVMCR: reg(0x10, {
    ...{ PVDE: tagged(4), PVDLS: tagged(5, 3), UVMEN: tagged(24), IO2VMEN: tagged(25) },
    ...{
      AVM1EN: tagged(26),
      AVM2EN: tagged(27),
      USV: tagged(28),
      IO2SV: tagged(29),
      ASV: tagged(30),
    },
  }),
  WUCR1: reg(0x14, each('WUPEN', 8, 1, tagged)),
  WUCR2: reg(0x18, each('WUPP', 8, 1, tagged)),
  WUCR3: reg(0x1c, each('WUSEL', 8, 2, tagged)),
  BDCR1: reg(0x20, { BREN: tagged(0), MONEN: tagged(4) }),
  BDCR2: reg(0x24, { VBE: tagged(0), VBRS: tagged(1) }),
  DBPR: reg(0x28, { DBP: rw(0) }),
  UCPDR: reg(0x2c, { UCPD_DBDIS: tagged(0), UCPD_STBY: tagged(1) }),
  SECCFGR: reg(0x30, {
    ...each('WUPSEC', 8, 1, ro),
    ...{ LPMSEC: ro(12), VDMSEC: ro(13), VBSEC: ro(14), APCSEC: ro(15) },
  }),
  PRIVCFGR: reg(0x34, { SPRIV: tagged(0), NSPRIV: tagged(1) }),
  SR: reg(0x38, { CSSF: wo(0), STOPF: ro(1), SBF: ro(2) }),
  SVMSR: reg(
    0x3c,
    {
      ...{ REGS: ro(1), PVDO: ro(4), ACTVOSRDY: ro(15), ACTVOS: ro(16, 2), VDDUSBRDY: ro(24) },
      ...{ VDDIO2RDY: ro(25), VDDA1RDY: ro(26), VDDA2RDY: ro(27) },
    },
    0x8000,
  ),
  BDSR: reg(0x40, { VBATH: ro(1), TEMPL: ro(2), TEMPH: ro(3) }),
  WUSR: reg(0x44, each('WUF', 8, 1, ro)),
  WUSCR: reg(0x48, each('CWUF', 8, 1, wo)),
  APCR: reg(0x4c, { APC: tagged(0) }),
  ...{ PUCRA: pulls(0x50), PDCRA: pulls(0x54), PUCRB: pulls(0x58), PDCRB: pulls(0x5c) },
  ...{ PUCRC: pulls(0x60), PDCRC: pulls(0x64), PUCRD: pulls(0x68), PDCRD: pulls(0x6c) },
  ...{ PUCRE: pulls(0x70), PDCRE: pulls(0x74), PUCRF: pulls(0x78), PDCRF: pulls(0x7c) },
  ...{ PUCRG: pulls(0x80), PDCRG: pulls(0x84), PUCRH: pulls(0x88), PDCRH: pulls(0x8c) },
  ...{ PUCRI: pulls(0x90), PDCRI: pulls(0x94) },
} as const

/** LPMS: the last bits of Standby (10x) and Shutdown (11x) do not matter. */
const MODES = [
  ...(['stop0', 'stop1', 'stop2', 'stop3'] as const),
  ...(['standby', 'standby', 'shutdown', 'shutdown'] as const),
]

class Pwr implements PowerControl {
  readonly registers: RegisterFile<typeof pwrLayout>

  constructor() {
    this.registers = new RegisterFile(pwrLayout, {
      CR3: { write: () => this.#follow() },
      VOSR: { write: () => this.#follow() },
      SR: { write: (written) => this.#clear(written) },
    })
  }

  reset(): void {
    this.registers.reset()
  }

  /** What a deep sleep is, by LPMS. */
  get deepMode(): (typeof MODES)[number] {
    return MODES[this.registers.get('CR1', 'LPMS')]!
  }

  /** The chip has been in Stop, or comes out of Standby. */
  note(flag: 'STOPF' | 'SBF'): void {
    this.registers.set('SR', flag, true)
  }

  #clear(written: number): void {
    if (written & 1) this.registers.setAll('SR', 0)
  }

  #follow(): void {
    const { registers: r } = this
    r.set('VOSR', 'BOOSTRDY', r.get('VOSR', 'BOOSTEN'))
    r.set('SVMSR', 'ACTVOS', r.get('VOSR', 'VOS'))
    r.set('SVMSR', 'REGS', r.get('CR3', 'REGSEL'))
  }
}

export const pwrs = { PWR: (): PowerControl => new Pwr() } satisfies Makers
