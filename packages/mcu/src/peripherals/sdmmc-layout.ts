/** Registers of SDMMC. RM0456, chapter "Secure digital input/output MultiMediaCard interface". */
import { partly, reg, ro, rw, tagged, wo } from '../registers.ts'

const word = (offset: number, name: string) => reg(offset, { [name]: ro(0, 32) })

export const sdmmcLayout = {
  POWER: reg(0x00, { PWRCTRL: rw(0, 2), VSWITCH: tagged(2), VSWITCHEN: tagged(3), DIRPOL: rw(4) }),
  CLKCR: reg(0x04, {
    ...{ CLKDIV: rw(0, 10), PWRSAV: rw(12), WIDBUS: rw(14, 2), NEGEDGE: rw(16), HWFC_EN: rw(17) },
    ...{ DDR: rw(18), BUSSPEED: rw(19), SELCLKRX: rw(20, 2) },
  }),
  ARGR: reg(0x08, { CMDARG: rw(0, 32) }),
  CMDR: reg(0x0c, {
    ...{ CMDINDEX: rw(0, 6), CMDTRANS: rw(6), CMDSTOP: rw(7), WAITRESP: rw(8, 2) },
    ...{ WAITINT: tagged(10), WAITPEND: tagged(11), CPSMEN: rw(12), DTHOLD: tagged(13) },
    ...{ BOOTMODE: tagged(14), BOOTEN: tagged(15), CMDSUSPEND: tagged(16) },
  }),
  RESPCMDR: reg(0x10, { RESPCMD: ro(0, 6) }),
  ...{ RESP1R: word(0x14, 'CARDSTATUS1'), RESP2R: word(0x18, 'CARDSTATUS2') },
  ...{ RESP3R: word(0x1c, 'CARDSTATUS3'), RESP4R: word(0x20, 'CARDSTATUS4') },
  DTIMER: reg(0x24, { DATATIME: rw(0, 32) }),
  DLENR: reg(0x28, { DATALENGTH: rw(0, 25) }),
  DCTRL: reg(0x2c, {
    ...{ DTEN: rw(0), DTDIR: rw(1), DTMODE: partly(2, 2, [0, 3]), DBLOCKSIZE: rw(4, 4) },
    ...{ RWSTART: tagged(8), RWSTOP: tagged(9), RWMOD: tagged(10), SDIOEN: tagged(11) },
    ...{ BOOTACKEN: tagged(12), FIFORST: rw(13) },
  }),
  DCNTR: reg(0x30, { DATACOUNT: ro(0, 25) }),
  STAR: reg(0x34, {
    ...{ CCRCFAIL: ro(0), DCRCFAIL: ro(1), CTIMEOUT: ro(2), DTIMEOUT: ro(3), TXUNDERR: ro(4) },
    ...{ RXOVERR: ro(5), CMDREND: ro(6), CMDSENT: ro(7), DATAEND: ro(8), DHOLD: ro(9) },
    ...{ DBCKEND: ro(10), DABORT: ro(11), DPSMACT: ro(12), CPSMACT: ro(13), TXFIFOHE: ro(14) },
    ...{ RXFIFOHF: ro(15), TXFIFOF: ro(16), RXFIFOF: ro(17), TXFIFOE: ro(18), RXFIFOE: ro(19) },
    ...{ BUSYD0: ro(20), BUSYD0END: ro(21), SDIOIT: ro(22), ACKFAIL: ro(23), ACKTIMEOUT: ro(24) },
    ...{ VSWEND: ro(25), CKSTOP: ro(26), IDMATE: ro(27), IDMABTC: ro(28) },
  }),
  ICR: reg(0x38, {
    ...{ CCRCFAILC: wo(0), DCRCFAILC: wo(1), CTIMEOUTC: wo(2), DTIMEOUTC: wo(3), TXUNDERRC: wo(4) },
    ...{ RXOVERRC: wo(5), CMDRENDC: wo(6), CMDSENTC: wo(7), DATAENDC: wo(8), DHOLDC: wo(9) },
    ...{ DBCKENDC: wo(10), DABORTC: wo(11), BUSYD0ENDC: wo(21), SDIOITC: wo(22), ACKFAILC: wo(23) },
    ...{ ACKTIMEOUTC: wo(24), VSWENDC: wo(25), CKSTOPC: wo(26), IDMATEC: wo(27), IDMABTCC: wo(28) },
  }),
  MASKR: reg(0x3c, {
    ...{ CCRCFAILIE: rw(0), DCRCFAILIE: rw(1), CTIMEOUTIE: rw(2), DTIMEOUTIE: rw(3) },
    ...{ TXUNDERRIE: rw(4), RXOVERRIE: rw(5), CMDRENDIE: rw(6), CMDSENTIE: rw(7) },
    ...{ DATAENDIE: rw(8), DHOLDIE: rw(9), DBCKENDIE: rw(10), DABORTIE: rw(11) },
    ...{ TXFIFOHEIE: rw(14), RXFIFOHFIE: rw(15), RXFIFOFIE: rw(17), TXFIFOEIE: rw(18) },
    ...{ BUSYD0ENDIE: rw(21), SDIOITIE: rw(22), ACKFAILIE: rw(23), ACKTIMEOUTIE: rw(24) },
    ...{ VSWENDIE: rw(25), CKSTOPIE: rw(26), IDMABTCIE: rw(28) },
  }),
  ACKTIMER: reg(0x40, { ACKTIME: tagged(0, 25) }),
  IDMACTRLR: reg(0x50, { IDMAEN: rw(0), IDMABMODE: rw(1) }),
  IDMABSIZER: reg(0x54, { IDMABNDT: rw(5, 12) }),
  IDMABASER: reg(0x58, { IDMABASE: rw(0, 32) }),
  IDMALAR: reg(0x64, { IDMALA: rw(2, 14), ABR: rw(29), ULS: rw(30), ULA: rw(31) }),
  IDMABAR: reg(0x68, { IDMABA: rw(2, 30) }),
  FIFOR: reg(0x80, { FIFODATA: rw(0, 32) }),
} as const
