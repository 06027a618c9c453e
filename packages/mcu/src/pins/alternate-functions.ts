/**
 * Which signal a pin carries in each of its alternate functions. STM32U585 datasheet (DS13086),
 * "Alternate function AF0 to AF7" and "AF8 to AF15". Signals are named PERIPHERAL_SIGNAL as there;
 * a pin or number that is not listed carries nothing.
 */
import type { PadName } from './pad.ts'

const table: Readonly<Partial<Record<PadName, string>>> = {
  PA9: '1:TIM1_CH2 7:USART1_TX',
  PA10: '1:TIM1_CH3 7:USART1_RX',
  PB6: '2:TIM4_CH1 4:I2C1_SCL 7:USART1_TX',
  PB7: '2:TIM4_CH2 4:I2C1_SDA 7:USART1_RX',
  PD5: '7:USART2_TX',
  PD6: '7:USART2_RX',
}

/** Signal by alternate function number, 0 to 15. */
export function alternateFunctions(pad: PadName): readonly (string | undefined)[] {
  const signals: (string | undefined)[] = new Array(16).fill(undefined)
  for (const entry of (table[pad] ?? '').split(' ')) {
    const [number, signal] = entry.split(':')
    if (signal !== undefined) signals[Number(number)] = signal
  }
  return signals
}
