/**
 * What a peripheral is given when the chip is put together: time, clocks, wires, pins, memory.
 * Everything else it knows is its own registers. How to add one: docs/peripherals.md.
 */
import type { AccessSize, BusFault, Master, Scheduler } from './bus.ts'
import type { ResetCause } from './chip-options.ts'
import type { DmaRequestName } from './dma-requests.ts'
import type { FlashChip } from './flash.ts'
import type { InterruptName } from './interrupts.ts'
import type { PowerState } from './low-power.ts'
import type { Pins } from './pins/pins.ts'
import type { Registers } from './registers.ts'
import type { Ticks } from './ticks.ts'
import type { Output, Wire } from './wire.ts'

/** A stretch of the address space behind a peripheral, as a memory that is mapped there. */
export interface MappedWindow {
  readonly base: number
  readonly size: number
  /** `offset` from its base; undefined: the bus refuses. */
  read(offset: number, size: AccessSize): number | undefined
  /** False: the bus refuses. */
  write(offset: number, size: AccessSize, value: number): boolean
}

/** One instance of a peripheral. */
export interface Peripheral {
  readonly registers: Registers
  readonly window?: MappedWindow
  /** To the state after a reset of the chip; drops its lines and requests. */
  reset(): void
  /** In the backup domain: it has lost its power, or software has reset it. */
  resetBackup?(): void
  /** RCC has switched its bus clock on or off, or something above it changed. */
  clockChanged?(): void
}

/** PWR, as far as the chip around it follows what software selects there. */
export interface PowerControl extends Peripheral {
  /** What a deep sleep is, by LPMS. */
  readonly deepMode: Exclude<PowerState, 'run' | 'sleep'>
  /** DBPR.DBP: RTC, TAMP and RCC_BDCR may be written. */
  readonly isBackupOpen: boolean
  /** A wake-up line that is on has its flag. */
  readonly isWoken: boolean
  /** The pull of a pin in Standby and Shutdown. */
  pullOf(port: string, pin: number): boolean | undefined
  /** The chip has been in Stop, or comes out of Standby. */
  note(flag: 'STOPF' | 'SBF'): void
  /** VDD is so high from now on. */
  setSupply(volts: number): void
  /** Instead of `reset` when the chip wakes from Standby or Shutdown. */
  resetFromDeepSleep(mode: 'standby' | 'shutdown'): void
}

/** Clocks in hertz; 0 while stopped. Bus clocks, oscillators, PLL outputs, kernel clocks. */
export interface Clocks {
  /**
   * By the instance's name for what its chapter calls the kernel clock (`USART1`, `I2C2`, `TIM3`),
   * or `hclk`, `pclk1`, `sysclk`, `lse`, `lsi`, `hsi`, `msik`, `pll2p`, …: see `kernelClocks` in
   * peripherals/clock-tree.ts. An unknown name is an error.
   */
  hz(clock: string): number
  /** Cycles of the scheduler a second. */
  readonly cycleHz: number
  /** Counts ticks of a clock, across all changes. `hz` is asked anew after each change. */
  ticks(hz: () => number): Ticks
  /** Called after every change of the tree. */
  onChange(listener: () => void): void
}

/** Memory and peripherals as a bus master other than the CPU sees them. */
export interface SystemBus {
  read(address: number, size: AccessSize, master: Master): number
  write(address: number, size: AccessSize, value: number, master: Master): void
  /** Outcome of the last access. */
  readonly fault: BusFault
}

export interface Wiring {
  /** The instance, as in address-map.ts: `USART1`. */
  readonly name: string
  readonly scheduler: Scheduler
  readonly clocks: Clocks
  readonly pins: Pins
  readonly memory: SystemBus
  /** The cells of the internal flash, for their interface. */
  readonly flash: FlashChip
  /** An output on one of the chip's interrupt lines. */
  interrupt(line: InterruptName): Output
  /** An output on a DMA request: high while data is wanted or there. */
  dmaRequest(request: DmaRequestName): Output
  /** The wire of a DMA request, for the controllers that serve it. */
  dmaWire(request: string): Wire
  /**
   * A wire from one peripheral to another, by the name of what drives it: `TIM1_TRGO`, `EXTI0`,
   * `COMP1_OUT`, `LPTIM1_CH1`, `RTC_ALRA`, `GPDMA1_CH0_TC`.
   */
  wire(name: string): Wire
  /** A watchdog bites, say, or the chip leaves Standby: it is reset when this instruction is over. */
  resetChip(cause: Exclude<ResetCause, 'power-on' | 'software'>): void
  /** Something of the real chip that is missing here was used. */
  notModelled(register: string, answer: string): void
}

/** Rows of the catalogue: what makes an instance. */
export type Makers = Readonly<Record<string, (wiring: Wiring) => Peripheral>>
