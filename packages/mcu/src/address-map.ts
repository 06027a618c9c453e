/**
 * Every peripheral of the STM32U585: base address (non-secure alias), size, the RCC bit that gives
 * it a clock, its register set, and whether the kernel keeps it. RM0456, "Memory map and register
 * boundary addresses" and "RCC register map"; register names as in the chapters, which agree with
 * ST's CMSIS header stm32u585xx.h.
 *
 * `kernel: true` marks what a non-secure access may not touch: the list that the platform's guides
 * give (GTZC, RCC, RNG, TIM5, USB OTG FS, the interface of the external flash, the internal flash
 * interface, backup SRAM). RTC is shared: only its secure half is the kernel's.
 */
import type { rccLayout } from './peripherals/rcc-layout.ts'

export interface PeripheralPlace {
  readonly name: string
  readonly base: number
  readonly size: number
  /** Register of RCC and bit that clock the bus interface; undefined: always clocked. */
  readonly clock: readonly [keyof typeof rccLayout, number] | undefined
  /** Memory of a peripheral, without registers. */
  readonly isMemory: boolean
  /** Key of `registerSets`; undefined where the model's own layout names the registers. */
  readonly set: keyof typeof registerSets | undefined
  readonly kernel: boolean
}

interface Options {
  readonly set?: keyof typeof registerSets
  readonly isMemory?: boolean
  readonly size?: number
  readonly clock?: readonly [keyof typeof rccLayout, number]
  readonly kernel?: boolean
}

const at = (name: string, base: number, options: Options = {}): PeripheralPlace => ({
  name,
  base,
  size: options.size ?? 0x400,
  clock: options.clock,
  set: options.set,
  isMemory: options.isMemory ?? false,
  kernel: options.kernel ?? false,
})

export const DBGMCU_BASE = 0xe004_4000
export const DBGMCU_BYTES = 0x1000

const GTZC1 = ['AHB1ENR', 24] as const
const GTZC2 = ['AHB3ENR', 12] as const

export const peripheralPlaces: readonly PeripheralPlace[] = [
  at('TIM2', 0x4000_0000, { set: 'TIM', clock: ['APB1ENR1', 0] }),
  at('TIM3', 0x4000_0400, { set: 'TIM', clock: ['APB1ENR1', 1] }),
  at('TIM4', 0x4000_0800, { set: 'TIM', clock: ['APB1ENR1', 2] }),
  at('TIM5', 0x4000_0c00, { set: 'TIM', clock: ['APB1ENR1', 3], kernel: true }),
  at('TIM6', 0x4000_1000, { set: 'TIM', clock: ['APB1ENR1', 4] }),
  at('TIM7', 0x4000_1400, { set: 'TIM', clock: ['APB1ENR1', 5] }),
  at('WWDG', 0x4000_2c00, { set: 'WWDG', clock: ['APB1ENR1', 11] }),
  at('IWDG', 0x4000_3000, { set: 'IWDG' }),
  at('SPI2', 0x4000_3800, { clock: ['APB1ENR1', 14] }),
  at('USART2', 0x4000_4400, { clock: ['APB1ENR1', 17] }),
  at('USART3', 0x4000_4800, { clock: ['APB1ENR1', 18] }),
  at('UART4', 0x4000_4c00, { clock: ['APB1ENR1', 19] }),
  at('UART5', 0x4000_5000, { clock: ['APB1ENR1', 20] }),
  at('I2C1', 0x4000_5400, { clock: ['APB1ENR1', 21] }),
  at('I2C2', 0x4000_5800, { clock: ['APB1ENR1', 22] }),
  at('CRS', 0x4000_6000, { clock: ['APB1ENR1', 24] }),
  at('I2C4', 0x4000_8400, { clock: ['APB1ENR2', 1] }),
  at('LPTIM2', 0x4000_9400, { set: 'LPTIM', clock: ['APB1ENR2', 5] }),
  at('FDCAN1', 0x4000_a400, { clock: ['APB1ENR2', 9] }),
  at('SRAMCAN', 0x4000_ac00, { size: 0x800, clock: ['APB1ENR2', 9], isMemory: true }),
  at('UCPD1', 0x4000_dc00, { set: 'UCPD', clock: ['APB1ENR2', 23] }),

  at('TIM1', 0x4001_2c00, { set: 'TIM', clock: ['APB2ENR', 11] }),
  at('SPI1', 0x4001_3000, { clock: ['APB2ENR', 12] }),
  at('TIM8', 0x4001_3400, { set: 'TIM', clock: ['APB2ENR', 13] }),
  at('USART1', 0x4001_3800, { clock: ['APB2ENR', 14] }),
  at('TIM15', 0x4001_4000, { set: 'TIM', clock: ['APB2ENR', 16] }),
  at('TIM16', 0x4001_4400, { set: 'TIM', clock: ['APB2ENR', 17] }),
  at('TIM17', 0x4001_4800, { set: 'TIM', clock: ['APB2ENR', 18] }),
  at('SAI1', 0x4001_5400, { clock: ['APB2ENR', 21] }),
  at('SAI2', 0x4001_5800, { clock: ['APB2ENR', 22] }),

  at('GPDMA1', 0x4002_0000, { set: 'GPDMA', size: 0x1000, clock: ['AHB1ENR', 0] }),
  at('CORDIC', 0x4002_1000, { clock: ['AHB1ENR', 1] }),
  at('FMAC', 0x4002_1400, { clock: ['AHB1ENR', 2] }),
  at('FLASH', 0x4002_2000, { clock: ['AHB1ENR', 8], kernel: true }),
  at('CRC', 0x4002_3000, { clock: ['AHB1ENR', 12] }),
  at('TSC', 0x4002_4000, { clock: ['AHB1ENR', 16] }),
  at('MDF1', 0x4002_5000, { set: 'MDF', size: 0x1000, clock: ['AHB1ENR', 3] }),
  at('RAMCFG', 0x4002_6000, { size: 0x1000, clock: ['AHB1ENR', 17] }),
  at('DMA2D', 0x4002_b000, { size: 0xc00, clock: ['AHB1ENR', 18] }),
  at('ICACHE', 0x4003_0400),
  at('DCACHE1', 0x4003_1400, { clock: ['AHB1ENR', 30] }),
  at('GTZC1_TZSC', 0x4003_2400, { set: 'TZSC', clock: GTZC1, kernel: true }),
  at('GTZC1_TZIC', 0x4003_2800, { set: 'TZIC', clock: GTZC1, kernel: true }),
  at('GTZC1_MPCBB1', 0x4003_2c00, { set: 'MPCBB', clock: GTZC1, kernel: true }),
  at('GTZC1_MPCBB2', 0x4003_3000, { set: 'MPCBB', clock: GTZC1, kernel: true }),
  at('GTZC1_MPCBB3', 0x4003_3400, { set: 'MPCBB', clock: GTZC1, kernel: true }),
  at('BKPSRAM', 0x4003_6400, {
    ...{ size: 0x800, clock: ['AHB1ENR', 28], kernel: true, isMemory: true },
  }),

  at('GPIOA', 0x4202_0000, { clock: ['AHB2ENR1', 0] }),
  at('GPIOB', 0x4202_0400, { clock: ['AHB2ENR1', 1] }),
  at('GPIOC', 0x4202_0800, { clock: ['AHB2ENR1', 2] }),
  at('GPIOD', 0x4202_0c00, { clock: ['AHB2ENR1', 3] }),
  at('GPIOE', 0x4202_1000, { clock: ['AHB2ENR1', 4] }),
  at('GPIOF', 0x4202_1400, { clock: ['AHB2ENR1', 5] }),
  at('GPIOG', 0x4202_1800, { clock: ['AHB2ENR1', 6] }),
  at('GPIOH', 0x4202_1c00, { clock: ['AHB2ENR1', 7] }),
  at('GPIOI', 0x4202_2000, { clock: ['AHB2ENR1', 8] }),
  at('ADC1', 0x4202_8000, { clock: ['AHB2ENR1', 10] }),
  at('DCMI', 0x4202_c000, { set: 'DCMI', clock: ['AHB2ENR1', 12] }),
  at('PSSI', 0x4202_c400, { set: 'PSSI', clock: ['AHB2ENR1', 12] }),
  at('OTG_FS', 0x4204_0000, { size: 0x4_0000, clock: ['AHB2ENR1', 14], kernel: true }),
  at('AES', 0x420c_0000, { clock: ['AHB2ENR1', 16] }),
  at('HASH', 0x420c_0400, { clock: ['AHB2ENR1', 17] }),
  at('RNG', 0x420c_0800, { clock: ['AHB2ENR1', 18], kernel: true }),
  at('SAES', 0x420c_0c00, { set: 'AES', clock: ['AHB2ENR1', 20], kernel: true }),
  at('PKA', 0x420c_2000, { size: 0x2000, clock: ['AHB2ENR1', 19] }),
  at('OCTOSPIM', 0x420c_4000, { clock: ['AHB2ENR1', 21], kernel: true }),
  at('OTFDEC1', 0x420c_5000, { set: 'OTFDEC', clock: ['AHB2ENR1', 23] }),
  at('OTFDEC2', 0x420c_5400, { set: 'OTFDEC', clock: ['AHB2ENR1', 24] }),
  at('SDMMC1', 0x420c_8000, { clock: ['AHB2ENR1', 27] }),
  at('DLYBSD1', 0x420c_8400, { clock: ['AHB2ENR1', 27] }),
  at('DLYBSD2', 0x420c_8800, { clock: ['AHB2ENR1', 28] }),
  at('SDMMC2', 0x420c_8c00, { clock: ['AHB2ENR1', 28] }),
  at('DLYBOS1', 0x420c_f000, { clock: ['AHB2ENR2', 4], kernel: true }),
  at('DLYBOS2', 0x420c_f400, { clock: ['AHB2ENR2', 8] }),
  at('FMC', 0x420d_0400, { set: 'FMC', clock: ['AHB2ENR2', 0] }),
  at('OCTOSPI1', 0x420d_1400, { clock: ['AHB2ENR2', 4], kernel: true }),
  at('OCTOSPI2', 0x420d_2400, { clock: ['AHB2ENR2', 8] }),

  at('SYSCFG', 0x4600_0400, { set: 'SYSCFG', clock: ['APB3ENR', 1] }),
  at('SPI3', 0x4600_2000, { clock: ['APB3ENR', 5] }),
  at('LPUART1', 0x4600_2400, { clock: ['APB3ENR', 6] }),
  at('I2C3', 0x4600_2800, { clock: ['APB3ENR', 7] }),
  at('LPTIM1', 0x4600_4400, { set: 'LPTIM', clock: ['APB3ENR', 11] }),
  at('LPTIM3', 0x4600_4800, { set: 'LPTIM', clock: ['APB3ENR', 12] }),
  at('LPTIM4', 0x4600_4c00, { set: 'LPTIM', clock: ['APB3ENR', 13] }),
  at('OPAMP', 0x4600_5000, { clock: ['APB3ENR', 14] }),
  at('COMP', 0x4600_5400, { clock: ['APB3ENR', 15] }),
  at('VREFBUF', 0x4600_7400, { clock: ['APB3ENR', 20] }),
  at('RTC', 0x4600_7800, { set: 'RTC', clock: ['APB3ENR', 21] }),
  at('TAMP', 0x4600_7c00, { set: 'TAMP', clock: ['APB3ENR', 21] }),

  at('LPGPIO1', 0x4602_0000, { set: 'LPGPIO', clock: ['AHB3ENR', 0] }),
  at('PWR', 0x4602_0800, { clock: ['AHB3ENR', 2] }),
  at('RCC', 0x4602_0c00, { kernel: true }),
  at('ADC4', 0x4602_1000, { clock: ['AHB3ENR', 5] }),
  at('DAC1', 0x4602_1800, { clock: ['AHB3ENR', 6] }),
  at('EXTI', 0x4602_2000, { set: 'EXTI' }),
  at('GTZC2_TZSC', 0x4602_3000, { set: 'TZSC', clock: GTZC2, kernel: true }),
  at('GTZC2_TZIC', 0x4602_3400, { set: 'TZIC', clock: GTZC2, kernel: true }),
  at('GTZC2_MPCBB4', 0x4602_3800, { set: 'MPCBB', clock: GTZC2, kernel: true }),
  at('ADF1', 0x4602_4000, { set: 'MDF', size: 0x1000, clock: ['AHB3ENR', 10] }),
  at('LPDMA1', 0x4602_5000, { set: 'LPDMA', size: 0x1000, clock: ['AHB3ENR', 9] }),

  // On the private peripheral bus.
  at('DBGMCU', DBGMCU_BASE, { size: DBGMCU_BYTES }),
]

/**
 * Register names by word, from offset 0. `-` is a hole, `-N` is N holes, `NAME:A-B` numbers a row
 * of registers from A to B, `@N` goes on at offset N.
 */
const dmaChannels = (count: number) =>
  Array.from(
    { length: count },
    (_, n) =>
      `@${0x50 + n * 0x80} C${n}LBAR -2 C${n}FCR C${n}SR C${n}CR -10 C${n}TR1 C${n}TR2 C${n}BR1 ` +
      `C${n}SAR C${n}DAR C${n}TR3 C${n}BR2 -8 C${n}LLR`,
  ).join(' ')

const DMA = 'SECCFGR PRIVCFGR RCFGLOCKR MISR SMISR'

const filters = (count: number) =>
  Array.from(
    { length: count },
    (_, n) =>
      `@${0x80 + n * 0x80} SITF${n}CR BSMX${n}CR DFLT${n}CR DFLT${n}CICR DFLT${n}RSFR ` +
      `DFLT${n}INTR OLD${n}CR OLD${n}THLR OLD${n}THHR DLY${n}CR SCD${n}CR DFLT${n}IER ` +
      `DFLT${n}ISR OEC${n}CR SAD${n}CR SAD${n}CFGR SAD${n}SDLVR SAD${n}ANLVR -9 SNPS${n}DR DFLT${n}DR`,
  ).join(' ')

const regions = [1, 2, 3, 4]
  .map((n) => {
    const keys = `R${n}NONCER0 R${n}NONCER1 R${n}KEYR0 R${n}KEYR1 R${n}KEYR2 R${n}KEYR3`
    return `@${0x20 + (n - 1) * 0x30} R${n}CFGR R${n}STARTADDR R${n}ENDADDR ${keys}`
  })
  .join(' ')

export const registerSets = {
  none: '',
  AES:
    'CR SR DINR DOUTR KEYR0 KEYR1 KEYR2 KEYR3 IVR0 IVR1 IVR2 IVR3 KEYR4 KEYR5 KEYR6 KEYR7 ' +
    'SUSPR:0-7 @768 IER ISR ICR',
  DCMI: 'CR SR RIS IER MIS ICR ESCR ESUR CWSTRT CWSIZE DR',
  EXTI: 'RTSR1 FTSR1 SWIER1 RPR1 FPR1 SECCFGR1 PRIVCFGR1 @96 EXTICR:1-4 LOCKR -3 IMR1 EMR1',
  FMC:
    'BCR1 BTR1 BCR2 BTR2 BCR3 BTR3 BCR4 BTR4 PCSCNTR @128 PCR SR PMEM PATT - ECCR @260 BWTR1 - ' +
    'BWTR2 - BWTR3 - BWTR4',
  GPDMA: `${DMA} ${dmaChannels(16)}`,
  IWDG: 'KR PR RLR SR WINR EWCR',
  LPDMA: `${DMA} ${dmaChannels(4)}`,
  LPGPIO: 'MODER -3 IDR ODR BSRR -3 BRR',
  LPTIM: 'ISR ICR DIER CFGR CR CCR1 ARR CNT - CFGR2 RCR CCMR1 - CCR2',
  MDF: `GCR CKGCR -6 OR ${filters(6)}`,
  MPCBB: 'CR -3 CFGLOCKR1 @256 SECCFGR:0-31 @512 PRIVCFGR:0-31',
  OTFDEC: `CR -3 PRIVCFGR ${regions} @768 ISR ICR IER`,
  PSSI: 'CR SR RIS IER MIS ICR @40 DR',
  RTC:
    'TR DR SSR ICSR PRER WUTR CR PRIVCFGR SECCFGR WPR CALR SHIFTR TSTR TSDR TSSSR - ALRMAR ' +
    'ALRMASSR ALRMBR ALRMBSSR SR MISR SMISR SCR @112 ALRABINR ALRBBINR',
  SYSCFG: 'SECCFGR CFGR1 FPUIMR CNSLCKR CSLCKR CFGR2 MESR CCCSR CCVR CCCR - RSSCMDR',
  TAMP:
    'CR1 CR2 CR3 FLTCR ATCR1 ATSEEDR ATOR ATCR2 SECCFGR PRIVCFGR - IER SR MISR SMISR SCR COUNTR ' +
    '@84 ERCFGR @256 BKPR:0-31',
  TIM:
    'CR1 CR2 SMCR DIER SR EGR CCMR1 CCMR2 CCER CNT PSC ARR RCR CCR1 CCR2 CCR3 CCR4 BDTR CCR5 CCR6 ' +
    'CCMR3 DTR2 ECR TISEL AF1 AF2 OR1 @988 DCR DMAR',
  TZIC: 'IER:1-4 SR:1-4 FCR:1-4',
  TZSC:
    'CR -3 SECCFGR:1-3 - PRIVCFGR:1-3 @64 MPCWM1ACFGR MPCWM1AR MPCWM1BCFGR MPCWM1BR MPCWM2ACFGR ' +
    'MPCWM2AR MPCWM2BCFGR MPCWM2BR MPCWM3ACFGR MPCWM3AR -2 MPCWM4ACFGR MPCWM4AR -2 MPCWM5ACFGR ' +
    'MPCWM5AR MPCWM5BCFGR MPCWM5BR',
  UCPD:
    'CFGR1 CFGR2 CFGR3 CR IMR SR ICR TX_ORDSETR TX_PAYSZR TXDR RX_ORDSETR RX_PAYSZR RXDR ' +
    'RX_ORDEXTR1 RX_ORDEXTR2',
  WWDG: 'CR CFR SR',
} as const

/** Register names by word index. */
export function registerNames(set: keyof typeof registerSets): readonly (string | undefined)[] {
  const names: (string | undefined)[] = []
  let word = 0
  for (const token of registerSets[set].split(' ')) {
    const row = /^(\w+):(\d+)-(\d+)$/.exec(token)
    if (token === '') continue
    if (token.startsWith('@')) word = Number(token.slice(1)) / 4
    else if (token.startsWith('-')) word += Number(token.slice(1) || 1)
    else if (row === null) names[word++] = token
    else for (let n = Number(row[2]); n <= Number(row[3]); n++) names[word++] = `${row[1]}${n}`
  }
  return names
}
