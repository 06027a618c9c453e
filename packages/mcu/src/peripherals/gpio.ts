/**
 * GPIO: one port of general-purpose pins. RM0456, chapter "General-purpose I/Os (GPIO)".
 *
 * A pin's level is what drives it: its output stage, else the world outside (`drive`), else its
 * pull, else low. Pins that SECCFGR keeps for the secure side read as zero and ignore writes of
 * non-secure code. LCKR freezes the configuration until reset.
 *
 * Tagged: output speed and high-speed low-voltage mode. Not modelled: two drivers against each
 * other (the output stage wins), analog levels.
 */
import { each, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'

const PINS = 16

const MODE = { input: 0, output: 1, alternate: 2, analog: 3 } as const
const PULL_UP = 1
const LOCK_KEY = 0x1_0000

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

export interface GpioEvents {
  /** The level of a pin changed. */
  level(pin: number, isHigh: boolean): void
}

export class Gpio {
  readonly registers: RegisterFile<ReturnType<typeof gpioLayout>>
  readonly #events: GpioEvents
  /** What the world outside drives: undefined is nothing. */
  readonly #outside: (boolean | undefined)[] = new Array(PINS).fill(undefined)
  /** What a peripheral drives through the alternate function. */
  readonly #alternate: boolean[] = new Array(PINS).fill(true)
  #levels = 0
  #lockStep = 0

  constructor(port: string, events: GpioEvents) {
    this.#events = events
    const update = { write: () => this.#update() }
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
    this.registers = new RegisterFile(gpioLayout(port), {
      ...{ MODER: locked('MODER', 2), OTYPER: locked('OTYPER', 1) },
      ...{ OSPEEDR: locked('OSPEEDR', 2), PUPDR: locked('PUPDR', 2) },
      IDR: { ...one, read: () => this.#inputs() },
      ODR: { ...one, ...update },
      BSRR: { visible: (s) => this.#visible(s, 1) * 0x1_0001, write: (v) => this.#setReset(v) },
      LCKR: { write: (written, before) => this.#lock(written, before) },
      AFRL: nibble(0),
      AFRH: nibble(8),
      BRR: { ...one, write: (v) => this.#setReset(v * 0x1_0000) },
      SECCFGR: { visible: (isSecure) => (isSecure ? 0xffff : 0) },
    })
    this.#levels = this.#computeLevels()
  }

  reset(): void {
    this.registers.reset()
    this.#lockStep = 0
    this.#update()
  }

  level(pin: number): boolean {
    return ((this.#levels >>> pin) & 1) === 1
  }

  /** The world outside drives a pin high, low, or lets it go. */
  drive(pin: number, level: boolean | undefined): void {
    this.#outside[pin] = level
    this.#update()
  }

  /** A peripheral drives the pin where its alternate function is selected. */
  driveAlternate(pin: number, level: boolean): void {
    this.#alternate[pin] = level
    this.#update()
  }

  /** Makes pins outputs with these levels, all at once, as the secure side does with its own. */
  driveSecurePins(levels: readonly (readonly [pin: number, isHigh: boolean])[]): void {
    for (const [pin, isHigh] of levels) {
      this.registers.set('MODER', `MODE${pin}`, MODE.output)
      this.registers.set('ODR', `OD${pin}`, isHigh)
    }
    this.#update()
  }

  /** True if the pin's alternate function is this one and in use. */
  isAlternate(pin: number, fn: number): boolean {
    const selected =
      pin < 8
        ? this.registers.get('AFRL', `AFSEL${pin}`)
        : this.registers.get('AFRH', `AFSEL${pin}`)
    return this.#mode(pin) === MODE.alternate && selected === fn
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

  #update(): void {
    const levels = this.#computeLevels()
    const changed = levels ^ this.#levels
    this.#levels = levels
    for (let pin = 0; pin < PINS; pin++) {
      if ((changed >>> pin) & 1) this.#events.level(pin, ((levels >>> pin) & 1) === 1)
    }
  }

  #computeLevels(): number {
    let levels = 0
    for (let pin = 0; pin < PINS; pin++) if (this.#pinLevel(pin)) levels |= 1 << pin
    return levels
  }

  #pinLevel(pin: number): boolean {
    const mode = this.#mode(pin)
    const drives = mode === MODE.output || mode === MODE.alternate
    const wanted =
      mode === MODE.output ? this.registers.is('ODR', `OD${pin}`) : this.#alternate[pin]
    const isOpenDrain = this.registers.is('OTYPER', `OT${pin}`)
    if (drives && !(isOpenDrain && wanted)) return wanted
    return this.#outside[pin] ?? this.registers.get('PUPDR', `PUPD${pin}`) === PULL_UP
  }

  /** BSRR: set wins over reset. */
  #setReset(value: number): void {
    const odr = this.registers.get('ODR')
    this.registers.setAll('ODR', (odr & ~(value >>> PINS)) | (value & 0xffff))
    this.#update()
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
    this.registers.setAll(name, (now & ~mask) | (before & mask))
    this.#update()
  }

  /** Bits of a register with `width` bits a pin, first pin `from`, that this master may use. */
  #visible(isSecure: boolean, width: number, from = 0): number {
    if (isSecure) return 0xffff_ffff
    const pins = ~this.registers.get('SECCFGR') & 0xffff
    return spread(pins >>> from, width)
  }
}

/** Each bit of `pins` becomes `width` bits. */
function spread(pins: number, width: number): number {
  let mask = 0
  for (let pin = 0; pin * width < 32 && pin < PINS; pin++) {
    if ((pins >>> pin) & 1) mask |= ((1 << width) - 1) << (pin * width)
  }
  return mask >>> 0
}
