/**
 * FLASH: registers of the flash interface as tables. RM0456, chapter "Embedded flash memory
 * (FLASH)"; option bytes at the values that ST ships the chip with (TrustZone off, nothing protected).
 */
import {
  type Field,
  partly,
  type RegisterFile,
  reg,
  ro,
  rw,
  tagged,
  w1c,
  w1s,
  wo,
} from '../registers.ts'

const key = (offset: number) => reg(offset, { KEY: wo(0, 32) })
const word = (offset: number, name: string, field: (bit: number, width: number) => Field) =>
  reg(offset, { [name]: field(0, 32) })
const NOWHERE = 0xff80_ffff
const pages = (offset: number, name: string, field: (bit: number, width: number) => Field) =>
  reg(offset, { [`${name}_PSTRT`]: field(0, 7), [`${name}_PEND`]: field(16, 7) }, NOWHERE)
const writeProtected = (offset: number) =>
  reg(offset, { PSTRT: rw(0, 7), PEND: rw(16, 7), UNLOCK: rw(31) }, NOWHERE)
const bootAddress = (offset: number, name: string, reset: number) =>
  reg(offset, { [name]: tagged(7, 25) }, reset)

/** What a power-up loads from flash and OPTSTRT writes there. */
const optionBytes = {
  OPTR: reg(
    0x40,
    {
      ...{ RDP: partly(0, 8, [0xaa]), BOR_LEV: tagged(8, 3), nRST_STOP: tagged(12) },
      ...{ nRST_STDBY: tagged(13), nRST_SHDW: tagged(14), SRAM_RST: tagged(15) },
      ...{ IWDG_SW: tagged(16), IWDG_STOP: tagged(17), IWDG_STDBY: tagged(18) },
      ...{ WWDG_SW: tagged(19), SWAP_BANK: tagged(20), DUALBANK: tagged(21) },
      ...{ BKPRAM_ECC: tagged(22), SRAM3_ECC: tagged(23), SRAM2_ECC: tagged(24) },
      ...{ SRAM2_RST: tagged(25), nSWBOOT0: tagged(26), nBOOT0: tagged(27) },
      ...{ PA15_PUPEN: rw(28), IO_VDD_HSLV: rw(29), IO_VDDIO2_HSLV: rw(30), TZEN: tagged(31) },
    },
    0x1fef_f8aa,
  ),
  NSBOOTADD0R: bootAddress(0x44, 'NSBOOTADD0', 0x0800_007f),
  NSBOOTADD1R: bootAddress(0x48, 'NSBOOTADD1', 0x0bf9_007f),
  SECBOOTADD0R: bootAddress(0x4c, 'SECBOOTADD0', 0x0c00_007c),
  SECWM1R1: pages(0x50, 'SECWM1', tagged),
  SECWM1R2: reg(0x54, { HDP1_PEND: tagged(16, 7), HDP1EN: tagged(31) }, 0x0f80_ffff),
  ...{ WRP1AR: writeProtected(0x58), WRP1BR: writeProtected(0x5c) },
  SECWM2R1: pages(0x60, 'SECWM2', tagged),
  SECWM2R2: reg(0x64, { HDP2_PEND: tagged(16, 7), HDP2EN: tagged(31) }, 0x0f80_ffff),
  ...{ WRP2AR: writeProtected(0x68), WRP2BR: writeProtected(0x6c) },
} as const

export type OptionRegister = keyof typeof optionBytes
export const optionRegisters = Object.keys(optionBytes) as readonly OptionRegister[]

const blocks = (base: number, prefix: string) =>
  Object.fromEntries(
    [1, 2, 3, 4].map((n) => [`${prefix}${n}`, word(base + 4 * (n - 1), 'BLOCKS', tagged)]),
  )

export const flashLayout = {
  ACR: reg(0x00, {
    ...{ LATENCY: rw(0, 4), PRFTEN: rw(8), LPM: rw(11), PDREQ1: tagged(12), PDREQ2: tagged(13) },
    SLEEP_PD: rw(14),
  }),
  ...{ NSKEYR: key(0x08), SECKEYR: key(0x0c), OPTKEYR: key(0x10) },
  ...{ PDKEY1R: key(0x18), PDKEY2R: key(0x1c) },
  NSSR: reg(0x20, {
    ...{ EOP: w1c(0), OPERR: w1c(1), PROGERR: w1c(3), WRPERR: w1c(4), PGAERR: w1c(5) },
    ...{ SIZERR: w1c(6), PGSERR: w1c(7), OPTWERR: w1c(13), BSY: ro(16), WDW: ro(17) },
    ...{ OEM1LOCK: ro(18), OEM2LOCK: ro(19), PD1: ro(20), PD2: ro(21) },
  }),
  SECSR: reg(0x24, {}),
  NSCR: reg(
    0x28,
    {
      ...{ PG: rw(0), PER: rw(1), MER1: rw(2), PNB: rw(3, 7), BKER: rw(11), BWR: rw(14) },
      ...{ MER2: rw(15), STRT: w1s(16), OPTSTRT: w1s(17), EOPIE: rw(24), ERRIE: rw(25) },
      ...{ OBL_LAUNCH: w1s(27), OPTLOCK: w1s(30), LOCK: w1s(31) },
    },
    0xc000_0000,
  ),
  SECCR: reg(0x2c, {}, 0x8000_0000),
  ECCR: reg(0x30, {
    ...{ ADDR_ECC: ro(0, 21), BK_ECC: ro(21), SYSF_ECC: ro(22), ECCIE: tagged(24) },
    ...{ ECCC: w1c(30), ECCD: w1c(31) },
  }),
  OPSR: reg(0x34, { ADDR_OP: ro(0, 21), BK_OP: ro(21), SYSF_OP: ro(22), CODE_OP: ro(29, 3) }),
  ...optionBytes,
  ...{ OEM1KEYR1: key(0x70), OEM1KEYR2: key(0x74), OEM2KEYR1: key(0x78), OEM2KEYR2: key(0x7c) },
  ...blocks(0x80, 'SECBB1R'),
  ...blocks(0xa0, 'SECBB2R'),
  SECHDPCR: reg(0xc0, { HDP1_ACCDIS: tagged(0), HDP2_ACCDIS: tagged(1) }),
  PRIVCFGR: reg(0xc4, { SPRIV: tagged(0), NSPRIV: tagged(1) }),
  ...blocks(0xd0, 'PRIVBB1R'),
  ...blocks(0xf0, 'PRIVBB2R'),
} as const

export type FlashRegisterFile = RegisterFile<typeof flashLayout>
