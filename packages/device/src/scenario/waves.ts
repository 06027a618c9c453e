/**
 * Waveforms of pins, buses and serial ports as a Value Change Dump. IEEE 1364-2005, "VCD files".
 *
 * A pin is a wire. A serial port is its lines (`USART1_TX`, `USART1_RX`), so is a CAN controller, an I2C or SPI bus its own
 * (`I2C1_SCL`, `I2C1_SDA`; `SPI1_SCK`, `SPI1_MOSI`, `SPI1_MISO`), with every edge, so that a logic
 * analyser's software decodes them; a pin that carries one of these has them, too. `I2C1:bytes` is
 * what passes byte by byte, for viewers that decode nothing; PulseView does not read files that have
 * it. Times in nanoseconds of virtual time.
 *
 *   (1) The chip tells of a transfer when it is over; its edges lie before that, and are put in order
 *       when the file is made. One that is under way at the end is not in it.
 */
import { I2C_NAMES, type LineTransfer, parsePin, serialPins } from '@microvisor/mcu'
import type { World } from './world.ts'

/** Its classical frames; FD frames are not drawn. */
export const CAN = 'FDCAN1'
/** Changes kept; what is beyond is counted. */
const CHANGES_MAX = 5_000_000

interface Signal {
  readonly name: string
  readonly bits: number
  /** Before anything happens; of a line, whose transfers begin while it is idle, its first level. */
  initial: number | undefined
}

/** Puts a value at a time, or at the present one. */
type Change = (value: number, ns?: number) => void

export class Waves {
  readonly #world: World
  readonly #signals: Signal[] = []
  /** Changes in the order in which they became known: when, of which signal, to what. */
  readonly #times: number[] = []
  readonly #changed: number[] = []
  readonly #values: number[] = []
  /** What draws the edges of a line, and of a pin. */
  readonly #lines = new Map<string, Change>()
  readonly #pins = new Map<string, Change>()
  #lost = 0
  #closedNs: number | undefined

  constructor(world: World, names: readonly string[]) {
    this.#world = world
    for (const name of names) this.#add(name)
    if (names.length > 0) world.board.chip.pins.onLines = (transfer) => this.#draw(transfer)
  }

  /** Nothing that happens from now on is in the file. */
  close(): void {
    this.#closedNs ??= this.#nowNs
  }

  /** The whole file. */
  toString(): string {
    const header = [
      '$timescale 1ns $end',
      '$scope module board $end',
      ...this.#signals.map(
        ({ name, bits }, i) =>
          `$var ${bits === 1 ? 'wire' : 'reg'} ${bits} ${code(i)} ${name} $end`,
      ),
      '$upscope $end',
      '$enddefinitions $end',
      ...['#0', '$dumpvars'],
      ...this.#signals.map(({ initial }, i) => this.#text(i, initial)),
      '$end',
    ]
    const lost = this.#lost > 0 ? [`$comment ${this.#lost} changes more $end`] : []
    return `${[...header, ...this.#body(), ...lost].join('\n')}\n`
  }

  #body(): string[] {
    const order = Uint32Array.from(this.#times.keys())
    order.sort((a, b) => this.#times[a]! - this.#times[b]! || a - b)
    const last = this.#signals.map(({ initial }) => initial)
    const lines: string[] = []
    let ns = 0
    for (const n of order) {
      const signal = this.#changed[n]!
      const value = this.#values[n]!
      // The same byte twice is two bytes; the same level is nothing.
      if (this.#signals[signal]!.bits === 1 && last[signal] === value) continue
      last[signal] = value
      if (this.#times[n] !== ns) lines.push(`#${this.#times[n]}`)
      ns = this.#times[n]!
      lines.push(this.#text(signal, value))
    }
    const endNs = this.#closedNs ?? this.#nowNs
    return endNs > ns ? [...lines, `#${endNs}`] : lines
  }

  #text(signal: number, value: number | undefined): string {
    const { bits } = this.#signals[signal]!
    const digits = value === undefined ? 'x' : value.toString(2).padStart(bits, '0')
    return bits === 1 ? digits + code(signal) : `b${digits} ${code(signal)}`
  }

  get #nowNs(): number {
    return Math.round(this.#world.assembly.seconds * 1e9)
  }

  #add(name: string): void {
    const { ports } = this.#world.assembly
    if (parsePin(name) !== undefined) {
      const change = this.#signal(name, 1, Number(ports.level(name)))
      ports.watch(name, (isHigh) => change(Number(isHigh)))
      this.#pins.set(name, change)
      return
    }
    const [port = '', isBytes] = name.split(':')
    if (isBytes !== undefined) this.#addBytes(port)
    else for (const line of linesOf(port)) this.#line(`${port}_${line}`)
  }

  #line(name: string): void {
    this.#lines.set(name, this.#signal(name, 1))
  }

  #addBytes(name: string): void {
    const { ports } = this.#world.assembly
    if (name in serialPins) {
      ports.hear(name, this.#signal(`${name}_sent`, 8))
      return
    }
    const data = this.#signal(`${name}_data`, 8)
    const isRead = this.#signal(`${name}_read`, 1)
    const isAcked = this.#signal(`${name}_ack`, 1)
    const isBusy = this.#signal(`${name}_busy`, 1, 0)
    ports.watchBus(name, (event) => {
      isBusy(event.kind === 'stop' ? 0 : 1)
      if (event.kind === 'start') {
        data((event.address << 1) | Number(event.isRead))
        isRead(Number(event.isRead))
      }
      if (event.kind === 'exchange') data(event.out)
      if ('byte' in event) data(event.byte)
      if ('isAcked' in event) isAcked(Number(event.isAcked))
    })
  }

  /** The edges of a transfer that has just ended, on its lines and on the pins that carry these. */
  #draw({ bitCycles, edges }: LineTransfer): void {
    const { pins, time, cpu } = this.#world.board.chip
    const endNs = this.#world.assembly.seconds * 1e9
    const bitNs = endNs - time.exactMicroseconds(cpu.cycles - bitCycles) * 1e3
    const drawn = new Map<string, readonly Change[]>()
    for (const [signal, bitsBefore, isHigh] of edges) {
      let changes = drawn.get(signal)
      if (changes === undefined) {
        const names = pins.signal(signal).pads.map(({ name }) => name)
        const found = [this.#lines.get(signal), ...names.map((name) => this.#pins.get(name))]
        changes = found.filter((change) => change !== undefined)
        drawn.set(signal, changes)
      }
      const ns = Math.max(0, Math.round(endNs - bitsBefore * bitNs))
      for (const change of changes) change(Number(isHigh), ns)
    }
  }

  #signal(name: string, bits: number, initial?: number): Change {
    const index = this.#signals.length
    this.#signals.push({ name, bits, initial })
    const mask = 2 ** bits - 1
    return (value, ns = this.#nowNs) => {
      if (this.#closedNs !== undefined) return
      if (this.#times.length >= CHANGES_MAX) {
        this.#lost++
        return
      }
      if (this.#lines.has(name)) this.#signals[index]!.initial ??= value
      this.#times.push(ns)
      this.#changed.push(index)
      this.#values.push((value & mask) >>> 0)
    }
  }
}

function linesOf(name: string): readonly string[] {
  if (name in serialPins || name === CAN) return ['TX', 'RX']
  return (I2C_NAMES as readonly string[]).includes(name) ? ['SCL', 'SDA'] : ['SCK', 'MOSI', 'MISO']
}

/** Identifier codes: printable characters from ! to ~. */
function code(index: number): string {
  const first = String.fromCharCode(33 + (index % 94))
  return index < 94 ? first : first + code(Math.floor(index / 94) - 1)
}
