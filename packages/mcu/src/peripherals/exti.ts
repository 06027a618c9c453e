/**
 * EXTI: extended interrupts and events. RM0456, chapter "Extended interrupts and event controller
 * (EXTI)".
 *
 * Lines 0 to 15 watch the pin of that number on the port that EXTICR selects, the others a source
 * inside the chip. An edge that RTSR or FTSR asks for, or a one written to SWIER, sets the pending
 * bit of its direction; the interrupt line is high while a pending bit of an unmasked line is set.
 * Software clears pending bits by writing ones. A line that SECCFGR1 or PRIVCFGR1 keeps is not
 * visible to who may not use it; LOCKR ends changes to both.
 *
 * Tagged: events without interrupt (EMR1). Lines 19 to 23 never have an edge: the supplies that they
 * watch (all but VDD) are always good.
 */
import type { InterruptName } from '../interrupts.ts'
import type { Pad } from '../pins/pad.ts'
import { portNames } from '../pins/ports.ts'
import { each, once, RegisterFile, reg, rw, tagged, w1c } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const LINES = 24
const PIN_LINES = 16

/** What drives the lines beyond the pins, by the name of its wire. */
const SOURCES: Readonly<Record<number, string>> = {
  16: 'PVD_OUT',
  17: 'COMP1_OUT',
  18: 'COMP2_OUT',
}

const lineBits = (name: string, field: (bit: number) => ReturnType<typeof rw>) =>
  each(name, LINES, 1, field)
const selectors = (offset: number, first: number) => reg(offset, each('EXTI', 4, 8, rw, first))

export const extiLayout = {
  RTSR1: reg(0x00, lineBits('RT', rw)),
  FTSR1: reg(0x04, lineBits('FT', rw)),
  SWIER1: reg(0x08, lineBits('SWI', rw)),
  RPR1: reg(0x0c, lineBits('RPIF', w1c)),
  FPR1: reg(0x10, lineBits('FPIF', w1c)),
  SECCFGR1: reg(0x14, lineBits('SEC', rw)),
  PRIVCFGR1: reg(0x18, lineBits('PRIV', rw)),
  EXTICR1: selectors(0x60, 0),
  EXTICR2: selectors(0x64, 4),
  EXTICR3: selectors(0x68, 8),
  EXTICR4: selectors(0x6c, 12),
  LOCKR: reg(0x70, { LOCK: once(0) }),
  IMR1: reg(0x80, lineBits('IM', rw)),
  EMR1: reg(0x84, lineBits('EM', tagged)),
} as const

export class Exti implements Peripheral {
  readonly registers: RegisterFile<typeof extiLayout>
  readonly #wiring: Wiring
  readonly #outputs: readonly (Output | undefined)[]
  /** Pad that a pin line listens to, and how to stop it. */
  readonly #watched: ({ readonly pad: Pad; readonly stop: () => void } | undefined)[] = []

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#outputs = Array.from({ length: LINES }, (_, line) => {
      const name = interruptOf(line)
      return name === undefined ? undefined : wiring.interrupt(name)
    })
    this.registers = this.#makeRegisters()
    for (const [line, source] of Object.entries(SOURCES)) {
      wiring.wire(source).listen((isHigh) => this.#edge(Number(line), isHigh))
    }
  }

  reset(): void {
    this.registers.reset()
    this.#rewatch()
    this.#update()
  }

  #makeRegisters(): RegisterFile<typeof extiLayout> {
    const visible = (isSecure: boolean) =>
      isSecure ? 0xffff_ffff : ~this.registers.get('SECCFGR1') >>> 0
    const watching = { visible, write: () => this.#rewatch() }
    const updating = { visible, write: () => this.#update() }
    const selecting = (register: number) => ({
      visible: (isSecure: boolean) => spread(visible(isSecure) >>> (register * 4)),
      write: () => this.#rewatch(),
    })
    const lockable = { writable: () => !this.registers.is('LOCKR', 'LOCK') }
    return new RegisterFile(extiLayout, {
      ...{ RTSR1: watching, FTSR1: watching, RPR1: updating, FPR1: updating, IMR1: updating },
      SWIER1: { visible, write: (written) => this.#software(written) },
      ...{ EXTICR1: selecting(0), EXTICR2: selecting(1) },
      ...{ EXTICR3: selecting(2), EXTICR4: selecting(3) },
      SECCFGR1: { ...lockable, visible: (isSecure) => (isSecure ? 0xffff_ffff : 0) },
      PRIVCFGR1: { ...lockable, visible },
      EMR1: { visible },
    })
  }

  /** Listens to the pads of the lines that look for edges, and to no others. */
  #rewatch(): void {
    const { registers: r } = this
    const looking = r.get('RTSR1') | r.get('FTSR1')
    for (let line = 0; line < PIN_LINES; line++) {
      const pad = (looking >>> line) & 1 ? this.#padOf(line) : undefined
      const watched = this.#watched[line]
      if (watched?.pad === pad) continue
      watched?.stop()
      const stop = pad?.listen((isHigh) => this.#edge(line, isHigh))
      this.#watched[line] = pad && stop && { pad, stop }
    }
  }

  #padOf(line: number): Pad | undefined {
    const register = `EXTICR${(line >> 2) + 1}` as 'EXTICR1'
    const port = portNames[this.registers.get(register, `EXTI${line}`)]
    return port === undefined ? undefined : this.#wiring.pins.pad(`P${port}${line}`)
  }

  #edge(line: number, isRising: boolean): void {
    const { registers: r } = this
    const isWanted = (r.get(isRising ? 'RTSR1' : 'FTSR1') >>> line) & 1
    if (isWanted) this.#pend(isRising ? 'RPR1' : 'FPR1', 1 << line)
  }

  /** SWIER: a bit that becomes one is a rising edge; it goes back to zero when its flag is cleared. */
  #software(written: number): void {
    const all = 2 ** LINES - 1
    if (written & all) this.#pend('RPR1', written & all)
    this.registers.setAll('SWIER1', 0)
  }

  #pend(register: 'RPR1' | 'FPR1', lines: number): void {
    this.registers.setAll(register, this.registers.get(register) | lines)
    for (let line = 0; line < LINES; line++) {
      if ((lines >>> line) & 1) this.#wiring.wire(`EXTI${line}`).pulse()
    }
    this.#update()
  }

  #update(): void {
    const { registers: r } = this
    const active = (r.get('RPR1') | r.get('FPR1')) & r.get('IMR1')
    for (let line = 0; line < LINES; line++) this.#outputs[line]?.set(((active >>> line) & 1) === 1)
  }
}

function interruptOf(line: number): InterruptName | undefined {
  if (line < PIN_LINES) return `EXTI${line}` as InterruptName
  if (line === 17 || line === 18) return 'COMP'
  return line < 23 ? 'PVD_PVM' : undefined
}

/** Each of the low four bits becomes eight. */
function spread(bits: number): number {
  let mask = 0
  for (let at = 0; at < 4; at++) if ((bits >>> at) & 1) mask |= 0xff << (at * 8)
  return mask >>> 0
}

export const extis = { EXTI: (wiring) => new Exti(wiring) } satisfies Makers
