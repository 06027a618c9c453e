/**
 * SPI with FIFOs, as master and slave. RM0456, chapter "Serial peripheral interface (SPI)".
 *
 * Frames of 4 to 32 bits with real duration; full-duplex, simplex and half-duplex; transfers of
 * TSIZE frames that end with EOT, or endless ones that end with CSUSP; CRC after the last frame;
 * NSS by software, as input or as output; mode fault, overrun, underrun; DMA.
 *
 * Not modelled: autonomous mode (AUTOCR), the RDY signal, TI mode, swapped pins (IOSWP). What is on
 * the wire is whole frames, not the edges of SCK.
 */
import type { AccessSize } from '../bus.ts'
import { spiEdges } from '../lines/line-edges.ts'
import type { SpiBus, SpiDevice, SpiWord } from '../lines/spi-bus.ts'
import type { SignalPort } from '../pins/pins.ts'
import { interruptLevel, partly, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { mirrored, SpiCrc, SpiFifo } from './spi-fifo.ts'

export const spiLayout = {
  CR1: reg(0x00, {
    ...{ SPE: rw(0), MASRX: rw(8), CSTART: rw(9), CSUSP: wo(10), HDDIR: rw(11), SSI: rw(12) },
    ...{ CRC33_17: tagged(13), RCRCINI: rw(14), TCRCINI: rw(15), IOLOCK: rw(16) },
  }),
  CR2: reg(0x04, { TSIZE: rw(0, 16) }),
  CFG1: reg(
    0x08,
    {
      ...{ DSIZE: rw(0, 5), FTHLV: rw(5, 4), UDRCFG: rw(9), RXDMAEN: rw(14), TXDMAEN: rw(15) },
      ...{ CRCSIZE: rw(16, 5), CRCEN: rw(22), MBR: rw(28, 3), BPASS: rw(31) },
    },
    0x0007_0007,
  ),
  CFG2: reg(0x0c, {
    ...{ MSSI: rw(0, 4), MIDI: rw(4, 4), RDIMM: tagged(13), RDIOP: tagged(14), IOSWP: tagged(15) },
    ...{ COMM: rw(17, 2), SP: partly(19, 3, [0]), MASTER: rw(22), LSBFRST: rw(23), CPHA: rw(24) },
    ...{ CPOL: rw(25), SSM: rw(26), SSIOP: rw(28), SSOE: rw(29), SSOM: rw(30), AFCNTR: rw(31) },
  }),
  IER: reg(0x10, {
    ...{ RXPIE: rw(0), TXPIE: rw(1), DXPIE: rw(2), EOTIE: rw(3), TXTFIE: rw(4), UDRIE: rw(5) },
    ...{ OVRIE: rw(6), CRCEIE: rw(7), TIFREIE: rw(8), MODFIE: rw(9) },
  }),
  SR: reg(
    0x14,
    {
      ...{ RXP: ro(0), TXP: ro(1), DXP: ro(2), EOT: ro(3), TXTF: ro(4), UDR: ro(5), OVR: ro(6) },
      ...{ CRCE: ro(7), TIFRE: ro(8), MODF: ro(9), SUSP: ro(11), TXC: ro(12), RXPLVL: ro(13, 2) },
      ...{ RXWNE: ro(15), CTSIZE: ro(16, 16) },
    },
    0x1002,
  ),
  IFCR: reg(0x18, {
    ...{ EOTC: wo(3), TXTFC: wo(4), UDRC: wo(5), OVRC: wo(6), CRCEC: wo(7), TIFREC: wo(8) },
    ...{ MODFC: wo(9), SUSPC: wo(11) },
  }),
  AUTOCR: reg(0x1c, { TRIGSEL: tagged(16, 4), TRIGPOL: tagged(20), TRIGEN: tagged(21) }),
  TXDR: reg(0x20, { TXDR: wo(0, 32) }),
  RXDR: reg(0x30, { RXDR: ro(0, 32) }),
  CRCPOLY: reg(0x40, { CRCPOLY: rw(0, 32) }, 0x107),
  TXCRC: reg(0x44, { TXCRC: ro(0, 32) }),
  RXCRC: reg(0x48, { RXCRC: ro(0, 32) }),
  UDRDR: reg(0x4c, { UDRDR: rw(0, 32) }),
} as const

const CSTART = 1 << 9
const CSUSP = 1 << 10
/** Flags of SR that the same bit of IFCR clears. */
const CLEARABLE = 0xbf8
/** CFG2.COMM. */
const COMM = { full: 0, transmit: 1, receive: 2, half: 3 } as const
const FLAGS = [
  ...([
    ['IER.RXPIE', 'SR.RXP'],
    ['IER.TXPIE', 'SR.TXP'],
    ['IER.DXPIE', 'SR.DXP'],
  ] as const),
  ['IER.EOTIE', 'SR.EOT', 'SR.SUSP', 'SR.TXC'],
  ...([
    ['IER.TXTFIE', 'SR.TXTF'],
    ['IER.UDRIE', 'SR.UDR'],
    ['IER.OVRIE', 'SR.OVR'],
  ] as const),
  ...([
    ['IER.CRCEIE', 'SR.CRCE'],
    ['IER.MODFIE', 'SR.MODF'],
  ] as const),
] as const

export type SpiInstance = 'SPI1' | 'SPI2' | 'SPI3'
/** FIFO memory of each instance. RM0456, "SPI implementation". */
const FIFO_BYTES: Readonly<Record<SpiInstance, number>> = { SPI1: 16, SPI2: 16, SPI3: 8 }

export class Spi implements Peripheral, SpiDevice {
  readonly name: SpiInstance
  readonly registers: RegisterFile<typeof spiLayout>
  readonly #wiring: Wiring
  readonly #nss: SignalPort
  readonly #line: Output
  readonly #requests: { readonly receive: Output; readonly transmit: Output }
  readonly #isInterrupting: () => boolean
  readonly #transmitted: SpiFifo
  readonly #received: SpiFifo
  readonly #crcs = { sent: new SpiCrc(), received: new SpiCrc() }
  readonly #joined = new WeakSet<SpiBus>()
  #cancel: (() => void) | undefined
  #wantsSuspend = false
  /** Frames of TSIZE still to be put into the FIFO, and still to be moved on the wire. */
  #toLoad = 0
  #toMove = 0
  #lastReceived = 0

  constructor(wiring: Wiring, name: SpiInstance) {
    this.name = name
    this.#wiring = wiring
    const isOff = { writable: () => !this.registers.is('CR1', 'SPE') }
    this.registers = new RegisterFile(spiLayout, {
      CR1: { write: (written, before) => this.#control(written, before) },
      ...{ CR2: isOff, CRCPOLY: isOff, UDRDR: isOff },
      CFG1: { ...isOff, write: () => this.#update() },
      CFG2: { ...isOff, write: () => this.#checkMode() },
      IER: { write: () => this.#update() },
      SR: { read: (stored) => this.#status(stored) },
      IFCR: { write: (flags) => this.#clear(flags) },
      TXDR: { write: (data, _before, size) => this.#load(data, size) },
      RXDR: {
        read: (_stored, size) => this.#received.peek(size),
        taken: (size) => this.#take(size),
      },
      TXCRC: { read: () => this.#crcs.sent.value },
      RXCRC: { read: () => this.#crcs.received.value },
    })
    this.#transmitted = new SpiFifo(FIFO_BYTES[name])
    this.#received = new SpiFifo(FIFO_BYTES[name])
    this.#line = wiring.interrupt(name)
    this.#requests = {
      receive: wiring.dmaRequest(`${name}_RX`),
      transmit: wiring.dmaRequest(`${name}_TX`),
    }
    this.#isInterrupting = interruptLevel(this.registers, FLAGS)
    this.#nss = wiring.pins.signal(`${name}_NSS`)
    this.#nss.listen(() => this.#checkMode())
  }

  reset(): void {
    this.registers.reset()
    this.#disable()
    this.#update()
  }

  /** Selected by another master, or no longer. */
  select(_isSelected: boolean): void {}

  /** Another master moves a frame. */
  transfer({ value, bits }: SpiWord): number {
    const isSlave = this.#isOn && !this.registers.is('CFG2', 'MASTER')
    const ones = 2 ** bits - 1
    if (!isSlave || !this.#isSelected) return ones
    const answer = this.#comm === COMM.receive ? ones : this.#nextAsSlave()
    this.#arrived(value)
    this.#moved()
    return answer
  }

  get #isOn(): boolean {
    return this.registers.is('CR1', 'SPE')
  }

  get #bits(): number {
    return this.registers.get('CFG1', 'DSIZE') + 1
  }

  get #packet(): number {
    return this.registers.get('CFG1', 'FTHLV') + 1
  }

  /** CFG2.COMM, with half-duplex told apart by CR1.HDDIR. */
  get #comm(): number {
    const comm = this.registers.get('CFG2', 'COMM')
    if (comm !== COMM.half) return comm
    return this.registers.is('CR1', 'HDDIR') ? COMM.transmit : COMM.receive
  }

  get #bitCycles(): number {
    const { registers: r } = this
    const divider = r.is('CFG1', 'BPASS') ? 1 : 2 << r.get('CFG1', 'MBR')
    const { clocks } = this.#wiring
    return (divider * clocks.cycleHz) / clocks.hz(this.name)
  }

  get #isSelected(): boolean {
    const { registers: r } = this
    if (r.is('CFG2', 'SSM')) return !r.is('CR1', 'SSI')
    return this.#nss.read(false) === r.is('CFG2', 'SSIOP')
  }

  get #buses(): readonly SpiBus[] {
    return this.#wiring.pins.busesOn<SpiBus>('spi', { sck: `${this.name}_SCK` })
  }

  #control(written: number, before: number): void {
    const { registers: r } = this
    const wasOn = (before & 1) !== 0
    if (this.#isOn && !wasOn) this.#enable()
    if (!this.#isOn && wasOn) this.#disable()
    if (!this.#isOn) r.set('CR1', 'CSTART', false)
    if (!(before & CSTART) && written & CSTART && this.#isOn) this.#advance()
    if (before & CSTART && this.#isOn) r.set('CR1', 'CSTART', true)
    if (written & CSUSP && r.is('CR1', 'CSTART')) this.#suspend()
    this.#checkMode()
  }

  #enable(): void {
    const { registers: r } = this
    for (const fifo of [this.#transmitted, this.#received]) fifo.begin(this.#bits)
    this.#toLoad = this.#toMove = r.get('CR2', 'TSIZE')
    this.#wantsSuspend = false
    const crcBits = r.get('CFG1', 'CRCSIZE') + 1
    const polynomial = r.get('CRCPOLY')
    this.#crcs.sent.begin(crcBits, polynomial, r.is('CR1', 'TCRCINI'))
    this.#crcs.received.begin(crcBits, polynomial, r.is('CR1', 'RCRCINI'))
    if (!r.is('CFG2', 'MASTER')) this.#joinAsSlave()
    if (r.is('CFG2', 'MASTER') && this.#drivesNss) this.#driveNss(false)
  }

  #joinAsSlave(): void {
    for (const bus of this.#buses) {
      if (!this.#joined.has(bus)) bus.attachSelected(this, () => true)
      this.#joined.add(bus)
    }
  }

  #disable(): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const fifo of [this.#transmitted, this.#received]) fifo.begin(this.#bits)
    this.#toLoad = this.#toMove = 0
    this.#nss.drive(undefined)
  }

  /** NSS as output, in its polarity. */
  #driveNss(isActive: boolean): void {
    this.#nss.drive(isActive === this.registers.is('CFG2', 'SSIOP'))
  }

  get #drivesNss(): boolean {
    const { registers: r } = this
    return r.is('CFG2', 'SSOE') && !r.is('CFG2', 'SSM')
  }

  /** A master that finds NSS active without driving it is a master too many: mode fault. */
  #checkMode(): void {
    const { registers: r } = this
    const isMaster = this.#isOn && r.is('CFG2', 'MASTER')
    const isPulled = isMaster && !this.#drivesNss && this.#isPulled
    if (isPulled) {
      r.set('SR', 'MODF', true)
      r.set('CR1', 'SPE', false)
      r.set('CR1', 'CSTART', false)
      r.set('CFG2', 'MASTER', false)
      this.#disable()
    }
    this.#update()
  }

  get #isPulled(): boolean {
    const { registers: r } = this
    if (r.is('CFG2', 'SSM')) return !r.is('CR1', 'SSI')
    return this.#nss.pads.length > 0 && this.#isSelected
  }

  /** Master: starts the next frame if there is reason to. */
  #advance(): void {
    const { registers: r } = this
    const isRunning = this.#isOn && r.is('CR1', 'CSTART') && r.is('CFG2', 'MASTER')
    if (!isRunning || this.#cancel !== undefined) return
    if (this.#wantsSuspend) {
      this.#stopForGood('SUSP')
      return
    }
    if (this.#comm !== COMM.receive && this.#transmitted.length === 0) return
    if (this.#comm !== COMM.transmit && this.#received.room <= 0 && r.is('CR1', 'MASRX')) return
    const isFirst = this.#toMove === r.get('CR2', 'TSIZE')
    if (this.#drivesNss) this.#driveNss(true)
    const idleBits = isFirst ? r.get('CFG2', 'MSSI') : r.get('CFG2', 'MIDI')
    this.#after(this.#bits + idleBits, () => this.#move())
  }

  #after(bits: number, then: () => void): void {
    const { scheduler } = this.#wiring
    this.#cancel = scheduler.at(scheduler.now + bits * this.#bitCycles, () => {
      this.#cancel = undefined
      then()
      this.#update()
    })
  }

  /** A frame has crossed the wire. */
  #move(): void {
    const frame = this.#comm === COMM.receive ? 2 ** this.#bits - 1 : this.#transmitted.shift()!
    const answer = this.#exchange(frame, this.#bits)
    if (this.#comm !== COMM.receive) this.#crcs.sent.count(frame, this.#bits)
    this.#arrived(answer)
    if (this.#drivesNss && this.registers.is('CFG2', 'SSOM')) this.#driveNss(false)
    this.#moved()
    this.#advance()
  }

  #exchange(frame: number, bits: number): number {
    const { registers: r } = this
    const isMirrored = r.is('CFG2', 'LSBFRST')
    const mode = r.get('CFG2', 'CPOL') * 2 + r.get('CFG2', 'CPHA')
    const value = isMirrored ? mirrored(frame, bits) : frame
    const buses = this.#buses
    const isHigh = this.#wiring.pins.signal(`${this.name}_MISO`).read(true)
    const floating = buses.length > 0 || isHigh ? 2 ** bits - 1 : 0
    const together = (all: number, bus: SpiBus) => all & bus.transfer({ value, bits, mode })
    const answer = buses.reduce(together, floating) >>> 0
    this.#wiring.pins.onLines?.({
      bitCycles: this.#bitCycles,
      edges: spiEdges(this.name, { sent: value, received: answer, bits, mode }),
    })
    return isMirrored ? mirrored(answer, bits) : answer
  }

  #arrived(frame: number): void {
    if (this.#comm === COMM.transmit) return
    this.#crcs.received.count(frame, this.#bits)
    if (!this.#received.push(frame)) this.registers.set('SR', 'OVR', true)
  }

  /** Counts a frame of TSIZE; the last one ends the transfer, after the CRC if there is one. */
  #moved(): void {
    if (this.#toMove === 0) {
      this.#update()
      return
    }
    this.#toMove--
    if (this.#toMove === 0) {
      if (this.registers.is('CFG1', 'CRCEN') && this.registers.is('CFG2', 'MASTER')) {
        this.#after(this.registers.get('CFG1', 'CRCSIZE') + 1, () => this.#exchangeCrc())
      } else this.#stopForGood('EOT')
    }
    this.#update()
  }

  #exchangeCrc(): void {
    const bits = this.registers.get('CFG1', 'CRCSIZE') + 1
    const answer = this.#exchange(this.#crcs.sent.value, bits)
    const isWrong = this.#comm !== COMM.transmit && answer !== this.#crcs.received.value
    if (isWrong) this.registers.set('SR', 'CRCE', true)
    this.#stopForGood('EOT')
  }

  #stopForGood(flag: 'EOT' | 'SUSP'): void {
    this.registers.set('SR', flag, true)
    this.registers.set('CR1', 'CSTART', false)
    this.#wantsSuspend = false
    if (this.registers.is('CFG2', 'MASTER') && this.#drivesNss) this.#driveNss(false)
    this.#update()
  }

  #suspend(): void {
    this.#wantsSuspend = true
    if (this.#cancel === undefined) this.#stopForGood('SUSP')
  }

  #nextAsSlave(): number {
    const frame = this.#transmitted.shift()
    if (frame !== undefined) return frame
    this.registers.set('SR', 'UDR', true)
    return this.registers.is('CFG1', 'UDRCFG') ? this.#lastReceived : this.registers.get('UDRDR')
  }

  #load(data: number, size: AccessSize): void {
    const { registers: r } = this
    if (!this.#isOn || r.is('SR', 'TXTF')) return
    this.#transmitted.unpack(data, size)
    if (this.#toLoad > 0) {
      this.#toLoad = Math.max(0, this.#toLoad - this.#transmitted.framesIn(size))
      if (this.#toLoad === 0) r.set('SR', 'TXTF', true)
    }
    this.#advance()
    this.#update()
  }

  #take(size: AccessSize): void {
    this.#lastReceived = this.#received.pack(size)
    this.#advance()
    this.#update()
  }

  #clear(flags: number): void {
    const { registers: r } = this
    r.setAll('SR', r.get('SR') & ~(flags & CLEARABLE))
    this.#checkMode()
  }

  /** Flags that follow from the FIFOs, on top of the stored ones. */
  #status(stored: number): number {
    const { registers: r } = this
    const hasTransmit = this.#comm !== COMM.receive
    const isLoading = r.get('CR2', 'TSIZE') === 0 || this.#toLoad > 0 || !this.#isOn
    const needed =
      this.#isOn && this.#toLoad > 0 ? Math.min(this.#packet, this.#toLoad) : this.#packet
    const txp = hasTransmit && isLoading && this.#transmitted.room >= needed
    const rxp = this.#received.length >= this.#packet
    const isQuiet = this.#transmitted.length === 0 && this.#cancel === undefined
    const isEnd = r.is('SR', 'EOT')
    const txc = this.#isOn && r.get('CR2', 'TSIZE') > 0 ? isEnd : isQuiet
    const whole = this.#received.length * (this.#bits <= 8 ? 1 : this.#bits <= 16 ? 2 : 4)
    const level = whole % 4 === 0 ? 0 : Math.floor((whole % 4) / (this.#bits <= 8 ? 1 : 2))
    return (
      (stored & 0xbf8) +
      (Number(rxp) + Number(txp) * 2 + Number(rxp && txp) * 4) +
      (Number(txc) << 12) +
      ((level & 3) << 13) +
      (Number(whole >= 4) << 15) +
      this.#toMove * 0x1_0000
    )
  }

  #update(): void {
    const { registers: r } = this
    const status = this.#status(r.get('SR'))
    this.#line.set(this.#isInterrupting())
    this.#requests.receive.set(this.#isOn && r.is('CFG1', 'RXDMAEN') && (status & 1) !== 0)
    this.#requests.transmit.set(this.#isOn && r.is('CFG1', 'TXDMAEN') && (status & 2) !== 0)
  }
}

export const spis = {
  SPI1: (wiring) => new Spi(wiring, 'SPI1'),
  SPI2: (wiring) => new Spi(wiring, 'SPI2'),
  SPI3: (wiring) => new Spi(wiring, 'SPI3'),
} satisfies Makers
