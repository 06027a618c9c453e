/**
 * GPIO: one port of general-purpose pins. RM0456, chapter "General-purpose I/Os (GPIO)".
 *
 * Decides what the chip does to each pad: drive it from ODR or from the signal of its alternate
 * function, pull it, or leave it. What the pad's level is then, pins/pad.ts knows. Pins that SECCFGR
 * keeps for the secure side read as zero and ignore writes of non-secure code. LCKR freezes the
 * configuration until reset.
 *
 * Tagged: high-speed low-voltage mode. Output speed is stored and makes no difference.
 */
import { alternateFunctions } from '../pins/alternate-functions.ts'
import type { Pad } from '../pins/pad.ts'
import type { Pins } from '../pins/pins.ts'
import { PINS_PER_PORT as PINS, type PortName, portNames } from '../pins/ports.ts'
import { each, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Makers } from '../wiring.ts'

const MODE = { input: 0, output: 1, alternate: 2, analog: 3 } as const
const PULL = { up: 1, down: 2 } as const
const LOCK_KEY = 0x1_0000
const ALL = 0xffff

/** Port A starts with the debug pins in use, port B with JTDO and NJTRST: RM0456, reset values. */
const resetValues = {
  A: { MODER: 0xabff_ffff, OSPEEDR: 0x0800_0000, PUPDR: 0x6400_0000 },
  B: { MODER: 0xffff_febf, OSPEEDR: 0x0000_0080, PUPDR: 0x0000_0100 },
  other: { MODER: 0xffff_ffff, OSPEEDR: 0, PUPDR: 0 },
} as const

export const gpioLayout = (port: string) => {
  const reset = port === 'A' || port === 'B' ? resetValues[port] : resetValues.other
  return {
    MODER: reg(0x00, each('MODE', PINS, 2, rw), reset.MODER),
    OTYPER: reg(0x04, each('OT', PINS, 1, rw)),
    OSPEEDR: reg(0x08, each('OSPEED', PINS, 2, rw), reset.OSPEEDR),
    PUPDR: reg(0x0c, each('PUPD', PINS, 2, rw), reset.PUPDR),
    IDR: reg(0x10, each('ID', PINS, 1, ro)),
    ODR: reg(0x14, each('OD', PINS, 1, rw)),
    BSRR: reg(0x18, { BS: wo(0, PINS), BR: wo(PINS, PINS) }),
    LCKR: reg(0x1c, { ...each('LCK', PINS, 1, rw), LCKK: rw(16) }),
    AFRL: reg(0x20, each('AFSEL', 8, 4, rw)),
    AFRH: reg(0x24, each('AFSEL', 8, 4, rw, 8)),
    BRR: reg(0x28, { BR: wo(0, PINS) }),
    HSLVR: reg(0x2c, each('HSLV', PINS, 1, tagged)),
    SECCFGR: reg(0x30, each('SEC', PINS, 1, rw), 0xffff),
  } as const
}

const layouts = Object.fromEntries(portNames.map((port) => [port, gpioLayout(port)])) as Record<
  PortName,
  ReturnType<typeof gpioLayout>
>

export class Gpio {
  readonly registers: RegisterFile<ReturnType<typeof gpioLayout>>
  readonly #pins: Pins
  readonly #pads: readonly Pad[]
  readonly #signals: readonly (readonly (string | undefined)[])[]
  /** Levels of the pads, bit by pin. */
  #levels = 0
  #lockStep = 0

  constructor(port: PortName, pins: Pins) {
    this.#pins = pins
    this.#pads = pins.port(port)
    this.#signals = this.#pads.map(({ name }) => alternateFunctions(name))
    this.#pads.forEach((pad, pin) => {
      pad.listen((isHigh) => {
        this.#levels = (this.#levels & ~(1 << pin)) | (Number(isHigh) << pin)
      })
      pins.onDriven(pad, () => this.#driveOne(pin))
    })
    this.registers = this.#makeRegisters(port)
    this.#drive(ALL)
  }

  #makeRegisters(port: PortName): RegisterFile<ReturnType<typeof gpioLayout>> {
    const one = { visible: (isSecure: boolean) => this.#visible(isSecure, 1) }
    const two = { visible: (isSecure: boolean) => this.#visible(isSecure, 2) }
    const nibble = (from: number) => ({
      visible: (isSecure: boolean) => this.#visible(isSecure, 4, from),
      write: (_: number, before: number) =>
        this.#keepLocked(from === 0 ? 'AFRL' : 'AFRH', 4, from, before),
    })
    const locked = (name: 'MODER' | 'OTYPER' | 'OSPEEDR' | 'PUPDR', width: number) => ({
      ...(width === 1 ? one : two),
      write: (_: number, before: number) => this.#keepLocked(name, width, 0, before),
    })
    return new RegisterFile(layouts[port], {
      ...{ MODER: locked('MODER', 2), OTYPER: locked('OTYPER', 1) },
      ...{ OSPEEDR: locked('OSPEEDR', 2), PUPDR: locked('PUPDR', 2) },
      IDR: { ...one, read: () => this.#inputs() },
      ODR: { ...one, write: (_, before) => this.#output(before) },
      BSRR: { visible: (s) => this.#visible(s, 1) * 0x1_0001, write: (v) => this.#setReset(v) },
      LCKR: { write: (written, before) => this.#lock(written, before) },
      AFRL: nibble(0),
      AFRH: nibble(8),
      BRR: { ...one, write: (v) => this.#setReset(v * 0x1_0000) },
      SECCFGR: { visible: (isSecure) => (isSecure ? 0xffff : 0) },
    })
  }

  reset(): void {
    this.registers.reset()
    this.#lockStep = 0
    this.#drive(ALL)
  }

  level(pin: number): boolean {
    return this.#pads[pin]!.isHigh
  }

  /** True if the pin's alternate function is this one and in use. */
  isAlternate(pin: number, fn: number): boolean {
    return this.#mode(pin) === MODE.alternate && this.#alternate(pin) === fn
  }

  /** Makes pins outputs with these levels, all at once, as the secure side does with its own. */
  driveSecurePins(levels: readonly (readonly [pin: number, isHigh: boolean])[]): void {
    for (const [pin, isHigh] of levels) {
      this.registers.set('MODER', `MODE${pin}`, MODE.output)
      this.registers.set('ODR', `OD${pin}`, isHigh)
    }
    this.#drive(ALL)
  }

  #mode(pin: number): number {
    return this.registers.get('MODER', `MODE${pin}`)
  }

  /** Analog pins have no digital input. */
  #inputs(): number {
    let inputs = this.#levels
    for (let pin = 0; pin < PINS; pin++) if (this.#mode(pin) === MODE.analog) inputs &= ~(1 << pin)
    return inputs
  }

  /** Tells every pad of the mask what the chip does to it now. */
  #drive(pins: number): void {
    this.#pins.atOnce(() => {
      for (let pin = 0; pin < PINS; pin++) if ((pins >>> pin) & 1) this.#driveOne(pin)
    })
  }

  #driveOne(pin: number): void {
    const { registers: r } = this
    const pad = this.#pads[pin]!
    const mode = this.#mode(pin)
    const isAlternate = mode === MODE.alternate
    this.#pins.route(pad, isAlternate ? this.#signals[pin]![this.#alternate(pin)] : undefined)
    const pull = mode === MODE.analog ? 0 : r.get('PUPDR', `PUPD${pin}`)
    pad.chip.pull(pull === PULL.up ? true : pull === PULL.down ? false : undefined)
    let level: boolean | undefined
    if (mode === MODE.output) level = r.is('ODR', `OD${pin}`)
    else if (isAlternate) level = this.#pins.drivenOn(pad)
    pad.chip.drive(level === true && r.is('OTYPER', `OT${pin}`) ? undefined : level)
  }

  #alternate(pin: number): number {
    const { registers: r } = this
    return pin < 8 ? r.get('AFRL', `AFSEL${pin}`) : r.get('AFRH', `AFSEL${pin}`)
  }

  #output(before: number): void {
    this.#drive(before ^ this.registers.get('ODR'))
  }

  /** BSRR: set wins over reset. */
  #setReset(value: number): void {
    const odr = this.registers.get('ODR')
    this.registers.setAll('ODR', (odr & ~(value >>> PINS)) | (value & 0xffff))
    this.#output(odr)
  }

  /** LCKR: 1, 0, 1 in the key bit with the same pins, then a read, locks (RM0456, GPIOx_LCKR). */
  #lock(written: number, before: number): void {
    if ((before & LOCK_KEY) !== 0) {
      this.registers.setAll('LCKR', before)
      return
    }
    const pins = written & 0xffff
    const key = (written & LOCK_KEY) !== 0
    const expectsKey = this.#lockStep !== 1
    const samePins = this.#lockStep === 0 || pins === (before & 0xffff)
    this.#lockStep = key === expectsKey && samePins ? this.#lockStep + 1 : key ? 1 : 0
    this.registers.setAll('LCKR', this.#lockStep === 3 ? pins | LOCK_KEY : pins)
  }

  #lockedPins(): number {
    const lckr = this.registers.get('LCKR')
    return (lckr & LOCK_KEY) === 0 ? 0 : lckr & 0xffff
  }

  #keepLocked(
    name: 'MODER' | 'OTYPER' | 'OSPEEDR' | 'PUPDR' | 'AFRL' | 'AFRH',
    width: number,
    from: number,
    before: number,
  ): void {
    const mask = spread(this.#lockedPins() >>> from, width)
    const now = this.registers.get(name)
    const kept = ((now & ~mask) | (before & mask)) >>> 0
    this.registers.setAll(name, kept)
    this.#drive(changedPins(kept ^ before, width) << from)
  }

  /** Bits of a register with `width` bits a pin, first pin `from`, that this master may use. */
  #visible(isSecure: boolean, width: number, from = 0): number {
    if (isSecure) return 0xffff_ffff
    const pins = ~this.registers.get('SECCFGR') & 0xffff
    return spread(pins >>> from, width)
  }
}

/** The pins of which any of `width` bits is set. */
function changedPins(bits: number, width: number): number {
  let pins = 0
  for (let pin = 0; pin * width < 32 && pin < PINS; pin++) {
    if ((bits >>> (pin * width)) & ((1 << width) - 1)) pins |= 1 << pin
  }
  return pins
}

/** Each bit of `pins` becomes `width` bits. */
function spread(pins: number, width: number): number {
  let mask = 0
  for (let pin = 0; pin * width < 32 && pin < PINS; pin++) {
    if ((pins >>> pin) & 1) mask |= ((1 << width) - 1) << (pin * width)
  }
  return mask >>> 0
}

/** Only these pins are the secure side's. */
export function keepPins(
  ports: Readonly<Record<PortName, Gpio>>,
  kept: readonly (readonly [PortName, number])[],
): void {
  for (const port of portNames) ports[port].registers.setAll('SECCFGR', 0)
  for (const [port, pin] of kept) ports[port].registers.set('SECCFGR', `SEC${pin}`, true)
}

export const gpios = {
  GPIOA: ({ pins }) => new Gpio('A', pins),
  GPIOB: ({ pins }) => new Gpio('B', pins),
  GPIOC: ({ pins }) => new Gpio('C', pins),
  GPIOD: ({ pins }) => new Gpio('D', pins),
  GPIOE: ({ pins }) => new Gpio('E', pins),
  GPIOF: ({ pins }) => new Gpio('F', pins),
  GPIOG: ({ pins }) => new Gpio('G', pins),
  GPIOH: ({ pins }) => new Gpio('H', pins),
  GPIOI: ({ pins }) => new Gpio('I', pins),
} satisfies Makers
