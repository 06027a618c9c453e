/**
 * The transmitting half of an FDCAN: three buffers as a FIFO or as a queue by priority, their
 * requests and cancellations, and the FIFO of transmit events. RM0456, "Tx handling".
 */
import { type CanFrame, priorityOf } from '../lines/can-frame.ts'
import type { RegisterFile } from '../registers.ts'
import { type CanInterrupt, ELEMENTS, type fdcanLayout } from './fdcan-layout.ts'
import type { MessageRam, TransmitElement } from './fdcan-ram.ts'

const BUFFERS = [0, 1, 2] as const
/** ET of a transmit event. */
const EVENT = { sent: 1, sentInSpiteOfCancellation: 2 } as const

export class FdcanTransmitter {
  readonly #registers: RegisterFile<typeof fdcanLayout>
  readonly #ram: MessageRam
  readonly #raise: (...flags: CanInterrupt[]) => void
  readonly #isPassive: () => boolean
  #get = 0
  #put = 0
  #fill = 0
  readonly #event = { level: 0, get: 0, put: 0, isLost: false }
  /** The buffer that is on the bus. */
  #onBus: { readonly buffer: number; readonly element: TransmitElement } | undefined
  #cancelled = 0

  constructor(
    registers: RegisterFile<typeof fdcanLayout>,
    parts: {
      readonly ram: MessageRam
      readonly raise: (...flags: CanInterrupt[]) => void
      readonly isPassive: () => boolean
    },
  ) {
    this.#registers = registers
    this.#ram = parts.ram
    this.#raise = parts.raise
    this.#isPassive = parts.isPassive
  }

  reset(): void {
    this.#get = 0
    this.#put = 0
    this.#fill = 0
    Object.assign(this.#event, { level: 0, get: 0, put: 0, isLost: false })
    this.#onBus = undefined
    this.#cancelled = 0
    for (const name of ['TXBRP', 'TXBTO', 'TXBCF'] as const) this.#registers.setAll(name, 0)
    this.#show()
    this.#showEvents()
  }

  get #isQueue(): boolean {
    return this.#registers.is('TXBC', 'TFQM')
  }

  get #pending(): number {
    return this.#registers.get('TXBRP')
  }

  /** TXBAR: these buffers are to be sent. */
  request(buffers: number): void {
    const r = this.#registers
    const added = buffers & ~this.#pending
    r.setAll('TXBRP', this.#pending | added)
    for (const name of ['TXBTO', 'TXBCF'] as const) r.setAll(name, r.get(name) & ~added)
    for (const buffer of BUFFERS) {
      if (this.#isQueue || (added >> buffer) % 2 === 0) continue
      this.#put = (this.#put + 1) % ELEMENTS
      this.#fill++
    }
    this.#show()
  }

  /** TXBCR: what has not begun is not sent; what is on the bus is not repeated. */
  cancel(buffers: number): void {
    const wanted = buffers & this.#pending
    const onBus = this.#onBus === undefined ? 0 : (1 << this.#onBus.buffer) & wanted
    this.#cancelled |= onBus
    for (const buffer of BUFFERS) {
      if (((wanted & ~onBus) >> buffer) & 1) this.#drop(buffer)
    }
  }

  /** The frame to send next. */
  next(): CanFrame | undefined {
    const buffer = this.#nextBuffer()
    return buffer === undefined ? undefined : this.#read(buffer).frame
  }

  /** It goes onto the bus now. */
  begin(): TransmitElement | undefined {
    const buffer = this.#nextBuffer()
    if (buffer === undefined) return undefined
    this.#onBus = { buffer, element: this.#read(buffer) }
    return this.#onBus.element
  }

  #nextBuffer(): number | undefined {
    const waiting = BUFFERS.filter((buffer) => (this.#pending >> buffer) & 1)
    if (!this.#isQueue) {
      return BUFFERS.map((n) => (this.#get + n) % ELEMENTS).find((n) => (this.#pending >> n) & 1)
    }
    const ranked = waiting.map((buffer) => ({
      buffer,
      priority: priorityOf(this.#read(buffer).frame),
    }))
    return ranked.sort((a, b) => a.priority - b.priority)[0]?.buffer
  }

  #read(buffer: number): TransmitElement {
    const r = this.#registers
    const isFd = r.is('CCCR', 'FDOE')
    return this.#ram.readTransmit(buffer, {
      ...{ isFd, hasSwitch: isFd && r.is('CCCR', 'BRSE'), isPassive: this.#isPassive() },
    })
  }

  succeeded(timestamp: number): void {
    const sent = this.#onBus
    if (sent === undefined) return
    const bit = 1 << sent.buffer
    const r = this.#registers
    const isCancelled = (this.#cancelled & bit) !== 0
    r.setAll('TXBTO', r.get('TXBTO') | bit)
    if (isCancelled) r.setAll('TXBCF', r.get('TXBCF') | bit)
    this.#free(sent.buffer)
    if (r.get('TXBTIE') & bit) this.#raise('TC')
    if (this.#pending === 0) this.#raise('TFE')
    const type = isCancelled ? EVENT.sentInSpiteOfCancellation : EVENT.sent
    if (sent.element.wantsEvent) this.#storeEvent(sent.element, timestamp, type)
  }

  /** It is sent again, unless that was cancelled or is not wanted at all. */
  failed(): void {
    const sent = this.#onBus
    this.#onBus = undefined
    if (sent === undefined) return
    const isCancelled = ((this.#cancelled >> sent.buffer) & 1) === 1
    if (isCancelled || this.#registers.is('CCCR', 'DAR')) this.#drop(sent.buffer)
  }

  #drop(buffer: number): void {
    const r = this.#registers
    r.setAll('TXBCF', r.get('TXBCF') | (1 << buffer))
    this.#free(buffer)
    if ((r.get('TXBCIE') >> buffer) & 1) this.#raise('TCF')
  }

  #free(buffer: number): void {
    const r = this.#registers
    if (this.#onBus?.buffer === buffer) this.#onBus = undefined
    this.#cancelled &= ~(1 << buffer)
    r.setAll('TXBRP', this.#pending & ~(1 << buffer))
    if (!this.#isQueue) {
      while (this.#fill > 0 && ((this.#pending >> this.#get) & 1) === 0) {
        this.#get = (this.#get + 1) % ELEMENTS
        this.#fill--
      }
    }
    this.#show()
  }

  #show(): void {
    const r = this.#registers
    const free = BUFFERS.find((buffer) => ((this.#pending >> buffer) & 1) === 0)
    const isFull = this.#isQueue ? free === undefined : this.#fill === ELEMENTS
    r.set('TXFQS', 'TFFL', this.#isQueue ? 0 : ELEMENTS - this.#fill)
    r.set('TXFQS', 'TFGI', this.#isQueue ? 0 : this.#get)
    r.set('TXFQS', 'TFQPI', this.#isQueue ? (free ?? 0) : this.#put)
    r.set('TXFQS', 'TFQF', isFull)
  }

  #storeEvent(element: TransmitElement, timestamp: number, type: number): void {
    const event = this.#event
    if (event.level === ELEMENTS) {
      event.isLost = true
      this.#showEvents()
      this.#raise('TEFL')
      return
    }
    this.#ram.storeEvent(event.put, element, timestamp, type)
    event.put = (event.put + 1) % ELEMENTS
    event.level++
    this.#showEvents()
    this.#raise('TEFN', ...(event.level === ELEMENTS ? (['TEFF'] as const) : []))
  }

  /** Software has read events up to this one. */
  acknowledgeEvents(index: number): void {
    const event = this.#event
    if (event.level === 0 || index >= ELEMENTS) return
    const taken = ((index - event.get + ELEMENTS) % ELEMENTS) + 1
    event.get = (index + 1) % ELEMENTS
    event.level = Math.max(0, event.level - taken)
    event.isLost = false
    this.#showEvents()
  }

  #showEvents(): void {
    const { level, get, put, isLost } = this.#event
    const isFull = level === ELEMENTS
    const word =
      level + get * 2 ** 8 + put * 2 ** 16 + (Number(isFull) + Number(isLost) * 2) * 2 ** 24
    this.#registers.setAll('TXEFS', word)
  }
}
