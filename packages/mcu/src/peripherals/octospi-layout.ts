/**
 * Registers of OCTOSPI. RM0456, chapter "Octo-SPI interface (OCTOSPI)", section "OCTOSPI registers".
 */
import { partly, reg, ro, rw, tagged, wo } from '../registers.ts'

const communication = (offset: number) =>
  reg(offset, {
    ...{ IMODE: rw(0, 3), IDTR: rw(3), ISIZE: rw(4, 2), ADMODE: rw(8, 3), ADDTR: rw(11) },
    ...{ ADSIZE: rw(12, 2), ABMODE: rw(16, 3), ABDTR: rw(19), ABSIZE: rw(20, 2), DMODE: rw(24, 3) },
    ...{ DDTR: rw(27), DQSE: rw(29), SIOO: rw(31) },
  })
/** For wrapped bursts, which a cache alone makes. */
const wrapCommunication = (offset: number) =>
  reg(offset, {
    ...{ IMODE: tagged(0, 3), IDTR: tagged(3), ISIZE: tagged(4, 2), ADMODE: tagged(8, 3) },
    ...{ ADDTR: tagged(11), ADSIZE: tagged(12, 2), ABMODE: tagged(16, 3), ABDTR: tagged(19) },
    ...{ ABSIZE: tagged(20, 2), DMODE: tagged(24, 3), DDTR: tagged(27), DQSE: tagged(29) },
  })
const word = (offset: number, name: string) => reg(offset, { [name]: rw(0, 32) })

export const octospiLayout = {
  CR: reg(0x00, {
    ...{ EN: rw(0), ABORT: wo(1), DMAEN: rw(2), TCEN: rw(3), DMM: tagged(6), FSEL: tagged(7) },
    ...{ FTHRES: rw(8, 5), TEIE: rw(16), TCIE: rw(17), FTIE: rw(18), SMIE: rw(19), TOIE: rw(20) },
    ...{ APMS: rw(22), PMM: rw(23), FMODE: rw(28, 2) },
  }),
  DCR1: reg(0x08, {
    ...{ CKMODE: rw(0), FRCK: tagged(1), DLYBYP: rw(3), CSHT: rw(8, 6), DEVSIZE: rw(16, 5) },
    ...{ MTYP: partly(24, 3, [0, 1, 2, 3]) },
  }),
  DCR2: reg(0x0c, { PRESCALER: rw(0, 8), WRAPSIZE: tagged(16, 3) }),
  DCR3: reg(0x10, { MAXTRAN: tagged(0, 8), CSBOUND: tagged(16, 5) }),
  DCR4: reg(0x14, { REFRESH: tagged(0, 32) }),
  SR: reg(0x20, {
    ...{
      TEF: ro(0),
      TCF: ro(1),
      FTF: ro(2),
      SMF: ro(3),
      TOF: ro(4),
      BUSY: ro(5),
      FLEVEL: ro(8, 6),
    },
  }),
  FCR: reg(0x24, { CTEF: wo(0), CTCF: wo(1), CSMF: wo(3), CTOF: wo(4) }),
  DLR: word(0x40, 'DL'),
  AR: word(0x48, 'ADDRESS'),
  DR: word(0x50, 'DATA'),
  PSMKR: word(0x80, 'MASK'),
  PSMAR: word(0x88, 'MATCH'),
  PIR: reg(0x90, { INTERVAL: rw(0, 16) }),
  CCR: communication(0x100),
  TCR: reg(0x108, { DCYC: rw(0, 5), DHQC: rw(28), SSHIFT: rw(30) }),
  IR: word(0x110, 'INSTRUCTION'),
  ABR: word(0x120, 'ALTERNATE'),
  LPTR: reg(0x130, { TIMEOUT: rw(0, 16) }),
  WPCCR: wrapCommunication(0x140),
  WPTCR: reg(0x148, { DCYC: tagged(0, 5), DHQC: tagged(28), SSHIFT: tagged(30) }),
  WPIR: reg(0x150, { INSTRUCTION: tagged(0, 32) }),
  WPABR: reg(0x160, { ALTERNATE: tagged(0, 32) }),
  WCCR: communication(0x180),
  WTCR: reg(0x188, { DCYC: rw(0, 5) }),
  WIR: word(0x190, 'INSTRUCTION'),
  WABR: word(0x1a0, 'ALTERNATE'),
  HLCR: reg(0x200, { LM: tagged(0), WZL: tagged(1), TACC: tagged(8, 8), TRWR: tagged(16, 8) }),
} as const
