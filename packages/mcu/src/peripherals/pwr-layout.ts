/**
 * PWR: its registers as tables, and the pins that wake-up lines can watch. RM0456, chapter "Power control
 * (PWR)" and "Wake-up pins".
 */

import type { PadName } from '../pins/pad.ts'
import { each, reg, ro, rw, tagged, wo } from '../registers.ts'

const pulls = (offset: number) => reg(offset, each('P', 16, 1, rw))

export const pwrLayout = {
  CR1: reg(0x00, {
    ...{ LPMS: rw(0, 3), RRSB1: tagged(5), RRSB2: tagged(6), ULPMEN: rw(7) },
    ...{ SRAM1PD: tagged(8), SRAM2PD: tagged(9), SRAM3PD: tagged(10), SRAM4PD: tagged(11) },
  }),
  CR2: reg(0x04, each('PDS', 32, 1, tagged)),
  CR3: reg(0x08, { REGSEL: rw(1), FSTEN: rw(2) }),
  VOSR: reg(0x0c, { BOOSTRDY: ro(14), VOSRDY: ro(15), VOS: rw(16, 2), BOOSTEN: rw(18) }, 0x8000),
  SVMCR: reg(0x10, {
    ...{ PVDE: rw(4), PVDLS: rw(5, 3), UVMEN: rw(24), IO2VMEN: rw(25) },
    ...{
      AVM1EN: rw(26),
      AVM2EN: rw(27),
      USV: rw(28),
      IO2SV: rw(29),
      ASV: rw(30),
    },
  }),
  WUCR1: reg(0x14, each('WUPEN', 8, 1, rw, 1)),
  WUCR2: reg(0x18, each('WUPP', 8, 1, rw, 1)),
  WUCR3: reg(0x1c, each('WUSEL', 8, 2, rw, 1)),
  BDCR1: reg(0x20, { BREN: tagged(0), MONEN: tagged(4) }),
  BDCR2: reg(0x24, { VBE: tagged(0), VBRS: tagged(1) }),
  DBPR: reg(0x28, { DBP: rw(0) }),
  UCPDR: reg(0x2c, { UCPD_DBDIS: tagged(0), UCPD_STBY: tagged(1) }),
  SECCFGR: reg(0x30, {
    ...each('WUPSEC', 8, 1, ro, 1),
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
  WUSR: reg(0x44, each('WUF', 8, 1, ro, 1)),
  WUSCR: reg(0x48, each('CWUF', 8, 1, wo, 1)),
  APCR: reg(0x4c, { APC: rw(0) }),
  ...{ PUCRA: pulls(0x50), PDCRA: pulls(0x54), PUCRB: pulls(0x58), PDCRB: pulls(0x5c) },
  ...{ PUCRC: pulls(0x60), PDCRC: pulls(0x64), PUCRD: pulls(0x68), PDCRD: pulls(0x6c) },
  ...{ PUCRE: pulls(0x70), PDCRE: pulls(0x74), PUCRF: pulls(0x78), PDCRF: pulls(0x7c) },
  ...{ PUCRG: pulls(0x80), PDCRG: pulls(0x84), PUCRH: pulls(0x88), PDCRH: pulls(0x8c) },
  ...{ PUCRI: pulls(0x90), PDCRI: pulls(0x94) },
} as const

/** By wake-up line and WUSEL; `RTC`: its interrupt line. */
export const wakePins: readonly (readonly (PadName | 'RTC')[])[] = [
  ['PA0', 'PB2', 'PE4'],
  ['PA4', 'PC13', 'PE5'],
  ['PE6', 'PA1', 'PB6'],
  ['PA2', 'PB1', 'PB7'],
  ['PC5', 'PA3', 'PB8'],
  ['PB5', 'PA5', 'PE7'],
  ['PB15', 'PA6', 'PE8', 'RTC'],
  ['PF2', 'PA7', 'PB10'],
]
