/** One character on a serial line, as its sender makes it. */
export interface UartFrame {
  /** The data bits, without parity. */
  readonly data: number
  /** Bits a second; undefined is whatever the receiver expects. */
  readonly baud?: number | undefined
  /** What is wrong with it when it arrives. */
  readonly trouble?: 'parity' | 'framing' | 'noise' | 'break'
}

/** A receiver of the chip. */
export type UartReceiver = (frames: readonly UartFrame[]) => void
