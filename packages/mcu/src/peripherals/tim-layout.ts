/**
 * Registers of the timers. RM0456, chapters "Advanced-control timers (TIM1/TIM8)", "General-purpose
 * timers (TIM2/TIM3/TIM4/TIM5)", "(TIM15/TIM16/TIM17)" and "Basic timers (TIM6/TIM7)". Instances
 * that lack a feature have its registers all the same; their bits do nothing.
 */
import { partly, reg, rw, tagged, w0c, wo } from '../registers.ts'

export const timLayout = {
  CR1: reg(0x00, {
    ...{ CEN: rw(0), UDIS: rw(1), URS: rw(2), OPM: rw(3), DIR: rw(4), CMS: rw(5, 2), ARPE: rw(7) },
    ...{ CKD: rw(8, 2), UIFREMAP: rw(11), DITHEN: tagged(12) },
  }),
  CR2: reg(0x04, {
    ...{ CCPC: tagged(0), CCUS: tagged(2), CCDS: rw(3), MMS: rw(4, 3), TI1S: tagged(7) },
    ...{ OIS1: rw(8), OIS1N: rw(9), OIS2: rw(10), OIS2N: rw(11), OIS3: rw(12), OIS3N: rw(13) },
    ...{ OIS4: rw(14), OIS4N: rw(15), OIS5: tagged(16), OIS6: tagged(18), MMS2: rw(20, 4) },
    MMS_3: tagged(25),
  }),
  SMCR: reg(0x08, {
    ...{ SMS: rw(0, 3), OCCS: tagged(3), TS: rw(4, 3), MSM: rw(7), ETF: rw(8, 4), ETPS: rw(12, 2) },
    ...{ ECE: rw(14), ETP: rw(15), SMS_3: rw(16), TS_HIGH: rw(20, 2), SMSPE: tagged(24) },
    SMSPS: tagged(25),
  }),
  DIER: reg(0x0c, {
    ...{ UIE: rw(0), CC1IE: rw(1), CC2IE: rw(2), CC3IE: rw(3), CC4IE: rw(4), COMIE: rw(5) },
    ...{ TIE: rw(6), BIE: rw(7), UDE: rw(8), CC1DE: rw(9), CC2DE: rw(10), CC3DE: rw(11) },
    ...{ CC4DE: rw(12), COMDE: rw(13), TDE: rw(14), IDXIE: tagged(20), DIRIE: tagged(21) },
    ...{ IERRIE: tagged(22), TERRIE: tagged(23) },
  }),
  SR: reg(0x10, {
    ...{ UIF: w0c(0), CC1IF: w0c(1), CC2IF: w0c(2), CC3IF: w0c(3), CC4IF: w0c(4), COMIF: w0c(5) },
    ...{ TIF: w0c(6), BIF: w0c(7), B2IF: w0c(8), CC1OF: w0c(9), CC2OF: w0c(10), CC3OF: w0c(11) },
    ...{ CC4OF: w0c(12), SBIF: w0c(13), CC5IF: w0c(16), CC6IF: w0c(17) },
  }),
  EGR: reg(0x14, {
    ...{ UG: wo(0), CC1G: wo(1), CC2G: wo(2), CC3G: wo(3), CC4G: wo(4), COMG: wo(5), TG: wo(6) },
    ...{ BG: wo(7), B2G: wo(8) },
  }),
  CCMR1: reg(0x18, {
    ...{ CC1S: rw(0, 2), OC1FE: rw(2), OC1PE: rw(3), OC1M: rw(4, 3), OC1CE: rw(7) },
    ...{ CC2S: rw(8, 2), OC2FE: rw(10), OC2PE: rw(11), OC2M: rw(12, 3), OC2CE: rw(15) },
    ...{ OC1M_3: tagged(16), OC2M_3: tagged(24) },
  }),
  CCMR2: reg(0x1c, {
    ...{ CC3S: rw(0, 2), OC3FE: rw(2), OC3PE: rw(3), OC3M: rw(4, 3), OC3CE: rw(7) },
    ...{ CC4S: rw(8, 2), OC4FE: rw(10), OC4PE: rw(11), OC4M: rw(12, 3), OC4CE: rw(15) },
    ...{ OC3M_3: tagged(16), OC4M_3: tagged(24) },
  }),
  CCER: reg(0x20, {
    ...{ CC1E: rw(0), CC1P: rw(1), CC1NE: rw(2), CC1NP: rw(3), CC2E: rw(4), CC2P: rw(5) },
    ...{ CC2NE: rw(6), CC2NP: rw(7), CC3E: rw(8), CC3P: rw(9), CC3NE: rw(10), CC3NP: rw(11) },
    ...{ CC4E: rw(12), CC4P: rw(13), CC4NE: rw(14), CC4NP: rw(15), CC5E: tagged(16) },
    ...{ CC5P: tagged(17), CC6E: tagged(20), CC6P: tagged(21) },
  }),
  CNT: reg(0x24, { CNT: rw(0, 32) }),
  PSC: reg(0x28, { PSC: rw(0, 16) }),
  ARR: reg(0x2c, { ARR: rw(0, 32) }, 0xffff),
  RCR: reg(0x30, { REP: rw(0, 16) }),
  CCR1: reg(0x34, { CCR1: rw(0, 32) }),
  CCR2: reg(0x38, { CCR2: rw(0, 32) }),
  CCR3: reg(0x3c, { CCR3: rw(0, 32) }),
  CCR4: reg(0x40, { CCR4: rw(0, 32) }),
  BDTR: reg(0x44, {
    ...{ DTG: rw(0, 8), LOCK: rw(8, 2), OSSI: rw(10), OSSR: rw(11), BKE: rw(12), BKP: rw(13) },
    ...{ AOE: rw(14), MOE: rw(15), BKF: rw(16, 4), BK2F: rw(20, 4), BK2E: rw(24), BK2P: rw(25) },
    ...{ BKDSRM: tagged(26), BK2DSRM: tagged(27), BKBID: tagged(28), BK2BID: tagged(29) },
  }),
  CCR5: reg(0x48, { CCR5: tagged(0, 16), GC5C1: tagged(29), GC5C2: tagged(30), GC5C3: tagged(31) }),
  CCR6: reg(0x4c, { CCR6: tagged(0, 16) }),
  CCMR3: reg(0x50, {
    OC5: tagged(2, 6),
    OC6: tagged(10, 6),
    OC5M_3: tagged(16),
    OC6M_3: tagged(24),
  }),
  DTR2: reg(0x54, { DTGF: tagged(0, 8), DTAE: tagged(16), DTPE: tagged(17) }),
  ECR: reg(0x58, { IE: tagged(0), IDIR: tagged(1, 2), FIDX: tagged(5), IPOS: tagged(6, 2) }),
  TISEL: reg(0x5c, {
    ...{ TI1SEL: partly(0, 4, [0]), TI2SEL: partly(8, 4, [0]), TI3SEL: partly(16, 4, [0]) },
    TI4SEL: partly(24, 4, [0]),
  }),
  AF1: reg(
    0x60,
    {
      ...{ BKINE: rw(0), BKCMP1E: rw(1), BKCMP2E: rw(2), BKDF1BK0E: tagged(8), BKINP: rw(9) },
      ...{ BKCMP1P: rw(10), BKCMP2P: rw(11), ETRSEL: partly(14, 4, [0]) },
    },
    1,
  ),
  AF2: reg(0x64, { BK2INE: rw(0), BK2CMP: tagged(1, 2), BK2INP: rw(9), OCRSEL: tagged(16, 3) }, 1),
  OR1: reg(0x68, { HSE32EN: tagged(0) }),
  DCR: reg(0x3dc, { DBA: rw(0, 5), DBL: rw(8, 5), DBSS: tagged(16, 4) }),
  DMAR: reg(0x3e0, { DMAB: rw(0, 32) }),
} as const

/** What an instance has. RM0456, "TIM features". */
export interface TimShape {
  readonly bits: 16 | 32
  readonly channels: number
  /** Channels with a complementary output. */
  readonly complementary: number
  /** Break, main output enable, repetition counter. */
  readonly hasBreak: boolean
  /** BRK, UP, TRG_COM and CC have lines of their own. */
  readonly hasFourLines: boolean
}

/** What the instances have. */
export const timShapes = {
  advanced: { bits: 16, channels: 4, complementary: 4, hasBreak: true, hasFourLines: true },
  general: { bits: 32, channels: 4, complementary: 0, hasBreak: false, hasFourLines: false },
  small: (channels: number): TimShape => ({
    ...{ bits: 16, channels, complementary: 1, hasBreak: true, hasFourLines: false },
  }),
  basic: { bits: 16, channels: 0, complementary: 0, hasBreak: false, hasFourLines: false },
} as const
