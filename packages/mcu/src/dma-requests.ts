/**
 * What may ask a DMA channel for data, number by place: the values of GPDMA_CxTR2.REQSEL and
 * LPDMA_CxTR2.REQSEL. RM0456, "GPDMA1 requests" and "LPDMA1 requests"; the names are ST's.
 */

export const gpdmaRequests = [
  ...([
    'ADC1',
    'ADC4',
    'DAC1_CH1',
    'DAC1_CH2',
    'TIM6_UP',
    'TIM7_UP',
    'SPI1_RX',
    'SPI1_TX',
  ] as const),
  ...(['SPI2_RX', 'SPI2_TX', 'SPI3_RX', 'SPI3_TX', 'I2C1_RX', 'I2C1_TX', 'I2C1_EVC'] as const),
  ...(['I2C2_RX', 'I2C2_TX', 'I2C2_EVC', 'I2C3_RX', 'I2C3_TX', 'I2C3_EVC', 'I2C4_RX'] as const),
  ...(['I2C4_TX', 'I2C4_EVC', 'USART1_RX', 'USART1_TX', 'USART2_RX', 'USART2_TX'] as const),
  ...(['USART3_RX', 'USART3_TX', 'UART4_RX', 'UART4_TX', 'UART5_RX', 'UART5_TX'] as const),
  ...(['LPUART1_RX', 'LPUART1_TX', 'SAI1_A', 'SAI1_B', 'SAI2_A', 'SAI2_B', 'OCTOSPI1'] as const),
  ...([
    'OCTOSPI2',
    'TIM1_CH1',
    'TIM1_CH2',
    'TIM1_CH3',
    'TIM1_CH4',
    'TIM1_UP',
    'TIM1_TRIG',
  ] as const),
  ...([
    'TIM1_COM',
    'TIM8_CH1',
    'TIM8_CH2',
    'TIM8_CH3',
    'TIM8_CH4',
    'TIM8_UP',
    'TIM8_TRIG',
  ] as const),
  ...(['TIM8_COM', 'TIM2_CH1', 'TIM2_CH2', 'TIM2_CH3', 'TIM2_CH4', 'TIM2_UP', 'TIM3_CH1'] as const),
  ...([
    'TIM3_CH2',
    'TIM3_CH3',
    'TIM3_CH4',
    'TIM3_UP',
    'TIM3_TRIG',
    'TIM4_CH1',
    'TIM4_CH2',
  ] as const),
  ...(['TIM4_CH3', 'TIM4_CH4', 'TIM4_UP', 'TIM5_CH1', 'TIM5_CH2', 'TIM5_CH3', 'TIM5_CH4'] as const),
  ...(['TIM5_UP', 'TIM5_TRIG', 'TIM15_CH1', 'TIM15_UP', 'TIM15_TRIG', 'TIM15_COM'] as const),
  ...(['TIM16_CH1', 'TIM16_UP', 'TIM17_CH1', 'TIM17_UP', 'DCMI', 'AES_IN', 'AES_OUT'] as const),
  ...(['HASH_IN', 'UCPD1_TX', 'UCPD1_RX', 'MDF1_FLT0', 'MDF1_FLT1', 'MDF1_FLT2'] as const),
  ...(['MDF1_FLT3', 'MDF1_FLT4', 'MDF1_FLT5', 'ADF1_FLT0', 'FMAC_RD', 'FMAC_WR'] as const),
  ...(['CORDIC_RD', 'CORDIC_WR', 'SAES_IN', 'SAES_OUT', 'LPTIM1_IC1', 'LPTIM1_IC2'] as const),
  ...(['LPTIM1_UE', 'LPTIM2_IC1', 'LPTIM2_IC2', 'LPTIM2_UE', 'LPTIM3_IC1', 'LPTIM3_IC2'] as const),
  ...(['LPTIM3_UE'] as const),
] as const

export const lpdmaRequests = [
  ...([
    'LPUART1_RX',
    'LPUART1_TX',
    'SPI3_RX',
    'SPI3_TX',
    'I2C3_RX',
    'I2C3_TX',
    'I2C3_EVC',
  ] as const),
  ...(['ADC4', 'DAC1_CH1', 'DAC1_CH2', 'ADF1_FLT0', 'LPTIM1_IC1', 'LPTIM1_IC2'] as const),
  ...(['LPTIM1_UE', 'LPTIM3_IC1', 'LPTIM3_IC2', 'LPTIM3_UE'] as const),
] as const

export type DmaRequestName = (typeof gpdmaRequests)[number]
