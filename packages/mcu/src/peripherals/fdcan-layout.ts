/**
 * Registers of FDCAN. RM0456, chapter "FD controller area network (FDCAN)", section "FDCAN
 * registers"; places in the message RAM from "Message RAM".
 */
import { partly, reg, ro, rw, tagged, wo } from '../registers.ts'

const interrupts = {
  ...{ RF0N: 0, RF0F: 1, RF0L: 2, RF1N: 3, RF1F: 4, RF1L: 5, HPM: 6, TC: 7, TCF: 8, TFE: 9 },
  ...{ TEFN: 10, TEFF: 11, TEFL: 12, TSW: 13, MRAF: 14, TOO: 15, ELO: 16, EP: 17, EW: 18 },
  ...{ BO: 19, WDI: 20, PEA: 21, PED: 22, ARA: 23 },
} as const
export type CanInterrupt = keyof typeof interrupts

type Fields = { [Name in CanInterrupt]: ReturnType<typeof rw> }
type EnableFields = { [Name in `${CanInterrupt}E`]: ReturnType<typeof rw> }
const flags = Object.fromEntries(
  Object.entries(interrupts).map(([name, bit]) => [name, { bit, width: 1, access: 'w1c' }]),
) as unknown as Fields
const enables = Object.fromEntries(
  Object.entries(interrupts).map(([name, bit]) => [`${name}E`, rw(bit)]),
) as unknown as EnableFields

const fifoStatus = (offset: number, n: 0 | 1) =>
  reg(offset, {
    [`F${n}FL`]: ro(0, 4),
    [`F${n}GI`]: ro(8, 2),
    [`F${n}PI`]: ro(16, 2),
    [`F${n}F`]: ro(24),
    [`RF${n}L`]: ro(25),
  })

export const fdcanLayout = {
  CREL: reg(
    0x00,
    {
      DAY: ro(0, 8),
      MON: ro(8, 8),
      YEAR: ro(16, 4),
      SUBSTEP: ro(20, 4),
      STEP: ro(24, 4),
      REL: ro(28, 4),
    },
    0x3214_1218,
  ),
  ENDN: reg(0x04, { ETV: ro(0, 32) }, 0x8765_4321),
  DBTP: reg(
    0x0c,
    { DSJW: rw(0, 4), DTSEG2: rw(4, 4), DTSEG1: rw(8, 5), DBRP: rw(16, 5), TDC: rw(23) },
    0xa33,
  ),
  TEST: reg(0x10, { LBCK: rw(4), TX: tagged(5, 2), RX: ro(7) }),
  RWD: reg(0x14, { WDC: tagged(0, 8), WDV: ro(8, 8) }),
  CCCR: reg(
    0x18,
    {
      ...{ INIT: rw(0), CCE: rw(1), ASM: rw(2), CSA: ro(3), CSR: rw(4), MON: rw(5), DAR: rw(6) },
      ...{ TEST: rw(7), FDOE: rw(8), BRSE: rw(9), PXHD: tagged(12), EFBI: tagged(13) },
      ...{ TXP: tagged(14), NISO: tagged(15) },
    },
    1,
  ),
  NBTP: reg(
    0x1c,
    { NTSEG2: rw(0, 7), NTSEG1: rw(8, 8), NBRP: rw(16, 9), NSJW: rw(25, 7) },
    0x0600_0a03,
  ),
  TSCC: reg(0x20, { TSS: partly(0, 2, [0, 1, 3]), TCP: rw(16, 4) }),
  TSCV: reg(0x24, { TSC: rw(0, 16) }),
  TOCC: reg(0x28, { ETOC: rw(0), TOS: rw(1, 2), TOP: rw(16, 16) }, 0xffff_0000),
  TOCV: reg(0x2c, { TOC: rw(0, 16) }, 0xffff),
  ECR: reg(0x40, { TEC: ro(0, 8), REC: ro(8, 7), RP: ro(15), CEL: ro(16, 8) }),
  PSR: reg(
    0x44,
    {
      ...{ LEC: ro(0, 3), ACT: ro(3, 2), EP: ro(5), EW: ro(6), BO: ro(7), DLEC: ro(8, 3) },
      ...{ RESI: ro(11), RBRS: ro(12), REDL: ro(13), PXE: ro(14), TDCV: ro(16, 7) },
    },
    0x707,
  ),
  TDCR: reg(0x48, { TDCF: rw(0, 7), TDCO: rw(8, 7) }),
  IR: reg(0x50, flags),
  IE: reg(0x54, enables),
  ILS: reg(0x58, {
    ...{ RXFIFO0: rw(0), RXFIFO1: rw(1), SMSG: rw(2), TFERR: rw(3), MISC: rw(4), BERR: rw(5) },
    PERR: rw(6),
  }),
  ILE: reg(0x5c, { EINT0: rw(0), EINT1: rw(1) }),
  RXGFC: reg(0x80, {
    ...{ RRFE: rw(0), RRFS: rw(1), ANFE: rw(2, 2), ANFS: rw(4, 2), F1OM: rw(8), F0OM: rw(9) },
    ...{ LSS: rw(16, 5), LSE: rw(24, 4) },
  }),
  XIDAM: reg(0x84, { EIDM: rw(0, 29) }, 0x1fff_ffff),
  HPMS: reg(0x88, { BIDX: ro(0, 3), MSI: ro(6, 2), FIDX: ro(8, 5), FLST: ro(15) }),
  RXF0S: fifoStatus(0x90, 0),
  RXF0A: reg(0x94, { F0AI: rw(0, 3) }),
  RXF1S: fifoStatus(0x98, 1),
  RXF1A: reg(0x9c, { F1AI: rw(0, 3) }),
  TXBC: reg(0xc0, { TFQM: rw(24) }),
  TXFQS: reg(0xc4, { TFFL: ro(0, 3), TFGI: ro(8, 2), TFQPI: ro(16, 2), TFQF: ro(21) }, 3),
  TXBRP: reg(0xc8, { TRP: ro(0, 3) }),
  TXBAR: reg(0xcc, { AR: wo(0, 3) }),
  TXBCR: reg(0xd0, { CR: wo(0, 3) }),
  TXBTO: reg(0xd4, { TO: ro(0, 3) }),
  TXBCF: reg(0xd8, { CF: ro(0, 3) }),
  TXBTIE: reg(0xdc, { TIE: rw(0, 3) }),
  TXBCIE: reg(0xe0, { CFIE: rw(0, 3) }),
  TXEFS: reg(0xe4, { EFFL: ro(0, 3), EFGI: ro(8, 2), EFPI: ro(16, 2), EFF: ro(24), TEFL: ro(25) }),
  TXEFA: reg(0xe8, { EFAI: rw(0, 2) }),
  CKDIV: reg(0x100, { PDIV: rw(0, 4) }),
} as const

/** Elements of each FIFO and of the transmit buffers. */
export const ELEMENTS = 3
/** Places in the message RAM, in bytes. */
export const RAM = {
  ...{ standardFilters: 0, extendedFilters: 0x70, fifo0: 0xb0, fifo1: 0x188, events: 0x260 },
  ...{ transmit: 0x278, bytes: 0x350, elementBytes: 72, eventBytes: 8 },
} as const
