/**
 * The development board: one STM32U585 and what is soldered around it. User LED on PA5, the
 * kernel's RGB LED on PE3 (red), PE5 (green) and PE6 (blue), user button on PC13, the log's serial
 * line on PD5 (USART2_TX, alternate function 7), 8 MiB of serial NOR flash on the kernel's OCTOSPI.
 *
 * The LEDs light when their pin is high; the button pulls PC13 high while pressed. (ST's boards for
 * this chip do the same; the original board's schematic is not public.)
 */
import { Pins } from './board/pins.ts'
import { Stm32u585 } from './chip.ts'
import type { ChipEvents } from './chip-options.ts'
import { FlashChip } from './flash.ts'
import type { SerialPort } from './outside.ts'
import type { PortName } from './pins/ports.ts'
import type { Supply } from './power.ts'

const USER_LED = ['A', 5] as const
const SYSTEM_LED = { red: 3, green: 5, blue: 6 } as const
const SYSTEM_LED_PORT = 'E'
const BUTTON = 'PC13'
const LOG = { port: 'USART2', pin: ['D', 5], alternate: 7 } as const
/** The co-processor's boot select; like the system LED it is the kernel's. */
const COPROCESSOR_BOOT = ['B', 13] as const
const KERNEL_PINS = [
  ...Object.values(SYSTEM_LED).map((pin) => [SYSTEM_LED_PORT, pin] as const),
  COPROCESSOR_BOOT,
]

export interface BoardOptions {
  readonly supply: Supply
  /** As in `ChipOptions`. Without a secure side its LED and pins are everybody's. */
  readonly hasSecureSide: boolean
  readonly externalFlash: Uint8Array
  readonly otp: Uint8Array
  /** As in `ChipOptions`. */
  readonly optionBytes?: Uint8Array | undefined
  readonly uniqueId: Uint8Array
  readonly events: BoardEvents
}

export interface BoardEvents {
  internalFlashChanged(offset: number, length: number): void
  externalFlashChanged(offset: number, length: number): void
  otpChanged(offset: number, length: number): void
  optionBytesChanged?(): void
  userLed(isLit: boolean): void
  systemLed(colour: SystemLedColour): void
  /** A byte has left on the log's serial line. */
  logByte(byte: number): void
}

export interface SystemLedColour {
  readonly red: boolean
  readonly green: boolean
  readonly blue: boolean
}

export class Board {
  readonly chip: Stm32u585
  readonly externalFlash: FlashChip
  readonly pins: Pins
  /** Hears every frame that a serial port sends, whatever its pins are switched to. */
  onSerial: (port: SerialPort, data: number) => void = () => {}
  readonly #press: (level: boolean) => void
  readonly #events: BoardEvents
  #shownSystemLed: SystemLedColour = { red: false, green: false, blue: false }

  constructor(options: BoardOptions) {
    const { supply, otp, optionBytes, uniqueId, events } = options
    this.#events = events
    this.chip = new Stm32u585({
      ...{ supply, otp, optionBytes, uniqueId, hasSecureSide: options.hasSecureSide },
      kernelPins: options.hasSecureSide ? KERNEL_PINS : [],
      events: this.#chipEvents(),
    })
    this.externalFlash = new FlashChip('external', {
      ...{ bytes: options.externalFlash, supply },
      onChange: (offset, length) => events.externalFlashChanged(offset, length),
    })
    this.pins = new Pins(this.chip.pins, this.chip.gpio)
    this.chip.pinConflicts.onRecord = (conflict) => this.pins.conflict(conflict)
    this.#press = this.pins.driver(BUTTON, 'the user button', false)
    this.press(false)
  }

  get userLed(): boolean {
    return this.#level(...USER_LED)
  }

  get systemLed(): SystemLedColour {
    const { red, green, blue } = SYSTEM_LED
    const isLit = (pin: number) => this.#level(SYSTEM_LED_PORT, pin)
    return { red: isLit(red), green: isLit(green), blue: isLit(blue) }
  }

  /** The user button. */
  press(isPressed: boolean): void {
    this.#press(isPressed)
  }

  /** Bytes that somebody sends to the log port's receiver. */
  sendToLogPort(bytes: Uint8Array): void {
    this.chip.serial[LOG.port].receive([...bytes])
  }

  /** The secure side's own access to its LED pins. */
  setSystemLed({ red, green, blue }: SystemLedColour): void {
    const levels = [
      [SYSTEM_LED.red, red],
      [SYSTEM_LED.green, green],
      [SYSTEM_LED.blue, blue],
    ] as const
    this.chip.gpio[SYSTEM_LED_PORT].driveSecurePins(levels)
  }

  #level(port: PortName, pin: number): boolean {
    return this.chip.gpio[port].level(pin)
  }

  #chipEvents(): ChipEvents {
    const events = this.#events
    return {
      internalFlashChanged: (offset, length) => events.internalFlashChanged(offset, length),
      otpChanged: (offset, length) => events.otpChanged(offset, length),
      optionBytesChanged: () => events.optionBytesChanged?.(),
      pin: (port, pin, isHigh) => this.#pinChanged(port, pin, isHigh),
      serial: (port, data) => this.#sent(port, data),
    }
  }

  #pinChanged(port: PortName, pin: number, isHigh: boolean): void {
    this.pins?.changed(port, pin, isHigh)
    if (port === USER_LED[0] && pin === USER_LED[1]) this.#events.userLed(isHigh)
    const isSystemLed = port === SYSTEM_LED_PORT && Object.values<number>(SYSTEM_LED).includes(pin)
    if (isSystemLed) this.#systemLedChanged()
  }

  #systemLedChanged(): void {
    const { red, green, blue } = this.systemLed
    const { red: wasRed, green: wasGreen, blue: wasBlue } = this.#shownSystemLed
    if (red === wasRed && green === wasGreen && blue === wasBlue) return
    this.#shownSystemLed = { red, green, blue }
    this.#events.systemLed(this.#shownSystemLed)
  }

  /** A frame reaches the connector only through a pin that is switched to the serial port. */
  #sent(port: SerialPort, data: number): void {
    const [pinPort, pin] = LOG.pin
    const isOut = this.chip.gpio[pinPort].isAlternate(pin, LOG.alternate)
    if (port === LOG.port && isOut) this.#events.logByte(data & 0xff)
    this.onSerial(port, data)
  }
}
