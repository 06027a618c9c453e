/** Registers of SAI. RM0456, chapter "Serial audio interface (SAI)", section "SAI registers". */
import { partly, reg, ro, rw, tagged, wo } from '../registers.ts'

const sai = {
  control1: (offset: number) =>
    reg(
      offset,
      {
        ...{
          MODE: rw(0, 2),
          PRTCFG: partly(2, 2, [0]),
          DS: rw(5, 3),
          LSBFIRST: rw(8),
          CKSTR: rw(9),
        },
        ...{ SYNCEN: partly(10, 2, [0, 1]), MONO: rw(12), OUTDRIV: rw(13), SAIEN: rw(16) },
        ...{ DMAEN: rw(17), NODIV: rw(19), MCKDIV: rw(20, 6), OSR: rw(26), MCKEN: rw(27) },
      },
      0x40,
    ),
  control2: (offset: number) =>
    reg(offset, {
      ...{
        FTH: rw(0, 3),
        FFLUSH: wo(3),
        TRIS: rw(4),
        MUTE: rw(5),
        MUTEVAL: rw(6),
        MUTECNT: rw(7, 6),
      },
      ...{ CPL: tagged(13), COMP: tagged(14, 2) },
    }),
  frame: (offset: number) =>
    reg(
      offset,
      { FRL: rw(0, 8), FSALL: rw(8, 7), FSDEF: rw(16), FSPOL: rw(17), FSOFF: rw(18) },
      0x7,
    ),
  slot: (offset: number) =>
    reg(offset, { FBOFF: rw(0, 5), SLOTSZ: rw(6, 2), NBSLOT: rw(8, 4), SLOTEN: rw(16, 16) }),
  mask: (offset: number) =>
    reg(offset, {
      ...{ OVRUDRIE: rw(0), MUTEDETIE: rw(1), WCKCFGIE: rw(2), FREQIE: rw(3), CNRDYIE: rw(4) },
      ...{ AFSDETIE: rw(5), LFSDETIE: rw(6) },
    }),
  status: (offset: number) =>
    reg(
      offset,
      {
        ...{ OVRUDR: ro(0), MUTEDET: ro(1), WCKCFG: ro(2), FREQ: ro(3), CNRDY: ro(4) },
        ...{ AFSDET: ro(5), LFSDET: ro(6), FLVL: ro(16, 3) },
      },
      0x8,
    ),
  clear: (offset: number) =>
    reg(offset, {
      ...{ COVRUDR: wo(0), CMUTEDET: wo(1), CWCKCFG: wo(2), CCNRDY: wo(4), CAFSDET: wo(5) },
      CLFSDET: wo(6),
    }),
  data: (offset: number) => reg(offset, { DATA: rw(0, 32) }),
} as const

const block = (base: number) => ({
  CR1: sai.control1(base),
  CR2: sai.control2(base + 4),
  FRCR: sai.frame(base + 8),
  SLOTR: sai.slot(base + 12),
  IM: sai.mask(base + 16),
  SR: sai.status(base + 20),
  CLRFR: sai.clear(base + 24),
  DR: sai.data(base + 28),
})
const [a, b] = [block(0x04), block(0x24)]

export const saiLayout = {
  GCR: reg(0x00, { SYNCIN: tagged(0, 2), SYNCOUT: tagged(4, 2) }),
  ...{ ACR1: a.CR1, ACR2: a.CR2, AFRCR: a.FRCR, ASLOTR: a.SLOTR, AIM: a.IM, ASR: a.SR },
  ...{ ACLRFR: a.CLRFR, ADR: a.DR, BCR1: b.CR1, BCR2: b.CR2, BFRCR: b.FRCR, BSLOTR: b.SLOTR },
  ...{ BIM: b.IM, BSR: b.SR, BCLRFR: b.CLRFR, BDR: b.DR },
  PDMCR: reg(0x44, {
    ...{ PDMEN: tagged(0), MICNBR: tagged(4, 2), CKEN1: tagged(8), CKEN2: tagged(9) },
    ...{ CKEN3: tagged(10), CKEN4: tagged(11) },
  }),
  PDMDLY: reg(0x48, {
    ...{ DLYM1L: tagged(0, 3), DLYM1R: tagged(4, 3), DLYM2L: tagged(8, 3), DLYM2R: tagged(12, 3) },
    ...{
      DLYM3L: tagged(16, 3),
      DLYM3R: tagged(20, 3),
      DLYM4L: tagged(24, 3),
      DLYM4R: tagged(28, 3),
    },
  }),
} as const
