/**
 * The receiving half of an FDCAN: acceptance filters and the two receive FIFOs. RM0456, "Rx
 * handling".
 */
import type { CanFrame } from '../lines/can-frame.ts'
import type { RegisterFile } from '../registers.ts'
import { type CanInterrupt, ELEMENTS, type fdcanLayout, RAM } from './fdcan-layout.ts'
import type { FilterResult, MessageRam } from './fdcan-ram.ts'

type FifoNumber = 0 | 1
type Raise = (...flags: CanInterrupt[]) => void

const FIFO = [
  { place: RAM.fifo0, isNew: 'RF0N', isFull: 'RF0F', isLost: 'RF0L' },
  { place: RAM.fifo1, isNew: 'RF1N', isFull: 'RF1F', isLost: 'RF1L' },
] as const
/** MSI of the high priority message status. */
const STORED = { no: 0, overrun: 1, fifo0: 2, fifo1: 3 } as const

export class FdcanReceiver {
  readonly #registers: RegisterFile<typeof fdcanLayout>
  readonly #ram: MessageRam
  readonly #raise: Raise
  readonly #state = [emptyFifo(), emptyFifo()]

  constructor(registers: RegisterFile<typeof fdcanLayout>, ram: MessageRam, raise: Raise) {
    this.#registers = registers
    this.#ram = ram
    this.#raise = raise
  }

  reset(): void {
    for (const fifo of this.#state) Object.assign(fifo, emptyFifo())
    this.#registers.setAll('HPMS', 0)
    for (const n of [0, 1] as const) this.#show(n)
  }

  /** A frame that has arrived without error. */
  take(frame: CanFrame, timestamp: number): void {
    const r = this.#registers
    const isRejected = frame.isRemote && r.is('RXGFC', frame.isExtended ? 'RRFE' : 'RRFS')
    if (isRejected) return
    const count = r.get('RXGFC', frame.isExtended ? 'LSE' : 'LSS')
    const result = this.#ram.filter(frame, count, r.get('XIDAM'))
    const fifo = result === undefined ? this.#unmatched(frame) : result.fifo
    const stored = fifo === undefined ? STORED.no : this.#put(fifo, frame, timestamp, result?.index)
    if (result?.isPriority === true) this.#note(frame, result, stored)
  }

  #unmatched({ isExtended }: CanFrame): FifoNumber | undefined {
    const where = this.#registers.get('RXGFC', isExtended ? 'ANFE' : 'ANFS')
    return where === 0 || where === 1 ? where : undefined
  }

  #put(n: FifoNumber, frame: CanFrame, timestamp: number, filter: number | undefined): number {
    const fifo = this.#state[n]!
    const { place, isNew, isFull, isLost } = FIFO[n]
    if (fifo.level === ELEMENTS) {
      if (!this.#registers.is('RXGFC', n === 0 ? 'F0OM' : 'F1OM')) {
        fifo.isLost = true
        this.#show(n)
        this.#raise(isLost)
        return STORED.overrun
      }
      // Overwrite: the oldest makes room.
      fifo.get = (fifo.get + 1) % ELEMENTS
      fifo.level--
    }
    this.#ram.store(place + fifo.put * RAM.elementBytes, frame, timestamp, filter)
    fifo.put = (fifo.put + 1) % ELEMENTS
    fifo.level++
    this.#show(n)
    this.#raise(isNew, ...(fifo.level === ELEMENTS ? [isFull] : []))
    return n === 0 ? STORED.fifo0 : STORED.fifo1
  }

  #note(frame: CanFrame, { index }: FilterResult, stored: number): void {
    const r = this.#registers
    const fifo = this.#state[stored === STORED.fifo1 ? 1 : 0]!
    r.set('HPMS', 'BIDX', (fifo.put + ELEMENTS - 1) % ELEMENTS)
    r.set('HPMS', 'MSI', stored)
    r.set('HPMS', 'FIDX', index)
    r.set('HPMS', 'FLST', frame.isExtended)
    this.#raise('HPM')
  }

  /** Software has read up to this element. */
  acknowledge(n: FifoNumber, index: number): void {
    const fifo = this.#state[n]!
    if (fifo.level === 0 || index >= ELEMENTS) return
    const taken = ((index - fifo.get + ELEMENTS) % ELEMENTS) + 1
    fifo.get = (index + 1) % ELEMENTS
    fifo.level = Math.max(0, fifo.level - taken)
    fifo.isLost = false
    this.#show(n)
  }

  isEmpty(n: FifoNumber): boolean {
    return this.#state[n]!.level === 0
  }

  #show(n: FifoNumber): void {
    const { level, get, put, isLost } = this.#state[n]!
    const isFull = level === ELEMENTS
    const word =
      level + get * 2 ** 8 + put * 2 ** 16 + (Number(isFull) + Number(isLost) * 2) * 2 ** 24
    this.#registers.setAll(n === 0 ? 'RXF0S' : 'RXF1S', word)
  }
}

function emptyFifo() {
  return { level: 0, get: 0, put: 0, isLost: false }
}
