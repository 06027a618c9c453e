/**
 * DBGMCU: identification of the chip, and what stands while a debugger has halted the CPU. RM0456,
 * "Debug support", "Microcontroller debug unit (DBGMCU)". It is on the private bus: no clock, no reset but power-on.
 *
 * Freeze bits hold timers and watchdogs while non-secure code is halted; without them time goes on.
 * Tagged: trace pins, clocks in Stop and Standby for a debugger, freezing of I2C timeouts and DMA.
 */
import { each, type Field, type Layout, RegisterFile, reg, ro, rw, tagged } from '../registers.ts'
import type { Makers, Peripheral } from '../wiring.ts'

/** STM32U575 and U585, revision X. */
const IDCODE = 0x2001_6482

/** Instances by bit of each freeze register. */
const frozen = {
  APB1FZR1: 'TIM2:0 TIM3:1 TIM4:2 TIM5:3 TIM6:4 TIM7:5 WWDG:11 IWDG:12 I2C1:21 I2C2:22',
  APB1FZR2: 'I2C4:1 LPTIM2:5',
  APB2FZR: 'TIM1:11 TIM8:13 TIM15:16 TIM16:17 TIM17:18',
  APB3FZR: 'I2C3:10 LPTIM1:17 LPTIM3:18 LPTIM4:19 RTC:30',
} as const
type FreezeRegister = keyof typeof frozen

const places = Object.entries(frozen).flatMap(([register, list]) =>
  list.split(' ').map((entry) => {
    const [name = '', bit] = entry.split(':')
    return { register: register as FreezeRegister, name, bit: Number(bit) }
  }),
)

function freeze(offset: number, register: FreezeRegister) {
  const fields = places
    .filter((place) => place.register === register)
    .map(({ name, bit }): [string, Field] => [
      `${name}_STOP`,
      name.startsWith('I2C') ? tagged(bit) : rw(bit),
    ])
  return reg(offset, Object.fromEntries(fields))
}

const dbgmcuLayout = {
  IDCODE: reg(0x00, { DEV_ID: ro(0, 12), REV_ID: ro(16, 16) }, IDCODE),
  CR: reg(0x04, {
    ...{ DBG_STOP: tagged(1), DBG_STANDBY: tagged(2), TRACE_IOEN: tagged(4), TRACE_EN: tagged(5) },
    TRACE_MODE: tagged(6, 2),
  }),
  ...{ APB1FZR1: freeze(0x08, 'APB1FZR1'), APB1FZR2: freeze(0x0c, 'APB1FZR2') },
  ...{ APB2FZR: freeze(0x10, 'APB2FZR'), APB3FZR: freeze(0x14, 'APB3FZR') },
  AHB1FZR: reg(0x20, each('GPDMA', 16, 1, tagged)),
  AHB3FZR: reg(0x28, each('LPDMA', 4, 1, tagged)),
  SR: reg(0xfc, { AP_PRESENT: ro(0, 8), AP_LOCKED: ro(8, 8) }, 0x03),
  DBG_AUTH_HOST: reg(0x100, { MESSAGE: tagged(0, 32) }),
  DBG_AUTH_DEVICE: reg(0x104, { MESSAGE: ro(0, 32) }),
  PIDR4: reg(0xfd0, { SIZE: ro(4, 4), JEP106CON: ro(0, 4) }),
  ...{ PIDR0: reg(0xfe0, { PARTNUM: ro(0, 8) }), PIDR1: reg(0xfe4, { PARTNUM: ro(0, 8) }, 0x50) },
  ...{ PIDR2: reg(0xfe8, { REVISION: ro(0, 8) }, 0x0b), PIDR3: reg(0xfec, { CMOD: ro(0, 8) }) },
  ...{
    CIDR0: reg(0xff0, { PREAMBLE: ro(0, 8) }, 0x0d),
    CIDR1: reg(0xff4, { CLASS: ro(0, 8) }, 0xf0),
  },
  ...{
    CIDR2: reg(0xff8, { PREAMBLE: ro(0, 8) }, 0x05),
    CIDR3: reg(0xffc, { PREAMBLE: ro(0, 8) }, 0xb1),
  },
} as const satisfies Layout

class Dbgmcu implements Peripheral {
  readonly registers: RegisterFile<typeof dbgmcuLayout>
  /** A freeze register was written. */
  onFreeze: () => void = () => {}

  constructor() {
    const write = () => this.onFreeze()
    this.registers = new RegisterFile<typeof dbgmcuLayout>(dbgmcuLayout, {
      ...{ APB1FZR1: { write }, APB1FZR2: { write }, APB2FZR: { write }, APB3FZR: { write } },
    })
  }

  reset(): void {}

  /** Instances that stand while the CPU is halted. */
  get frozen(): readonly string[] {
    return places
      .filter(({ register, bit }) => (this.registers.get(register) >>> bit) & 1)
      .map(({ name }) => name)
  }
}

export const dbgmcus = { DBGMCU: () => new Dbgmcu() } satisfies Makers
