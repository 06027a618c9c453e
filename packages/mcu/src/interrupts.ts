/** The chip's interrupt lines, number by place. RM0456, "STM32U5 series vector table". */

export const interruptLines = [
  ...(['WWDG', 'PVD_PVM', 'RTC', 'RTC_S', 'TAMP', 'RAMCFG', 'FLASH', 'FLASH_S'] as const),
  ...(['GTZC', 'RCC', 'RCC_S', 'EXTI0', 'EXTI1', 'EXTI2', 'EXTI3', 'EXTI4', 'EXTI5'] as const),
  ...(['EXTI6', 'EXTI7', 'EXTI8', 'EXTI9', 'EXTI10', 'EXTI11', 'EXTI12', 'EXTI13'] as const),
  ...(['EXTI14', 'EXTI15', 'IWDG', 'SAES', 'GPDMA1_CH0', 'GPDMA1_CH1', 'GPDMA1_CH2'] as const),
  ...(['GPDMA1_CH3', 'GPDMA1_CH4', 'GPDMA1_CH5', 'GPDMA1_CH6', 'GPDMA1_CH7', 'ADC1'] as const),
  ...(['DAC1', 'FDCAN1_IT0', 'FDCAN1_IT1', 'TIM1_BRK', 'TIM1_UP', 'TIM1_TRG_COM'] as const),
  ...(['TIM1_CC', 'TIM2', 'TIM3', 'TIM4', 'TIM5', 'TIM6', 'TIM7', 'TIM8_BRK', 'TIM8_UP'] as const),
  ...(['TIM8_TRG_COM', 'TIM8_CC', 'I2C1_EV', 'I2C1_ER', 'I2C2_EV', 'I2C2_ER', 'SPI1'] as const),
  ...(['SPI2', 'USART1', 'USART2', 'USART3', 'UART4', 'UART5', 'LPUART1', 'LPTIM1'] as const),
  ...(['LPTIM2', 'TIM15', 'TIM16', 'TIM17', 'COMP', 'OTG_FS', 'CRS', 'FMC', 'OCTOSPI1'] as const),
  ...(['PWR_S3WU', 'SDMMC1', 'SDMMC2', 'GPDMA1_CH8', 'GPDMA1_CH9', 'GPDMA1_CH10'] as const),
  ...(['GPDMA1_CH11', 'GPDMA1_CH12', 'GPDMA1_CH13', 'GPDMA1_CH14', 'GPDMA1_CH15'] as const),
  ...(['I2C3_EV', 'I2C3_ER', 'SAI1', 'SAI2', 'TSC', 'AES', 'RNG', 'FPU', 'HASH', 'PKA'] as const),
  ...(['LPTIM3', 'SPI3', 'I2C4_ER', 'I2C4_EV', 'MDF1_FLT0', 'MDF1_FLT1', 'MDF1_FLT2'] as const),
  ...(['MDF1_FLT3', 'UCPD1', 'ICACHE', 'OTFDEC1', 'OTFDEC2', 'LPTIM4', 'DCACHE1'] as const),
  ...(['ADF1', 'ADC4', 'LPDMA1_CH0', 'LPDMA1_CH1', 'LPDMA1_CH2', 'LPDMA1_CH3', 'DMA2D'] as const),
  ...(['DCMI_PSSI', 'OCTOSPI2', 'MDF1_FLT4', 'MDF1_FLT5', 'CORDIC', 'FMAC', 'LSECSSD'] as const),
] as const

export type InterruptName = (typeof interruptLines)[number]

export const IRQ_COUNT = interruptLines.length

/** Lines that the secure side keeps. */
const KERNEL_LINES: readonly InterruptName[] = [
  ...(['RTC_S', 'FLASH', 'FLASH_S', 'GTZC', 'RCC', 'RCC_S', 'TIM5', 'OTG_FS'] as const),
  ...(['OCTOSPI1', 'RNG', 'SAES'] as const),
]
export const kernelIrqs: readonly number[] = KERNEL_LINES.map(irqOf)

function irqOf(name: InterruptName): number {
  return interruptLines.indexOf(name)
}
