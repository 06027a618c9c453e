/**
 * Which signals a pin carries in its alternate functions. STM32U585 datasheet (DS13086),
 * "Alternate function AF0 to AF7" and "AF8 to AF15". By signal: `PIN/function` for each place.
 *
 * Only signals of peripherals that look at or drive single pins are listed; buses that are found by
 * name (FMC, OCTOSPI, SDMMC, DCMI, SAI, TSC, USB) need none.
 */
import type { PadName } from './pad.ts'

const places: Readonly<Record<string, string>> = {
  RCC_MCO: 'PA8/0',
  RCC_LSCO: 'PA2/0',
  I2C1_SCL: 'PB6/4 PB8/4 PG14/4',
  I2C1_SDA: 'PB3/4 PB7/4 PB9/4 PG13/4',
  I2C1_SMBA: 'PA1/4 PA14/4 PB5/4 PG15/4',
  I2C2_SCL: 'PB10/4 PB13/4 PF1/4 PH4/4',
  I2C2_SDA: 'PB11/4 PB14/4 PF0/4 PH5/4',
  I2C2_SMBA: 'PF2/4',
  I2C3_SCL: 'PA7/4 PC0/4 PG7/4 PH7/4',
  I2C3_SDA: 'PB4/4 PC1/4 PG8/4 PH8/4',
  I2C3_SMBA: 'PB2/4 PG6/4',
  I2C4_SCL: 'PB6/5 PB10/3 PD12/4 PF14/4',
  I2C4_SDA: 'PB7/5 PB11/3 PD13/4 PF15/4',
  I2C4_SMBA: 'PA14/5 PD11/4 PF13/4',
  SPI1_MISO: 'PA6/5 PA11/5 PB4/5 PE14/5 PG3/5',
  SPI1_MOSI: 'PA7/5 PA12/5 PB5/5 PE15/5 PG4/5',
  SPI1_NSS: 'PA4/5 PA15/5 PB0/5 PE12/5 PG5/5',
  SPI1_SCK: 'PA1/5 PA5/5 PB3/5 PE13/5 PG2/5',
  SPI2_MISO: 'PB14/5 PC2/5 PD3/5 PI2/5',
  SPI2_MOSI: 'PB15/5 PC1/3 PC3/5 PD4/5 PI3/5',
  SPI2_NSS: 'PB9/5 PD0/5 PI0/5',
  SPI2_SCK: 'PA9/3 PB10/5 PB13/5 PD1/5 PD3/3 PI1/5',
  SPI3_MISO: 'PB4/6 PC11/6 PG10/6',
  SPI3_MOSI: 'PB5/6 PC12/6 PD6/5',
  SPI3_NSS: 'PA4/6 PA15/6 PG12/6',
  SPI3_SCK: 'PB3/6 PC10/6 PG9/6',
  TIM1_BKIN: 'PA6/1 PE15/1',
  TIM1_BKIN2: 'PA11/2 PE14/2',
  TIM1_ETR: 'PA12/1 PE7/1',
  TIM1_CH1: 'PA8/1 PE9/1',
  TIM1_CH1N: 'PA7/1 PB13/1 PE8/1',
  TIM1_CH2: 'PA9/1 PE11/1',
  TIM1_CH2N: 'PB0/1 PB14/1 PE10/1',
  TIM1_CH3: 'PA10/1 PE13/1',
  TIM1_CH3N: 'PB1/1 PB15/1 PE12/1',
  TIM1_CH4: 'PA11/1 PE14/1',
  TIM1_CH4N: 'PE15/3',
  TIM2_ETR: 'PA0/14 PA5/2 PA15/2',
  TIM2_CH1: 'PA0/1 PA5/1 PA15/1',
  TIM2_CH2: 'PA1/1 PB3/1',
  TIM2_CH3: 'PA2/1 PB10/1',
  TIM2_CH4: 'PA3/1 PB11/1',
  TIM3_ETR: 'PD2/2 PE2/2',
  TIM3_CH1: 'PA6/2 PB4/2 PC6/2 PE3/2',
  TIM3_CH2: 'PA7/2 PB5/2 PC7/2 PE4/2',
  TIM3_CH3: 'PB0/2 PC8/2 PE5/2',
  TIM3_CH4: 'PB1/2 PC9/2 PE6/2',
  TIM4_ETR: 'PE0/2',
  TIM4_CH1: 'PB6/2 PD12/2',
  TIM4_CH2: 'PB7/2 PD13/2',
  TIM4_CH3: 'PB8/2 PD14/2',
  TIM4_CH4: 'PB9/2 PD15/2',
  TIM5_ETR: 'PF6/1',
  TIM5_CH1: 'PA0/2 PF6/2 PH10/2',
  TIM5_CH2: 'PA1/2 PF7/2 PH11/2',
  TIM5_CH3: 'PA2/2 PF8/2 PH12/2',
  TIM5_CH4: 'PA3/2 PF9/2 PI0/2',
  TIM8_ETR: 'PA0/3',
  TIM8_BKIN: 'PA6/3 PB7/3',
  TIM8_BKIN2: 'PB6/3 PC9/1',
  TIM8_CH1: 'PC6/3 PI5/3',
  TIM8_CH1N: 'PA5/3 PA7/3 PH13/3',
  TIM8_CH2: 'PC7/3 PI6/3',
  TIM8_CH2N: 'PB0/3 PB14/3 PH14/3',
  TIM8_CH3: 'PC8/3 PI7/3',
  TIM8_CH3N: 'PB1/3 PB15/3 PH15/3',
  TIM8_CH4: 'PC9/3 PI2/3',
  TIM8_CH4N: 'PB2/3 PD0/3',
  TIM15_BKIN: 'PA9/14',
  TIM15_CH1: 'PA2/14 PB14/14 PF9/14 PG10/14',
  TIM15_CH1N: 'PA1/14 PB13/14 PG9/14',
  TIM15_CH2: 'PA3/14 PB15/14 PF10/14',
  TIM16_BKIN: 'PB5/14',
  TIM16_CH1: 'PA6/14 PB8/14 PE0/14',
  TIM16_CH1N: 'PB6/14',
  TIM17_BKIN: 'PA10/14 PB4/14',
  TIM17_CH1: 'PA7/14 PB9/14 PE1/14',
  TIM17_CH1N: 'PB7/14',
  LPTIM1_IN1: 'PB5/1 PC0/1 PG10/1',
  LPTIM1_IN2: 'PB7/1 PC2/1 PG11/1',
  LPTIM1_ETR: 'PB6/1 PC3/1 PG12/1',
  LPTIM1_CH1: 'PB2/1 PC1/1 PG15/1',
  LPTIM2_IN1: 'PB1/14 PC0/14 PD12/14',
  LPTIM2_ETR: 'PC3/14 PD11/14',
  LPTIM2_CH1: 'PA4/14 PA8/14 PD13/14',
  USART1_TX: 'PA9/7 PB6/7 PG9/7',
  USART1_RX: 'PA10/7 PB7/7 PG10/7',
  USART1_CTS: 'PA11/7 PB4/7',
  USART1_RTS: 'PA12/7 PB3/7 PG12/7',
  USART2_TX: 'PA2/7 PD5/7',
  USART2_RX: 'PA3/7 PA15/3 PD6/7',
  USART2_CTS: 'PA0/7 PD3/7',
  USART2_RTS: 'PA1/7 PD4/7',
  USART3_TX: 'PA7/7 PB10/7 PC10/7 PD8/7',
  USART3_RX: 'PA5/7 PB11/7 PC11/7 PD9/7',
  USART3_CTS: 'PA6/7 PB13/7 PD11/7',
  USART3_RTS: 'PA15/7 PB1/7 PB14/7 PD2/7 PD12/7',
  UART4_TX: 'PA0/8 PC10/8',
  UART4_RX: 'PA1/8 PC11/8',
  UART4_CTS: 'PB7/8',
  UART4_RTS: 'PA15/8',
  UART5_TX: 'PC12/8',
  UART5_RX: 'PD2/8',
  UART5_CTS: 'PB5/8',
  UART5_RTS: 'PB4/8',
  LPUART1_TX: 'PA2/8 PB11/8 PC1/8 PG7/8',
  LPUART1_RX: 'PA3/8 PB10/8 PC0/8 PG8/8',
  LPUART1_CTS: 'PA6/8 PB13/8 PG5/8',
  LPUART1_RTS: 'PB1/8 PG6/8',
}

const FUNCTIONS = 16

const byPad = new Map<string, (string | undefined)[]>()
for (const [signal, list] of Object.entries(places)) {
  for (const place of list.split(' ')) {
    const [pad = '', number] = place.split('/')
    const signals = byPad.get(pad) ?? new Array(FUNCTIONS).fill(undefined)
    signals[Number(number)] = signal
    byPad.set(pad, signals)
  }
}

const NONE: readonly undefined[] = new Array(FUNCTIONS).fill(undefined)

/** Signal by alternate function number, 0 to 15. */
export function alternateFunctions(pad: PadName): readonly (string | undefined)[] {
  return byPad.get(pad) ?? NONE
}
