/**
 * Where the development board leads its buses: pins and alternate functions. STM32U585 datasheet
 * (DS13086), "Alternate function" tables. A board file may lead I2C and SPI elsewhere.
 */
import type { SerialPort } from '../outside.ts'
import type { I2cName, SpiName } from './wires.ts'

/** Signal to pin. */
export type BusPins = Readonly<Record<string, string>>

export const defaultI2c: Readonly<Record<I2cName, BusPins>> = {
  I2C1: { scl: 'PB8', sda: 'PB9' },
  I2C2: { scl: 'PB10', sda: 'PB11' },
  I2C3: { scl: 'PC0', sda: 'PC1' },
  I2C4: { scl: 'PD12', sda: 'PD13' },
}

export const defaultSpi: Readonly<Record<SpiName, BusPins>> = {
  SPI1: { sck: 'PE13', miso: 'PE14', mosi: 'PE15' },
  SPI2: { sck: 'PD1', miso: 'PD3', mosi: 'PD4' },
  SPI3: { sck: 'PC10', miso: 'PC11', mosi: 'PC12' },
}

export const i2cFunction = (): number => 4
export const spiFunction = (bus: string): number => (bus === 'SPI3' ? 6 : 5)

export const serialPins: Readonly<Record<SerialPort, { tx: string; rx: string; fn: number }>> = {
  USART1: { tx: 'PA9', rx: 'PA10', fn: 7 },
  USART2: { tx: 'PD5', rx: 'PD6', fn: 7 },
  USART3: { tx: 'PD8', rx: 'PD9', fn: 7 },
  UART4: { tx: 'PA0', rx: 'PA1', fn: 8 },
  UART5: { tx: 'PC12', rx: 'PD2', fn: 8 },
  LPUART1: { tx: 'PG7', rx: 'PG8', fn: 8 },
}

/** What is soldered to the development board, by pin. The user button is the board's own driver. */
export const boardPins = {
  userLed: 'PA5',
  systemLed: { red: 'PE3', green: 'PE5', blue: 'PE6' },
  userButton: 'PC13',
  log: 'USART2',
} as const
