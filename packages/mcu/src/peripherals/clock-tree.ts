/**
 * The clock tree as a table: oscillators, and what each kernel clock may be taken from. RM0456,
 * "Clocks" and the descriptions of RCC_CCIPR1, RCC_CCIPR2, RCC_CCIPR3 and RCC_BDCR.
 */

/** Fixed frequencies in hertz. */
export const oscillatorHz = {
  lse: 32_768,
  /** With LSIPREDIV 250 Hz. */
  lsi: 32_000,
  hsi: 16_000_000,
  hsi48: 48_000_000,
  shsi: 48_000_000,
  /** The board's crystal; ST's HAL assumes the same. */
  hse: 16_000_000,
} as const

/** MSISRANGE and MSIKRANGE: RM0456, description of RCC_ICSCR1. */
export const msiHz = [
  48_000_000, 24_000_000, 16_000_000, 12_000_000, 4_000_000, 2_000_000, 1_330_000, 1_000_000,
  3_072_000, 1_536_000, 1_024_000, 768_000, 400_000, 200_000, 133_000, 100_000,
] as const

interface Selection {
  readonly register: 'CCIPR1' | 'CCIPR2' | 'CCIPR3' | 'BDCR'
  readonly field: string
  /** By value of the field; `name/n` is divided, `-` is none. */
  readonly sources: readonly string[]
}

const select = (
  register: Selection['register'],
  field: string,
  ...sources: string[]
): Selection => ({ register, field, sources })

const serial = ['sysclk', 'hsi', 'lse'] as const
const fast = ['sysclk', 'hsi', 'msik'] as const
const slow = ['lsi', 'hsi', 'lse'] as const
const audio = ['hclk', 'pll1p', 'pll3q', '-', 'msik'] as const
const sai = ['pll2p', 'pll3p', 'pll1p', '-', 'hsi'] as const
const converters = ['hclk', 'sysclk', 'pll2r', 'hse', 'hsi', 'msik'] as const

/** Kernel clocks that software selects, by instance. */
export const kernelClocks: Readonly<Record<string, Selection>> = {
  USART1: select('CCIPR1', 'USART1SEL', 'pclk2', ...serial),
  USART2: select('CCIPR1', 'USART2SEL', 'pclk1', ...serial),
  USART3: select('CCIPR1', 'USART3SEL', 'pclk1', ...serial),
  UART4: select('CCIPR1', 'UART4SEL', 'pclk1', ...serial),
  UART5: select('CCIPR1', 'UART5SEL', 'pclk1', ...serial),
  LPUART1: select('CCIPR3', 'LPUART1SEL', 'pclk3', ...serial, 'msik'),
  I2C1: select('CCIPR1', 'I2C1SEL', 'pclk1', ...fast),
  I2C2: select('CCIPR1', 'I2C2SEL', 'pclk1', ...fast),
  I2C3: select('CCIPR3', 'I2C3SEL', 'pclk3', ...fast),
  I2C4: select('CCIPR1', 'I2C4SEL', 'pclk1', ...fast),
  SPI1: select('CCIPR1', 'SPI1SEL', 'pclk2', ...fast),
  SPI2: select('CCIPR1', 'SPI2SEL', 'pclk1', ...fast),
  SPI3: select('CCIPR3', 'SPI3SEL', 'pclk3', ...fast),
  LPTIM1: select('CCIPR3', 'LPTIM1SEL', 'msik', ...slow),
  LPTIM2: select('CCIPR1', 'LPTIM2SEL', 'pclk1', ...slow),
  LPTIM3: select('CCIPR3', 'LPTIM34SEL', 'msik', ...slow),
  LPTIM4: select('CCIPR3', 'LPTIM34SEL', 'msik', ...slow),
  SYSTICK: select('CCIPR1', 'SYSTICKSEL', 'hclk/8', 'lsi', 'lse'),
  FDCAN1: select('CCIPR1', 'FDCAN1SEL', 'hse', 'pll1q', 'pll2p'),
  ICLK: select('CCIPR1', 'ICLKSEL', 'hsi48', 'pll2q', 'pll1q', 'msik'),
  MDF1: select('CCIPR2', 'MDF1SEL', ...audio),
  ADF1: select('CCIPR3', 'ADF1SEL', ...audio),
  SAI1: select('CCIPR2', 'SAI1SEL', ...sai),
  SAI2: select('CCIPR2', 'SAI2SEL', ...sai),
  SAES: select('CCIPR2', 'SAESSEL', 'shsi', 'shsi/2'),
  RNG: select('CCIPR2', 'RNGSEL', 'hsi48', 'hsi48/2', 'hsi'),
  SDMMC1: select('CCIPR2', 'SDMMCSEL', 'ICLK', 'pll1p'),
  SDMMC2: select('CCIPR2', 'SDMMCSEL', 'ICLK', 'pll1p'),
  OCTOSPI1: select('CCIPR2', 'OCTOSPISEL', 'sysclk', 'msik', 'pll1q', 'pll2q'),
  OCTOSPI2: select('CCIPR2', 'OCTOSPISEL', 'sysclk', 'msik', 'pll1q', 'pll2q'),
  ADC1: select('CCIPR3', 'ADCDACSEL', ...converters),
  ADC4: select('CCIPR3', 'ADCDACSEL', ...converters),
  DAC1: select('CCIPR3', 'ADCDACSEL', ...converters),
  DAC1_HOLD: select('CCIPR3', 'DAC1SEL', 'lse', 'lsi'),
  RTC: select('BDCR', 'RTCSEL', '-', 'lse', 'lsi', 'hse/32'),
}

/** Timers run at their bus clock, twice that where the bus is divided. */
export const timerBuses: Readonly<Record<string, 'pclk1' | 'pclk2'>> = {
  ...{ TIM2: 'pclk1', TIM3: 'pclk1', TIM4: 'pclk1', TIM5: 'pclk1', TIM6: 'pclk1', TIM7: 'pclk1' },
  ...{ TIM1: 'pclk2', TIM8: 'pclk2', TIM15: 'pclk2', TIM16: 'pclk2', TIM17: 'pclk2' },
}

/** Kernel clocks that nothing selects. */
export const fixedClocks: Readonly<Record<string, string>> = {
  ...{ IWDG: 'lsi', WWDG: 'pclk1', UCPD1: 'hsi', OTG_FS: 'ICLK' },
}
