/**
 * The message RAM of an FDCAN: elements as frames, filters. RM0456, "Message RAM", "FDCAN Rx FIFO
 * element", "FDCAN Tx buffer element", "standard" and "extended message ID filter element".
 */
import { type CanFrame, codeOf, lengthOf } from '../lines/can-frame.ts'
import { RAM } from './fdcan-layout.ts'

const [ESI, XTD, RTR] = [2 ** 31, 1 << 30, 1 << 29]
const [FDF, BRS] = [1 << 21, 1 << 20]
const CLASSICAL_BYTES_MAX = 8

/** What a filter wants done: FIFO to store in, or not; and whether it is of high priority. */
export interface FilterResult {
  readonly fifo: 0 | 1 | undefined
  readonly isPriority: boolean
  readonly index: number
}

export interface TransmitElement {
  readonly frame: CanFrame
  readonly marker: number
  readonly wantsEvent: boolean
}

export class MessageRam {
  readonly bytes = new Uint8Array(0x800)
  readonly #view = new DataView(this.bytes.buffer)

  word(at: number): number {
    return this.#view.getUint32(at, true)
  }

  setWord(at: number, value: number): void {
    this.#view.setUint32(at, value >>> 0, true)
  }

  /** `isFd`, `hasSwitch`: what the configuration allows. */
  readTransmit(
    buffer: number,
    allowed: { isFd: boolean; hasSwitch: boolean; isPassive: boolean },
  ): TransmitElement {
    const at = RAM.transmit + buffer * RAM.elementBytes
    const [first, second] = [this.word(at), this.word(at + 4)]
    const isExtended = (first & XTD) !== 0
    const isFd = allowed.isFd && (second & FDF) !== 0
    const code = (second >>> 16) & 15
    const isRemote = !isFd && (first & RTR) !== 0
    const length = isFd ? lengthOf[code]! : Math.min(lengthOf[code]!, CLASSICAL_BYTES_MAX)
    return {
      marker: second >>> 24,
      wantsEvent: (second & (1 << 23)) !== 0,
      frame: {
        ...{ id: isExtended ? first & 0x1fff_ffff : (first >>> 18) & 0x7ff, isExtended, isRemote },
        ...{ isFd, hasSwitch: isFd && allowed.hasSwitch && (second & BRS) !== 0 },
        isPassive: isFd && (allowed.isPassive || first >= ESI),
        data: isRemote ? new Uint8Array(0) : this.bytes.slice(at + 8, at + 8 + length),
        requested: isRemote ? length : 0,
      },
    }
  }

  store(at: number, frame: CanFrame, timestamp: number, filter: number | undefined): void {
    const rest = filter === undefined ? 2 ** 31 : filter * 2 ** 24
    this.setWord(at, headOf(frame))
    this.setWord(at + 4, rest + formatOf(frame) + timestamp)
    this.bytes.set(frame.data, at + 8)
  }

  storeEvent(
    slot: number,
    { frame, marker }: TransmitElement,
    timestamp: number,
    type: number,
  ): void {
    const at = RAM.events + slot * RAM.eventBytes
    this.setWord(at, headOf(frame))
    this.setWord(at + 4, marker * 2 ** 24 + type * 2 ** 22 + formatOf(frame) + timestamp)
  }

  /** The first filter that matches; undefined where none does. */
  filter(frame: CanFrame, count: number, extendedMask: number): FilterResult | undefined {
    for (let n = 0; n < count; n++) {
      const action = frame.isExtended
        ? this.#extendedFilter(n, frame.id, extendedMask)
        : this.#standardFilter(n, frame.id)
      if (action !== undefined && action !== 0) return resultOf(action, n)
    }
    return undefined
  }

  /** SFEC or EFEC of a filter that matches. */
  #standardFilter(n: number, id: number): number | undefined {
    const word = this.word(RAM.standardFilters + n * 4)
    const [first, second] = [(word >>> 16) & 0x7ff, word & 0x7ff]
    return matches(word >>> 30, id, first, second) ? (word >>> 27) & 7 : undefined
  }

  #extendedFilter(n: number, id: number, mask: number): number | undefined {
    const at = RAM.extendedFilters + n * 8
    const [one, two] = [this.word(at), this.word(at + 4)]
    const type = two >>> 30
    const [first, second] = [one & 0x1fff_ffff, two & 0x1fff_ffff]
    const seen = type === 3 ? id : (id & mask) >>> 0
    return matches(type === 3 ? 0 : type, seen, first, second) ? one >>> 29 : undefined
  }
}

/** Range, two identifiers, identifier and mask. */
function matches(type: number, id: number, first: number, second: number): boolean {
  if (type === 0) return id >= first && id <= second
  if (type === 1) return id === first || id === second
  return type === 2 && (id & second) === (first & second)
}

/** 1, 2: FIFO 0 or 1; 3: reject; 4: priority only; 5, 6: priority and FIFO. */
function resultOf(action: number, index: number): FilterResult {
  const fifo = action === 1 || action === 5 ? 0 : action === 2 || action === 6 ? 1 : undefined
  return { fifo, isPriority: action >= 4 && action <= 6, index }
}

function headOf({ id, isExtended, isRemote, isPassive }: CanFrame): number {
  const place = isExtended ? id + XTD : id * 2 ** 18
  return place + (isRemote ? RTR : 0) + (isPassive ? ESI : 0)
}

function formatOf(frame: CanFrame): number {
  const code = codeOf(frame.isRemote ? frame.requested : frame.data.length)
  return code * 2 ** 16 + (frame.isFd ? FDF : 0) + (frame.hasSwitch ? BRS : 0)
}
