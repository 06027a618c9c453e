/**
 * Registers of GPDMA and LPDMA. RM0456, chapters "General purpose direct memory access controller
 * (GPDMA)" and "Low-power direct memory access controller (LPDMA)".
 */
import { each, type Layout, noCell, type RegisterFile, reg, ro, rw, wo } from '../registers.ts'

export interface DmaShape {
  readonly channels: number
  /** Channels from this one on repeat blocks and jump between them (2D addressing). */
  readonly first2d: number
  /** Bursts, two ports, byte exchanges and a request from the destination. */
  readonly isGeneral: boolean
}

const flags = (field: (bit: number) => ReturnType<typeof rw>) => ({
  ...{ TCF: field(8), HTF: field(9), DTEF: field(10), ULEF: field(11), USEF: field(12) },
  ...{ SUSPF: field(13), TOF: field(14) },
})

const control = reg(0, {
  ...{ EN: rw(0), RESET: wo(1), SUSP: rw(2), TCIE: rw(8), HTIE: rw(9), DTEIE: rw(10) },
  ...{ ULEIE: rw(11), USEIE: rw(12), SUSPIE: rw(13), TOIE: rw(14), LSM: rw(16), LAP: rw(17) },
  PRIO: rw(22, 2),
}).fields

const transfer1 = {
  ...{ SDW_LOG2: rw(0, 2), SINC: rw(3), PAM: rw(11, 2), SSEC: rw(15) },
  ...{ DDW_LOG2: rw(16, 2), DINC: rw(19), DSEC: rw(31) },
}
const bursts = {
  ...{ SBL_1: rw(4, 6), SBX: rw(13), SAP: rw(14), DBL_1: rw(20, 6), DBX: rw(26) },
  ...{ DHX: rw(27), DAP: rw(30) },
}
const transfer2 = {
  ...{ REQSEL: rw(0, 7), SWREQ: rw(9), BREQ: rw(11), TRIGM: rw(14, 2), TRIGSEL: rw(16, 7) },
  ...{ TRIGPOL: rw(24, 2), TCEM: rw(30, 2) },
}
const updates = {
  ...{ LA: rw(2, 14), ULL: rw(16), UDA: rw(27), USA: rw(28), UB1: rw(29), UT2: rw(30) },
  UT1: rw(31),
}
const repeats = {
  ...{ BRC: rw(16, 11), SDEC: rw(28), DDEC: rw(29), BRSDEC: rw(30), BRDDEC: rw(31) },
}

/** The names of a channel's registers. */
export function channelNames(channel: number) {
  const name = <Suffix extends string>(suffix: Suffix) => `C${channel}${suffix}`
  return {
    ...{ LBAR: name('LBAR'), FCR: name('FCR'), SR: name('SR'), CR: name('CR') },
    ...{ TR1: name('TR1'), TR2: name('TR2'), BR1: name('BR1'), SAR: name('SAR') },
    ...{ DAR: name('DAR'), TR3: name('TR3'), BR2: name('BR2'), LLR: name('LLR') },
  }
}

/** The fields of a channel; those that it lacks read as zero. */
export function channelCells(registers: RegisterFile<Layout>, channel: number) {
  const n = channelNames(channel)
  const cell = (name: string, field?: string) => {
    const found = registers.layout[name]
    const isThere = found !== undefined && (field === undefined || field in found.fields)
    return isThere ? registers.cell(name, field) : noCell
  }
  return {
    ...{ CR: cell(n.CR), EN: cell(n.CR, 'EN'), SUSP: cell(n.CR, 'SUSP'), LSM: cell(n.CR, 'LSM') },
    ...{ PRIO: cell(n.CR, 'PRIO'), SR: cell(n.SR), IDLEF: cell(n.SR, 'IDLEF') },
    ...{ TCF: cell(n.SR, 'TCF'), HTF: cell(n.SR, 'HTF'), DTEF: cell(n.SR, 'DTEF') },
    ...{ ULEF: cell(n.SR, 'ULEF'), USEF: cell(n.SR, 'USEF'), SUSPF: cell(n.SR, 'SUSPF') },
    ...{ TOF: cell(n.SR, 'TOF'), SDW_LOG2: cell(n.TR1, 'SDW_LOG2'), SINC: cell(n.TR1, 'SINC') },
    ...{ PAM: cell(n.TR1, 'PAM'), SSEC: cell(n.TR1, 'SSEC'), DDW_LOG2: cell(n.TR1, 'DDW_LOG2') },
    ...{ DINC: cell(n.TR1, 'DINC'), DSEC: cell(n.TR1, 'DSEC'), SBL_1: cell(n.TR1, 'SBL_1') },
    ...{ SBX: cell(n.TR1, 'SBX'), DBL_1: cell(n.TR1, 'DBL_1'), DBX: cell(n.TR1, 'DBX') },
    ...{ DHX: cell(n.TR1, 'DHX'), REQSEL: cell(n.TR2, 'REQSEL'), SWREQ: cell(n.TR2, 'SWREQ') },
    ...{ DREQ: cell(n.TR2, 'DREQ'), BREQ: cell(n.TR2, 'BREQ'), TRIGM: cell(n.TR2, 'TRIGM') },
    ...{ TRIGSEL: cell(n.TR2, 'TRIGSEL'), TRIGPOL: cell(n.TR2, 'TRIGPOL') },
    ...{ TCEM: cell(n.TR2, 'TCEM'), BNDT: cell(n.BR1, 'BNDT'), BRC: cell(n.BR1, 'BRC') },
    ...{ SDEC: cell(n.BR1, 'SDEC'), DDEC: cell(n.BR1, 'DDEC'), BRSDEC: cell(n.BR1, 'BRSDEC') },
    ...{
      BRDDEC: cell(n.BR1, 'BRDDEC'),
      SA: cell(n.SAR),
      DA: cell(n.DAR),
      LBA: cell(n.LBAR, 'LBA'),
    },
    ...{ SAO: cell(n.TR3, 'SAO'), DAO: cell(n.TR3, 'DAO'), BRSAO: cell(n.BR2, 'BRSAO') },
    ...{ BRDAO: cell(n.BR2, 'BRDAO'), LLR: cell(n.LLR), LA: cell(n.LLR, 'LA') },
  }
}

function channelLayout(channel: number, { first2d, isGeneral }: DmaShape): Layout {
  const base = 0x50 + channel * 0x80
  const is2d = channel >= first2d
  const n = channelNames(channel)
  return {
    [n.LBAR]: reg(base, { LBA: rw(16, 16) }),
    [n.FCR]: reg(base + 0x0c, flags(wo)),
    [n.SR]: reg(base + 0x10, { IDLEF: ro(0), ...flags(ro), FIFOL: ro(16, 8) }, 1),
    [n.CR]: reg(base + 0x14, control),
    [n.TR1]: reg(base + 0x40, { ...transfer1, ...(isGeneral ? bursts : {}) }),
    [n.TR2]: reg(base + 0x44, { ...transfer2, ...(isGeneral ? { DREQ: rw(10) } : {}) }),
    [n.BR1]: reg(base + 0x48, { BNDT: rw(0, 16), ...(is2d ? repeats : {}) }),
    [n.SAR]: reg(base + 0x4c, { SA: rw(0, 32) }),
    [n.DAR]: reg(base + 0x50, { DA: rw(0, 32) }),
    ...(is2d
      ? {
          [n.TR3]: reg(base + 0x54, { SAO: rw(0, 13), DAO: rw(16, 13) }),
          [n.BR2]: reg(base + 0x58, { BRSAO: rw(0, 16), BRDAO: rw(16, 16) }),
        }
      : {}),
    [n.LLR]: reg(base + 0x7c, { ...updates, ...(is2d ? { UT3: rw(26), UB2: rw(25) } : {}) }),
  }
}

export function dmaLayout(shape: DmaShape): Layout {
  const bits = (name: string, field: typeof rw) => each(name, shape.channels, 1, field)
  return {
    SECCFGR: reg(0x00, bits('SEC', rw)),
    PRIVCFGR: reg(0x04, bits('PRIV', rw)),
    RCFGLOCKR: reg(0x08, bits('LOCK', rw)),
    MISR: reg(0x0c, bits('MIS', ro)),
    SMISR: reg(0x10, bits('MIS', ro)),
    ...Object.assign(
      {},
      ...Array.from({ length: shape.channels }, (_, n) => channelLayout(n, shape)),
    ),
  }
}
