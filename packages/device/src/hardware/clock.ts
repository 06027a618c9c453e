/** The kernel's clocks: microseconds since reset on virtual time, one alarm, the clock tree. */
import type { Stm32u585 } from '@microvisor/mcu'
import type { Clock, RegisterBlock } from '@microvisor/microvisor'

/** RCC through its secure alias. */
const RCC_SECURE = 0x5602_0c00

export interface ClockPorts {
  readonly clock: Clock
  readonly rcc: RegisterBlock
}

export function clockPorts(
  chip: Stm32u585,
  alarm: () => void,
  poweredOnMicroseconds: number,
): ClockPorts {
  const { scheduler, time, cpu } = chip
  const started = time.microseconds(cpu.cycles)
  let due: number | undefined
  let cancel: (() => void) | undefined

  const arm = () => {
    cancel?.()
    cancel = due === undefined ? undefined : scheduler.at(time.cycleAt(started + due), ring)
  }
  const ring = () => {
    cancel = undefined
    due = undefined
    alarm()
  }
  return {
    clock: {
      microseconds: () => time.microseconds(cpu.cycles) - started,
      sincePowerOn: () => time.microseconds(cpu.cycles) - poweredOnMicroseconds,
      setAlarm(atMicroseconds) {
        due = atMicroseconds
        arm()
      },
      get frequencies() {
        const { sysclk, hclk, pclk1, pclk2 } = chip.rcc.frequencies
        return { sysclk, hclk, pclk1, pclk2 }
      },
    },
    rcc: {
      read: (offset) => chip.readSecure(RCC_SECURE + offset),
      write(offset, value) {
        chip.writeSecure(RCC_SECURE + offset, value >>> 0)
        arm()
      },
    },
  }
}
