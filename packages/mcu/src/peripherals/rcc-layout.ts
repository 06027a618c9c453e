/**
 * RCC: its registers as tables. RM0456, chapter "Reset and clock control (RCC)".
 */
import { each, type Field, once, reg, ro, rw, tagged, wo } from '../registers.ts'

/** Bit of each peripheral in the enable, reset and sleep-mode enable registers of its bus. */
export const buses = {
  AHB1:
    'GPDMA1:0 CORDIC:1 FMAC:2 MDF1:3 FLASH:8 CRC:12 TSC:16 RAMCFG:17 DMA2D:18 GTZC1:24 ' +
    'BKPSRAM:28 ICACHE:29 DCACHE1:30 SRAM1:31',
  AHB2_1:
    'GPIOA:0 GPIOB:1 GPIOC:2 GPIOD:3 GPIOE:4 GPIOF:5 GPIOG:6 GPIOH:7 GPIOI:8 ADC1:10 ' +
    'DCMI_PSSI:12 OTG:14 AES:16 HASH:17 RNG:18 PKA:19 SAES:20 OCTOSPIM:21 OTFDEC1:23 ' +
    'OTFDEC2:24 SDMMC1:27 SDMMC2:28 SRAM2:30 SRAM3:31',
  AHB2_2: 'FSMC:0 OCTOSPI1:4 OCTOSPI2:8',
  AHB3: 'LPGPIO1:0 PWR:2 ADC4:5 DAC1:6 LPDMA1:9 ADF1:10 GTZC2:12 SRAM4:31',
  APB1_1:
    'TIM2:0 TIM3:1 TIM4:2 TIM5:3 TIM6:4 TIM7:5 WWDG:11 SPI2:14 USART2:17 USART3:18 UART4:19 ' +
    'UART5:20 I2C1:21 I2C2:22 CRS:24',
  APB1_2: 'I2C4:1 LPTIM2:5 FDCAN1:9 UCPD1:23',
  APB2: 'TIM1:11 SPI1:12 TIM8:13 USART1:14 TIM15:16 TIM16:17 TIM17:18 SAI1:21 SAI2:22',
  APB3:
    'SYSCFG:1 SPI3:5 LPUART1:6 I2C3:7 LPTIM1:11 LPTIM3:12 LPTIM4:13 OPAMP:14 COMP:15 VREF:20 ' +
    'RTCAPB:21',
} as const

function bits(
  bus: keyof typeof buses,
  suffix: string,
  field: (bit: number, name: string) => Field,
) {
  const entries = buses[bus].split(' ').map((entry) => {
    const [name, bit] = entry.split(':')
    return [`${name}${suffix}`, field(Number(bit), name!)]
  })
  return Object.fromEntries(entries) as Record<string, Field>
}

const enable = (offset: number, bus: keyof typeof buses, reset = 0) =>
  reg(
    offset,
    bits(bus, 'EN', (bit) => rw(bit)),
    reset,
  )
const resets = (offset: number, bus: keyof typeof buses) =>
  reg(
    offset,
    bits(bus, 'RST', (bit) => rw(bit)),
  )
/** Counters stand in Sleep mode without it; of the others it makes no difference here. */
const sleepField = (bit: number, name: string) =>
  /^(LP)?TIM|^WWDG/.test(name) ? rw(bit) : tagged(bit)
const sleep = (offset: number, bus: keyof typeof buses) =>
  reg(offset, bits(bus, 'SMEN', sleepField), 0xffff_ffff)

const pll = (offset: number, n: number) =>
  reg(offset, {
    SRC: rw(0, 2),
    RGE: rw(2, 2),
    FRACEN: rw(4),
    M: rw(8, 4),
    ...(n === 1 ? { MBOOST: rw(12, 4) } : {}),
    PEN: rw(16),
    QEN: rw(17),
    REN: rw(18),
  })
const dividers = (offset: number) =>
  reg(offset, { N: rw(0, 9), P: rw(9, 7), Q: rw(16, 7), R: rw(24, 7) }, 0x0101_0280)
const fraction = (offset: number) => reg(offset, { FRACN: rw(3, 13) })

const readyFlags = (suffix: string, field: (bit: number) => Field) => ({
  [`LSIRDY${suffix}`]: field(0),
  [`LSERDY${suffix}`]: field(1),
  [`MSISRDY${suffix}`]: field(2),
  [`HSIRDY${suffix}`]: field(3),
  [`HSERDY${suffix}`]: field(4),
  [`HSI48RDY${suffix}`]: field(5),
  [`PLL1RDY${suffix}`]: field(6),
  [`PLL2RDY${suffix}`]: field(7),
  [`PLL3RDY${suffix}`]: field(8),
  [`MSIKRDY${suffix}`]: field(11),
  [`SHSIRDY${suffix}`]: field(12),
})

export const rccLayout = {
  CR: reg(
    0x00,
    {
      ...{ MSISON: rw(0), MSIKERON: tagged(1), MSISRDY: ro(2), MSIPLLEN: tagged(3), MSIKON: rw(4) },
      ...{ MSIKRDY: ro(5), MSIPLLSEL: tagged(6), MSIPLLFAST: tagged(7), HSION: rw(8) },
      ...{ HSIKERON: tagged(9), HSIRDY: ro(10), HSI48ON: rw(12), HSI48RDY: ro(13), SHSION: rw(14) },
      ...{ SHSIRDY: ro(15), HSEON: rw(16), HSERDY: ro(17), HSEBYP: rw(18), CSSON: once(19) },
      ...{ HSEEXT: rw(20), PLL1ON: rw(24), PLL1RDY: ro(25), PLL2ON: rw(26), PLL2RDY: ro(27) },
      ...{ PLL3ON: rw(28), PLL3RDY: ro(29) },
    },
    0x35,
  ),
  ICSCR1: reg(
    0x08,
    {
      ...{ MSICAL3: ro(0, 5), MSICAL2: ro(5, 5), MSICAL1: ro(10, 5), MSICAL0: ro(15, 5) },
      ...{ MSIBIAS: tagged(22), MSIRGSEL: rw(23), MSIKRANGE: rw(24, 4), MSISRANGE: rw(28, 4) },
    },
    0x4400_0000,
  ),
  ICSCR2: reg(
    0x0c,
    {
      MSITRIM3: tagged(0, 5),
      MSITRIM2: tagged(5, 5),
      MSITRIM1: tagged(10, 5),
      MSITRIM0: tagged(15, 5),
    },
    0x0008_4210,
  ),
  ICSCR3: reg(0x10, { HSICAL: ro(0, 12), HSITRIM: tagged(16, 5) }, 0x0010_0000),
  CRRCR: reg(0x14, { HSI48CAL: ro(0, 9) }),
  CFGR1: reg(0x1c, {
    ...{ SW: rw(0, 2), SWS: ro(2, 2), STOPWUCK: rw(4), STOPKERWUCK: tagged(5) },
    ...{ MCOSEL: rw(24, 4), MCOPRE: rw(28, 3) },
  }),
  CFGR2: reg(0x20, {
    ...{ HPRE: rw(0, 4), PPRE1: rw(4, 3), PPRE2: rw(8, 3), DPRE: rw(12, 3) },
    ...{ AHB1DIS: tagged(16), AHB2DIS1: tagged(17), AHB2DIS2: tagged(18) },
    ...{ APB1DIS: tagged(19), APB2DIS: tagged(20) },
  }),
  CFGR3: reg(0x24, { PPRE3: rw(4, 3), AHB3DIS: tagged(16), APB3DIS: tagged(17) }),
  PLL1CFGR: pll(0x28, 1),
  PLL2CFGR: pll(0x2c, 2),
  PLL3CFGR: pll(0x30, 3),
  PLL1DIVR: dividers(0x34),
  PLL1FRACR: fraction(0x38),
  PLL2DIVR: dividers(0x3c),
  PLL2FRACR: fraction(0x40),
  PLL3DIVR: dividers(0x44),
  PLL3FRACR: fraction(0x48),
  CIER: reg(0x50, readyFlags('IE', rw)),
  CIFR: reg(0x54, { ...readyFlags('F', ro), CSSF: ro(10) }),
  CICR: reg(0x58, { ...readyFlags('C', wo), CSSC: wo(10) }),
  AHB1RSTR: resets(0x60, 'AHB1'),
  AHB2RSTR1: resets(0x64, 'AHB2_1'),
  AHB2RSTR2: resets(0x68, 'AHB2_2'),
  AHB3RSTR: resets(0x6c, 'AHB3'),
  APB1RSTR1: resets(0x74, 'APB1_1'),
  APB1RSTR2: resets(0x78, 'APB1_2'),
  APB2RSTR: resets(0x7c, 'APB2'),
  APB3RSTR: resets(0x80, 'APB3'),
  AHB1ENR: enable(0x88, 'AHB1', 0xd000_0100),
  AHB2ENR1: enable(0x8c, 'AHB2_1', 0xc000_0000),
  AHB2ENR2: enable(0x90, 'AHB2_2'),
  AHB3ENR: enable(0x94, 'AHB3', 0x8000_0000),
  APB1ENR1: enable(0x9c, 'APB1_1'),
  APB1ENR2: enable(0xa0, 'APB1_2'),
  APB2ENR: enable(0xa4, 'APB2'),
  APB3ENR: enable(0xa8, 'APB3'),
  AHB1SMENR: sleep(0xb0, 'AHB1'),
  AHB2SMENR1: sleep(0xb4, 'AHB2_1'),
  AHB2SMENR2: sleep(0xb8, 'AHB2_2'),
  AHB3SMENR: sleep(0xbc, 'AHB3'),
  APB1SMENR1: sleep(0xc4, 'APB1_1'),
  APB1SMENR2: sleep(0xc8, 'APB1_2'),
  APB2SMENR: sleep(0xcc, 'APB2'),
  APB3SMENR: sleep(0xd0, 'APB3'),
  SRDAMR: reg(0xd8, {
    ...{ SPI3AMEN: tagged(5), LPUART1AMEN: tagged(6), I2C3AMEN: tagged(7), LPTIM1AMEN: tagged(11) },
    ...{ LPTIM3AMEN: tagged(12), LPTIM4AMEN: tagged(13), OPAMPAMEN: tagged(14) },
    ...{ COMPAMEN: tagged(15), VREFAMEN: tagged(20), RTCAPBAMEN: tagged(21), ADC4AMEN: tagged(25) },
    ...{ LPGPIO1AMEN: tagged(26), DAC1AMEN: tagged(27), LPDMA1AMEN: tagged(28) },
    ...{ ADF1AMEN: tagged(29), SRAM4AMEN: tagged(31) },
  }),
  CCIPR1: reg(0xe0, {
    ...{ USART1SEL: rw(0, 2), USART2SEL: rw(2, 2), USART3SEL: rw(4, 2), UART4SEL: rw(6, 2) },
    ...{ UART5SEL: rw(8, 2), I2C1SEL: rw(10, 2), I2C2SEL: rw(12, 2) },
    ...{ I2C4SEL: rw(14, 2), SPI2SEL: rw(16, 2), LPTIM2SEL: rw(18, 2) },
    ...{ SPI1SEL: rw(20, 2), SYSTICKSEL: rw(22, 2), FDCAN1SEL: rw(24, 2) },
    ...{ ICLKSEL: rw(26, 2), TIMICSEL: tagged(29, 3) },
  }),
  CCIPR2: reg(0xe4, {
    ...{ MDF1SEL: rw(0, 3), SAI1SEL: rw(5, 3), SAI2SEL: rw(8, 3) },
    ...{ SAESSEL: rw(11), RNGSEL: rw(12, 2), SDMMCSEL: rw(14) },
    ...{ OCTOSPISEL: rw(20, 2) },
  }),
  CCIPR3: reg(0xe8, {
    ...{ LPUART1SEL: rw(0, 3), SPI3SEL: rw(3, 2), I2C3SEL: rw(6, 2) },
    ...{ LPTIM34SEL: rw(8, 2), LPTIM1SEL: rw(10, 2), ADCDACSEL: rw(12, 3) },
    ...{ DAC1SEL: rw(15), ADF1SEL: rw(16, 3) },
  }),
  BDCR: reg(0xf0, {
    ...{ LSEON: rw(0), LSERDY: ro(1), LSEBYP: rw(2), LSEDRV: rw(3, 2), LSECSSON: rw(5) },
    ...{
      LSECSSD: ro(6),
      LSESYSEN: rw(7),
      RTCSEL: rw(8, 2),
      LSESYSRDY: ro(11),
      LSEGFON: tagged(12),
    },
    ...{ RTCEN: rw(15), BDRST: rw(16), LSCOEN: rw(24), LSCOSEL: rw(25) },
    ...{ LSION: rw(26), LSIRDY: ro(27), LSIPREDIV: rw(28) },
  }),
  CSR: reg(
    0xf4,
    {
      ...{ MSIKSRANGE: rw(8, 4), MSISSRANGE: rw(12, 4), RMVF: wo(23), OBLRSTF: ro(25) },
      ...{ PINRSTF: ro(26), BORRSTF: ro(27), SFTRSTF: ro(28), IWDGRSTF: ro(29) },
      ...{ WWDGRSTF: ro(30), LPWRRSTF: ro(31) },
    },
    0x0c00_4400,
  ),
  SECCFGR: reg(0x110, each('SEC', 13, 1, tagged)),
  PRIVCFGR: reg(0x114, { SPRIV: tagged(0), NSPRIV: tagged(1) }),
} as const
