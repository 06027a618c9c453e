/** What a chip is made of and tells its host, and why it can have been reset. */
import type { SerialPort } from './outside.ts'
import type { PortName } from './pins/ports.ts'
import type { Supply } from './power.ts'

/** Bits of RCC_CSR that tell why the chip came up. */
export const RESET_FLAGS = {
  'power-on': 0x0c00_0000,
  /** As after power-on; memories and the backup domain have held. */
  'brown-out': 0x0c00_0000,
  pin: 0x0400_0000,
  software: 0x1400_0000,
  watchdog: 0x2400_0000,
  'window-watchdog': 0x4400_0000,
  'low-power': 0x8400_0000,
  standby: 0,
  'option-bytes': 0x0600_0000,
} as const
export type ResetCause = keyof typeof RESET_FLAGS

export interface ChipOptions {
  readonly supply: Supply
  /** One-time-programmable area, 512 bytes. */
  readonly otp: Uint8Array
  /** As option-bytes.ts has them. Only with a secure side. */
  readonly optionBytes?: Uint8Array | undefined
  readonly uniqueId: Uint8Array
  /**
   * Option bit TZEN: the secure side keeps its half. Without it there is no secure side: software
   * has the whole chip, faults and resets included.
   */
  readonly hasSecureSide: boolean
  /** Pins that non-secure code may not touch. */
  readonly kernelPins: readonly (readonly [PortName, number])[]
  readonly events: ChipEvents
}

export interface ChipEvents {
  internalFlashChanged(offset: number, length: number): void
  otpChanged(offset: number, length: number): void
  optionBytesChanged?(): void
  pin(port: PortName, pin: number, isHigh: boolean): void
  /** A serial port has sent one frame, whatever its pins are switched to. */
  serial(port: SerialPort, data: number): void
}
