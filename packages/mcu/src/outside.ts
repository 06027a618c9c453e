/**
 * Leads the board's buses, serial ports and voltages (board/wires.ts), which are known by the
 * peripheral's name, to the lines and pads that peripherals see.
 */
import type { Wires } from './board/wires.ts'
import { I2cBus } from './lines/i2c-bus.ts'
import { routedByName, type Signals } from './lines/routing.ts'
import { SpiBus } from './lines/spi-bus.ts'
import type { UartFrame } from './lines/uart-frame.ts'
import type { Contact, PadName } from './pins/pad.ts'
import type { Pins } from './pins/pins.ts'

/** Serial ports by name. */
export const serialPorts = ['USART1', 'USART2', 'USART3', 'UART4', 'UART5', 'LPUART1'] as const
export type SerialPort = (typeof serialPorts)[number]

export function leadOutside(
  pins: Pins,
  wires: Wires,
  serial: (port: SerialPort, data: number) => void,
): void {
  leadI2c(pins, wires)
  leadSpi(pins, wires)
  leadByName(pins, wires)
  for (const port of serialPorts) {
    pins.attachBus(new NamedSerialLine(port, (data) => serial(port, data)))
  }
  leadVoltages(pins, wires)
}

function leadI2c(pins: Pins, wires: Wires): void {
  for (const [name, bus] of Object.entries(wires.i2c)) {
    new I2cBus(pins, (signals) => isOf(name, signals)).attach({
      name,
      start: ({ value, isRead }) => bus.start(value, isRead),
      write: (byte) => bus.write(byte),
      read: () => bus.read(),
      stop: () => bus.stop(),
    })
  }
}

function leadSpi(pins: Pins, wires: Wires): void {
  for (const [name, bus] of Object.entries(wires.spi)) {
    const line = new SpiBus(pins, (signals) => isOf(name, signals))
    const device = {
      name,
      select() {},
      transfer: ({ value, bits }: { value: number; bits: number }) => bus.exchange(value, bits),
    }
    line.attachSelected(device, () => true)
  }
}

/** Buses that are wherever firmware has switched their signals to. */
function leadByName(pins: Pins, wires: Wires): void {
  for (const [name, bus] of Object.entries({ ...wires.xspi, ...wires.sd, ...wires.can })) {
    bus.routing = routedByName(pins, name, (signals) => wires.onUnrouted(name, signals))
    pins.attachBus(bus)
  }
}

/** Hears every frame of a port, whatever its pins are switched to. */
class NamedSerialLine {
  readonly kind = 'uart' as const
  readonly #port: string
  readonly #sent: (data: number) => void

  constructor(port: string, sent: (data: number) => void) {
    this.#port = port
    this.#sent = sent
  }

  carries(signals: Signals): boolean {
    return isOf(this.#port, signals)
  }

  sent({ data }: UartFrame): void {
    this.#sent(data)
  }
}

function leadVoltages(pins: Pins, { analog }: Wires): void {
  const contacts = new Map<string, Contact>()
  analog.onChange = (pin) => {
    const contact = contacts.get(pin) ?? pins.pad(pin as PadName).connect('analog source')
    contacts.set(pin, contact)
    contact.voltage(analog.volts(pin))
  }
}

function isOf(name: string, signals: Signals): boolean {
  return Object.values(signals).every((signal) => signal.startsWith(`${name}_`))
}
