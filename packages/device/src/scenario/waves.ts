/**
 * Waveforms of pins, buses and serial ports as a Value Change Dump. IEEE 1364-2005, "VCD files".
 *
 * Pins are wires; a bus is its bytes (8 bits), whether the last address was for a read, and whether
 * the last one was acknowledged; a serial port is the bytes that the chip sends. Times in
 * nanoseconds of virtual time.
 */
import { parsePin, serialPins } from '@microvisor/mcu'
import type { World } from './world.ts'

interface Signal {
  readonly name: string
  readonly bits: number
  last: string
}

/** Changes kept; what is beyond is counted. */
const CHANGES_MAX = 5_000_000

export class Waves {
  readonly #world: World
  readonly #signals: Signal[] = []
  readonly #changes: string[] = []
  #lastNs = -1
  #count = 0
  isClosed = false

  constructor(world: World, names: readonly string[]) {
    this.#world = world
    for (const name of names) this.#add(name)
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
    ]
    const lost =
      this.#count > CHANGES_MAX ? [`$comment ${this.#count - CHANGES_MAX} changes more $end`] : []
    return `${[...header, ...this.#changes, ...lost].join('\n')}\n`
  }

  #add(name: string): void {
    const { ports } = this.#world.assembly
    if (parsePin(name) !== undefined) {
      const change = this.#signal(name, 1)
      change(Number(ports.level(name)))
      ports.watch(name, (isHigh) => change(Number(isHigh)))
    } else if (name in serialPins) {
      const change = this.#signal(`${name}_TX`, 8)
      ports.hear(name, change)
    } else this.#addBus(name)
  }

  #addBus(name: string): void {
    const data = this.#signal(`${name}_data`, 8)
    const isRead = this.#signal(`${name}_read`, 1)
    const isAcked = this.#signal(`${name}_ack`, 1)
    const isBusy = this.#signal(`${name}_busy`, 1)
    this.#world.assembly.ports.watchBus(name, (event) => {
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

  #signal(name: string, bits: number): (value: number) => void {
    const index = this.#signals.length
    const signal: Signal = { name, bits, last: '' }
    this.#signals.push(signal)
    return (value) => {
      const digits = (value >>> 0).toString(2).slice(-bits).padStart(bits, '0')
      const text = bits === 1 ? digits + code(index) : `b${digits} ${code(index)}`
      // The same byte twice is two bytes.
      if (bits === 1 && text === signal.last) return
      signal.last = text
      this.#change(text)
    }
  }

  #change(text: string): void {
    if (this.isClosed || ++this.#count > CHANGES_MAX) return
    const ns = Math.round(this.#world.assembly.seconds * 1e9)
    if (ns !== this.#lastNs) this.#changes.push(`#${ns}`)
    this.#lastNs = ns
    this.#changes.push(text)
  }
}

/** Identifier codes: printable characters from ! to ~. */
function code(index: number): string {
  const first = String.fromCharCode(33 + (index % 94))
  return index < 94 ? first : first + code(Math.floor(index / 94) - 1)
}
