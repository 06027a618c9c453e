/**
 * USART, UART and LPUART: one serial port. RM0456, chapters "Universal synchronous/asynchronous
 * receiver transmitter (USART)" and "Low-power universal asynchronous receiver transmitter (LPUART)".
 *
 * Asynchronous frames of 7 to 9 bits with real duration: BRR, OVER8, prescaler, kernel clock.
 * Transmit data register, shift register and both FIFOs of 8; parity; overrun, framing, noise and
 * parity errors, breaks; IDLE, character match, receiver timeout, FIFO thresholds; RTS and CTS; DMA
 * requests; one interrupt line. A sender whose rate is more than 3 % off arrives as framing errors.
 *
 * The line is a sequence of frames; TX as a pin stays high (waveforms have its edges). A change of baud rate counts from the
 * next frame. Tagged or not modelled: synchronous, LIN, IrDA, smartcard and half-duplex modes,
 * auto-baud, mute mode, driver enable, inversions, wake-up from Stop, autonomous mode.
 */
import type { Timer } from '../bus.ts'
import type { DmaRequestName } from '../dma-requests.ts'
import type { InterruptName } from '../interrupts.ts'
import { uartEdges } from '../lines/line-edges.ts'
import type { UartFrame } from '../lines/uart-frame.ts'
import type { FrameListener } from '../lines/uart-line.ts'
import type { SignalPort } from '../pins/pins.ts'
import {
  type InterruptPair,
  interruptLevel,
  RegisterFile,
  reg,
  ro,
  rw,
  tagged,
  wo,
} from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Wiring } from '../wiring.ts'

const FIFO_DEPTH = 8
/** TXFTCFG and RXFTCFG: 1/8, 1/4, 1/2, 3/4, 7/8 and the whole depth. */
const THRESHOLDS = [1, 2, 4, 6, 7, 8]
/** USART_PRESC.PRESCALER. */
const PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256]
/** USART_CR2.STOP, in bits. */
const STOP_BITS = [1, 0.5, 2, 1.5]

export const usartLayout = {
  CR1: reg(0x00, {
    ...{ UE: rw(0), UESM: tagged(1), RE: rw(2), TE: rw(3), IDLEIE: rw(4), RXNEIE: rw(5) },
    ...{ TCIE: rw(6), TXEIE: rw(7), PEIE: rw(8), PS: rw(9), PCE: rw(10), WAKE: tagged(11) },
    ...{ M0: rw(12), MME: tagged(13), CMIE: rw(14), OVER8: rw(15), DEDT: tagged(16, 5) },
    ...{ DEAT: tagged(21, 5), RTOIE: rw(26), EOBIE: tagged(27), M1: rw(28), FIFOEN: rw(29) },
    ...{ TXFEIE: rw(30), RXFFIE: rw(31) },
  }),
  CR2: reg(0x04, {
    ...{
      SLVEN: tagged(0),
      DIS_NSS: tagged(3),
      ADDM7: tagged(4),
      LBDL: tagged(5),
      LBDIE: tagged(6),
    },
    ...{ LBCL: tagged(8), CPHA: tagged(9), CPOL: tagged(10), CLKEN: tagged(11), STOP: rw(12, 2) },
    ...{ LINEN: tagged(14), SWAP: tagged(15), RXINV: tagged(16), TXINV: tagged(17) },
    ...{ DATAINV: tagged(18), MSBFIRST: tagged(19), ABREN: tagged(20), ABRMOD: tagged(21, 2) },
    ...{ RTOEN: rw(23), ADD: rw(24, 8) },
  }),
  CR3: reg(0x08, {
    ...{ EIE: rw(0), IREN: tagged(1), IRLP: tagged(2), HDSEL: tagged(3), NACK: tagged(4) },
    ...{ SCEN: tagged(5), DMAR: rw(6), DMAT: rw(7), RTSE: rw(8), CTSE: rw(9) },
    ...{ CTSIE: rw(10), ONEBIT: rw(11), OVRDIS: rw(12), DDRE: rw(13), DEM: tagged(14) },
    ...{ DEP: tagged(15), SCARCNT: tagged(17, 3), TXFTIE: rw(23), TCBGTIE: tagged(24) },
    ...{ RXFTCFG: rw(25, 3), RXFTIE: rw(28), TXFTCFG: rw(29, 3) },
  }),
  BRR: reg(0x0c, { BRR: rw(0, 20) }),
  GTPR: reg(0x10, { PSC: tagged(0, 8), GT: tagged(8, 8) }),
  RTOR: reg(0x14, { RTO: rw(0, 24), BLEN: tagged(24, 8) }),
  RQR: reg(0x18, { ABRRQ: wo(0), SBKRQ: wo(1), MMRQ: wo(2), RXFRQ: wo(3), TXFRQ: wo(4) }),
  ISR: reg(
    0x1c,
    {
      ...{ PE: ro(0), FE: ro(1), NE: ro(2), ORE: ro(3), IDLE: ro(4), RXNE: ro(5), TC: ro(6) },
      ...{ TXE: ro(7), LBDF: ro(8), CTSIF: ro(9), CTS: ro(10), RTOF: ro(11), EOBF: ro(12) },
      ...{ UDR: ro(13), ABRE: ro(14), ABRF: ro(15), BUSY: ro(16), CMF: ro(17), SBKF: ro(18) },
      ...{ RWU: ro(19), TEACK: ro(21), REACK: ro(22), TXFE: ro(23), RXFF: ro(24), TCBGT: ro(25) },
      ...{ RXFT: ro(26), TXFT: ro(27) },
    },
    0xc0,
  ),
  ICR: reg(0x20, {
    ...{ PECF: wo(0), FECF: wo(1), NECF: wo(2), ORECF: wo(3), IDLECF: wo(4), TXFECF: wo(5) },
    ...{ TCCF: wo(6), TCBGTCF: wo(7), LBDCF: wo(8), CTSCF: wo(9), RTOCF: wo(11), EOBCF: wo(12) },
    ...{ UDRCF: wo(13), CMCF: wo(17) },
  }),
  RDR: reg(0x24, { RDR: ro(0, 9) }),
  TDR: reg(0x28, { TDR: rw(0, 9) }),
  PRESC: reg(0x2c, { PRESCALER: rw(0, 4) }),
  AUTOCR: reg(0x30, {
    ...{ TDN: tagged(0, 16), TRIGPOL: tagged(16), TRIGEN: tagged(17), IDLEDIS: tagged(18) },
    ...{ TRIGSEL: tagged(19, 4), TECLREN: tagged(31) },
  }),
} as const

const REQUEST = { RXFRQ: 1 << 3, TXFRQ: 1 << 4 } as const
/** Flags of ISR that writing the same bit of ICR clears. */
const CLEARABLE = 0x2_0a5f
/** Beyond this the receiver samples the wrong bits: RM0456, "Tolerance of the USART receiver". */
const BAUD_TOLERANCE = 0.03
const REQUEST_BREAK = 1 << 1

export class Usart {
  readonly registers: RegisterFile<typeof usartLayout>
  readonly #wiring: Wiring
  readonly #isLowPower: boolean
  readonly #line: Output
  readonly #receiveRequest: Output
  readonly #transmitRequest: Output
  readonly #pins: { readonly cts: SignalPort; readonly rts: SignalPort; readonly tx: SignalPort }
  readonly #isInterrupting: () => boolean
  readonly #transmitFifo: number[] = []
  readonly #receiveFifo: number[] = []
  readonly #onTheWire: UartFrame[] = []
  readonly #f: ReturnType<typeof usartCells>
  readonly #lines: () => readonly FrameListener[]
  /** Ends the frame in the shift register. */
  readonly #transmitTimer: Timer
  #shifting = 0
  /** Of a frame as it is set up now; undefined until somebody asks. */
  #knownFrameCycles: number | undefined
  #cancelReceive: (() => void) | undefined
  #cancelIdle: (() => void) | undefined
  #cancelTimeout: (() => void) | undefined

  /** LPUART divides its clock by BRR / 256. */
  constructor(wiring: Wiring, options: { readonly isLowPower: boolean }) {
    this.#wiring = wiring
    this.#isLowPower = options.isLowPower
    this.#line = wiring.interrupt(wiring.name as InterruptName)
    const { name, pins } = wiring
    this.#receiveRequest = wiring.dmaRequest(`${name}_RX` as DmaRequestName)
    this.#transmitRequest = wiring.dmaRequest(`${name}_TX` as DmaRequestName)
    this.#pins = {
      cts: pins.signal(`${name}_CTS`),
      rts: pins.signal(`${name}_RTS`),
      tx: pins.signal(`${name}_TX`),
    }
    this.#pins.cts.listen(() => this.#clearToSend())
    wiring.pins.receive(`${wiring.name}_RX`, (frames) => this.#receive(frames))
    const update = { write: () => this.#update() }
    const framing = {
      write: () => {
        this.#knownFrameCycles = undefined
        this.#update()
      },
    }
    this.registers = new RegisterFile(usartLayout, {
      CR1: { write: () => this.#control() },
      ...{ CR2: framing, CR3: update },
      BRR: { writable: () => !this.registers.is('CR1', 'UE'), ...framing },
      PRESC: framing,
      RQR: { write: (request) => this.#request(request) },
      ISR: { read: (stored) => this.#status(stored) },
      ICR: { write: (flags) => this.#clear(flags & CLEARABLE) },
      RDR: { read: () => this.#received0, taken: () => this.#takeReceived() },
      TDR: { write: (data) => this.#transmit(data) },
    })
    this.#f = usartCells(this.registers)
    this.#lines = pins.finder<FrameListener>('uart', { tx: `${name}_TX` })
    this.#transmitTimer = wiring.scheduler.timer(() => this.#shiftedOut())
    this.#isInterrupting = interruptLevel(this.registers, interrupts)
    wiring.clocks.onChange(() => {
      this.#knownFrameCycles = undefined
      this.#shiftNext()
    })
  }

  reset(): void {
    this.#transmitTimer.cancel()
    this.#cancelReceive?.()
    this.#cancelReceive = undefined
    this.#knownFrameCycles = undefined
    this.#cancelIdle?.()
    this.#cancelTimeout?.()
    for (const queue of [this.#transmitFifo, this.#receiveFifo, this.#onTheWire]) queue.length = 0
    this.registers.reset()
    for (const output of [this.#line, this.#receiveRequest, this.#transmitRequest])
      output.set(false)
    this.#pins.tx.drive(undefined)
    this.#pins.rts.drive(undefined)
  }

  /** The other end of the wire sends these, one after the other. */
  receive(data: readonly number[]): void {
    this.#receive(data.map((word) => ({ data: word })))
  }

  #receive(frames: readonly UartFrame[]): void {
    this.#onTheWire.push(...frames)
    if (this.#cancelReceive === undefined) this.#startFrame()
  }

  /** Without a clock, as in Stop: what is to be sent waits. */
  get #isStanding(): boolean {
    return this.#wiring.clocks.hz(this.#wiring.name) === 0
  }

  /** Duration of one bit in cycles; undefined while BRR is 0. */
  bitCycles(): number | undefined {
    const { registers: r } = this
    const { clocks, name } = this.#wiring
    const brr = r.get('BRR')
    const divider = this.#isLowPower ? brr / 256 : r.is('CR1', 'OVER8') ? over8(brr) : brr
    if (divider === 0) return undefined
    const prescaler = PRESCALERS[r.get('PRESC', 'PRESCALER')] ?? 256
    return (divider * prescaler * clocks.cycleHz) / clocks.hz(name)
  }

  get #frameCycles(): number {
    if (this.#knownFrameCycles === undefined) {
      const frameBits = 1 + this.#wordBits + STOP_BITS[this.registers.get('CR2', 'STOP')]
      this.#knownFrameCycles = (this.bitCycles() ?? Infinity) * frameBits
    }
    return this.#knownFrameCycles
  }

  /** Bits between start and stop, parity included: CR1.M1 and M0. */
  get #wordBits(): number {
    return this.#f.M1.isSet ? 7 : this.#f.M0.isSet ? 9 : 8
  }

  get #dataMask(): number {
    return (1 << (this.#wordBits - this.#f.PCE.value)) - 1
  }

  get #depth(): number {
    return this.#f.FIFOEN.isSet ? FIFO_DEPTH : 1
  }

  #isOn(direction: 'TE' | 'RE'): boolean {
    return this.#f.UE.isSet && this.#f[direction].isSet
  }

  #control(): void {
    this.#knownFrameCycles = undefined
    if (!this.registers.is('CR1', 'UE')) {
      this.#transmitFifo.length = 0
      this.#transmitTimer.cancel()
      this.registers.setAll('ISR', usartLayout.ISR.reset)
    }
    this.#shiftNext()
    this.#update()
  }

  #transmit(data: number): void {
    if (!this.#isOn('TE') || this.#transmitFifo.length >= this.#depth) return
    this.#transmitFifo.push(data & this.#dataMask)
    this.#f.TC.value = 0
    this.#shiftNext()
    this.#update()
  }

  /** Moves the next word into the shift register if that is empty. */
  #shiftNext(): void {
    if (this.#transmitTimer.isSet || this.#transmitFifo.length === 0) return
    if (!this.#isOn('TE') || this.#isHeldBack || this.#isStanding) return
    this.#shifting = this.#transmitFifo.shift()!
    const { scheduler } = this.#wiring
    this.#transmitTimer.at(scheduler.now + this.#frameCycles)
  }

  #shiftedOut(): void {
    this.#transmitted(this.#shifting)
    if (this.#transmitFifo.length === 0) this.#f.TC.value = 1
    this.#shiftNext()
    this.#update()
  }

  #startFrame(): void {
    const { scheduler } = this.#wiring
    this.#cancelIdle?.()
    if (!Number.isFinite(this.#frameCycles)) {
      // Without a rate there is nothing that could take bits off the wire: they pass by.
      this.#onTheWire.length = 0
      return
    }
    this.#cancelReceive = scheduler.at(scheduler.now + this.#frameCycles, () => {
      this.#draw('RX', this.#onTheWire[0]!)
      this.#arrived(this.#onTheWire.shift()!)
      this.#cancelReceive = undefined
      if (this.#onTheWire.length > 0) this.#startFrame()
      else this.#watchForIdle()
      this.#update()
    })
  }

  #arrived({ data, baud, trouble }: UartFrame): void {
    const { clocks } = this.#wiring
    const own = clocks.cycleHz / (this.bitCycles() ?? Infinity)
    const isOff = baud !== undefined && Math.abs(baud / own - 1) > BAUD_TOLERANCE
    const kind = trouble ?? (isOff ? 'framing' : undefined)
    if (!this.#isOn('RE')) return
    const { registers: r } = this
    if (kind === 'parity' && r.is('CR1', 'PCE')) r.set('ISR', 'PE', true)
    if (kind === 'framing' || kind === 'break') r.set('ISR', 'FE', true)
    if (kind === 'noise') r.set('ISR', 'NE', true)
    const seen = kind === 'break' ? 0 : isOff ? ~data : data
    this.#received(seen & this.#dataMask)
    if (r.is('CR1', 'UE') && (seen & 0xff) === r.get('CR2', 'ADD')) r.set('ISR', 'CMF', true)
    this.#watchForTimeout()
  }

  /** RTOF: no start bit for RTO bits after the last frame. */
  #watchForTimeout(): void {
    this.#cancelTimeout?.()
    if (!this.registers.is('CR2', 'RTOEN')) return
    const { scheduler } = this.#wiring
    const bits = this.registers.get('RTOR', 'RTO')
    this.#cancelTimeout = scheduler.at(
      scheduler.now + bits * (this.bitCycles() ?? Infinity),
      () => {
        this.registers.set('ISR', 'RTOF', true)
        this.#update()
      },
    )
  }

  /** CTS high: the next frame waits. */
  get #isHeldBack(): boolean {
    return this.#f.CTSE.isSet && this.#pins.cts.read(false)
  }

  #clearToSend(): void {
    const { registers: r } = this
    if (!r.is('CR3', 'CTSE')) return
    r.set('ISR', 'CTSIF', true)
    r.set('ISR', 'CTS', !this.#pins.cts.read(false))
    this.#shiftNext()
    this.#update()
  }

  #received(data: number): void {
    if (!this.#isOn('RE')) return
    if (this.#receiveFifo.length < this.#depth) this.#receiveFifo.push(data)
    else if (this.registers.is('CR3', 'OVRDIS')) this.#receiveFifo[this.#depth - 1] = data
    else this.registers.set('ISR', 'ORE', true)
  }

  /** IDLE: the line stays quiet for a whole frame after a frame. */
  #watchForIdle(): void {
    if (!this.#isOn('RE')) return
    const { scheduler } = this.#wiring
    this.#cancelIdle = scheduler.at(scheduler.now + this.#frameCycles, () => {
      this.registers.set('ISR', 'IDLE', true)
      this.#update()
    })
  }

  get #received0(): number {
    return this.#receiveFifo[0] ?? this.registers.get('RDR')
  }

  #takeReceived(): void {
    const data = this.#receiveFifo.shift()
    if (data !== undefined) this.registers.set('RDR', 'RDR', data)
    this.#update()
  }

  #request(request: number): void {
    if (request & REQUEST.RXFRQ) this.#receiveFifo.length = 0
    if (request & REQUEST.TXFRQ) this.#transmitFifo.length = 0
    if (request & REQUEST_BREAK) this.#sendBreak()
    this.#update()
  }

  #clear(flags: number): void {
    this.registers.setAll('ISR', this.registers.get('ISR') & ~flags)
    this.#update()
  }

  /** Flags that follow from the state of the queues, on top of the stored ones. */
  #status(stored: number): number {
    const { registers: r } = this
    const set = (bit: number, isSet: boolean) => (isSet ? 2 ** bit : 0)
    const hasFifo = r.is('CR1', 'FIFOEN')
    const received = this.#receiveFifo.length
    const free = this.#depth - this.#transmitFifo.length
    const derived =
      set(5, received > 0) |
      set(7, free > 0) |
      set(16, this.#cancelReceive !== undefined) |
      set(21, this.#isOn('TE')) |
      set(22, this.#isOn('RE')) |
      set(23, hasFifo && this.#transmitFifo.length === 0) |
      set(24, hasFifo && received === FIFO_DEPTH) |
      set(26, hasFifo && received >= THRESHOLDS[r.get('CR3', 'RXFTCFG')]) |
      set(27, hasFifo && free >= THRESHOLDS[r.get('CR3', 'TXFTCFG')])
    return ((stored & ~usartLayout.ISR.reset) | (stored & (1 << 6)) | derived) >>> 0
  }

  /** The line goes low for a frame. */
  #sendBreak(): void {
    if (!this.#isOn('TE')) return
    this.registers.set('ISR', 'SBKF', true)
    const { scheduler } = this.#wiring
    scheduler.at(scheduler.now + this.#frameCycles, () => {
      this.registers.set('ISR', 'SBKF', false)
      this.#transmitted(0, 'break')
    })
  }

  /** For waveforms: a frame has just passed on one of the lines. */
  #draw(line: 'TX' | 'RX', { data, trouble }: UartFrame): void {
    const { name, pins } = this.#wiring
    if (pins.onLines === undefined) return
    const { registers: r } = this
    const edges = uartEdges(`${name}_${line}`, {
      ...{ data, wordBits: this.#wordBits, trouble },
      parity: r.is('CR1', 'PCE') ? (r.is('CR1', 'PS') ? 'odd' : 'even') : 'none',
      stopBits: STOP_BITS[r.get('CR2', 'STOP')],
    })
    pins.onLines({ bitCycles: this.bitCycles() ?? 0, edges })
  }

  #transmitted(data: number, trouble?: 'break'): void {
    this.#draw('TX', trouble === undefined ? { data } : { data, trouble })
    const lines = this.#lines()
    if (lines.length === 0) return
    const baud = this.#wiring.clocks.cycleHz / (this.bitCycles() ?? Infinity)
    const frame = trouble === undefined ? { data, baud } : { data, baud, trouble }
    for (const line of lines) line.sent(frame)
  }

  #update(): void {
    const f = this.#f
    this.#line.set(this.#isInterrupting())
    const isSending = this.#isOn('TE')
    const hasRoom = isSending && this.#transmitFifo.length < this.#depth
    this.#receiveRequest.set(f.DMAR.isSet && this.#receiveFifo.length > 0)
    this.#transmitRequest.set(f.DMAT.isSet && hasRoom)
    this.#pins.tx.drive(isSending ? true : undefined)
    const isFull = this.#receiveFifo.length >= this.#depth
    this.#pins.rts.drive(f.RTSE.isSet ? isFull || !this.#isOn('RE') : undefined)
  }
}

function usartCells(registers: RegisterFile<typeof usartLayout>) {
  const control = (field: keyof typeof usartLayout.CR1.fields) => registers.cell('CR1', field)
  const mode = (field: keyof typeof usartLayout.CR3.fields) => registers.cell('CR3', field)
  return {
    ...{ UE: control('UE'), RE: control('RE'), TE: control('TE'), PCE: control('PCE') },
    ...{ M0: control('M0'), M1: control('M1'), FIFOEN: control('FIFOEN') },
    ...{ DMAR: mode('DMAR'), DMAT: mode('DMAT'), RTSE: mode('RTSE'), CTSE: mode('CTSE') },
    TC: registers.cell('ISR', 'TC'),
  }
}

const interrupts: readonly InterruptPair[] = [
  ['CR1.TXEIE', 'ISR.TXE'],
  ['CR1.TCIE', 'ISR.TC'],
  ['CR1.RXNEIE', 'ISR.RXNE', 'ISR.ORE'],
  ['CR1.IDLEIE', 'ISR.IDLE'],
  ['CR1.PEIE', 'ISR.PE'],
  ['CR1.CMIE', 'ISR.CMF'],
  ['CR1.RTOIE', 'ISR.RTOF'],
  ['CR3.CTSIE', 'ISR.CTSIF'],
  ['CR1.TXFEIE', 'ISR.TXFE'],
  ['CR1.RXFFIE', 'ISR.RXFF'],
  ['CR3.EIE', 'ISR.FE', 'ISR.NE', 'ISR.ORE'],
  ['CR3.RXFTIE', 'ISR.RXFT'],
  ['CR3.TXFTIE', 'ISR.TXFT'],
]

/** OVER8: BRR[15:4] with BRR[2:0] as the low bits shifted left by one; the clock counts double. */
function over8(brr: number): number {
  return ((brr & 0xfff0) | ((brr & 7) << 1)) / 2
}

const highSpeed = (wiring: Wiring) => new Usart(wiring, { isLowPower: false })

export const usarts = {
  USART1: highSpeed,
  USART2: highSpeed,
  USART3: highSpeed,
  UART4: highSpeed,
  UART5: highSpeed,
  LPUART1: (wiring) => new Usart(wiring, { isLowPower: true }),
} satisfies Makers
