/**
 * Starts the clock tree: SYSCLK, HCLK and the APB clocks at 160 MHz, the chip's highest, from PLL1
 * on the 4 MHz of MSIS; the RTC on the 32,768 Hz of LSE; the bus clocks of RTC and PWR, whose
 * switches stay the kernel's while the application uses what is its own there: alarms, wake-up timer,
 * backup registers and wake-up pins. RM0456, chapter "Reset and clock control (RCC)".
 *
 * Core voltage, power booster and flash wait states, which silicon wants set first, are not part of
 * `Hardware`: whoever implements it sees to them when these registers are written.
 */
import type { RegisterBlock } from '../hardware.ts'

const CR = 0x00
const CFGR1 = 0x1c
const PLL1CFGR = 0x28
const PLL1DIVR = 0x34
const AHB3ENR = 0x94
const APB3ENR = 0xa8
const BDCR = 0xf0

/** PLL1SRC = MSIS, PLL1RGE = 4 to 8 MHz, PLL1M = 1, PLL1REN. */
const PLL1_FROM_MSIS = (1 << 18) | 1
/** PLL1N = 80, PLL1P, PLL1Q and PLL1R = 2, each stored less one: 4 MHz * 80 / 2. */
const PLL1_TO_160_MHZ = (1 << 24) | (1 << 16) | (1 << 9) | 79
const PLL1ON = 1 << 24
const SW_PLL1 = 3
const PWREN = 1 << 2
const RTCAPBEN = 1 << 21
/** LSEON, RTCSEL = LSE, RTCEN. */
const RTC_FROM_LSE = 1 | (1 << 8) | (1 << 15)

export function startClocks(rcc: RegisterBlock): void {
  rcc.write(PLL1CFGR, PLL1_FROM_MSIS)
  rcc.write(PLL1DIVR, PLL1_TO_160_MHZ)
  rcc.write(CR, (rcc.read(CR) | PLL1ON) >>> 0)
  rcc.write(CFGR1, (rcc.read(CFGR1) & ~3) | SW_PLL1)
  rcc.write(AHB3ENR, (rcc.read(AHB3ENR) | PWREN) >>> 0)
  rcc.write(APB3ENR, (rcc.read(APB3ENR) | RTCAPBEN) >>> 0)
  rcc.write(BDCR, (rcc.read(BDCR) | RTC_FROM_LSE) >>> 0)
}
