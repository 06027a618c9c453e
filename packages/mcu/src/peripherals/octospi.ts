/**
 * OCTOSPI: memories on one, two, four or eight lines. RM0456, chapter "Octo-SPI interface
 * (OCTOSPI)", regular-command protocol.
 *
 * Indirect writes and reads through a FIFO of 32 bytes, automatic status polling, memory-mapped
 * reads and writes, all phases in single and double rate, with their duration on the bus; abort,
 * time-out, flags, interrupts, DMA. Which pins it is on is OCTOSPIM's.
 *
 * A read of DR before its bytes are there waits for them, in no time. Memory-mapped accesses take
 * no time either; instructions cannot be fetched from the window. Not modelled, and reported:
 * HyperBus, two memories in parallel (DMM), FSEL, wrapped bursts, chip-select boundaries and
 * refresh, the free-running clock. Delays of sampling have no effect.
 */
import type { AccessSize } from '../bus.ts'
import type { XspiBus } from '../lines/xspi-bus.ts'
import { interruptLevel, RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, MappedWindow, Peripheral, Wiring } from '../wiring.ts'
import {
  type Command,
  clocksPerByte,
  headClocks,
  readCommand,
  sendHead,
  widest,
  withoutInstruction,
} from './octospi-command.ts'
import { octospiLayout } from './octospi-layout.ts'
import { portWire } from './octospim.ts'

const FIFO_BYTES = 32
const MODE = { write: 0, read: 1, poll: 2, mapped: 3 } as const
/** DLR: until the end of the device. */
const WHOLE_DEVICE = 0xffff_ffff
/** Bytes that are fetched at a time: what one access to DR can take. */
const CHUNK_BYTES = 4
/** TEF, TCF, SMF, TOF. */
const CLEARABLE = 0x1b
const PORTS = [1, 2] as const
/** The memory-mapped windows have 256 Mbytes. */
const WINDOW_BYTES = 0x1000_0000

interface Transfer {
  readonly command: Command
  readonly buses: readonly XspiBus[]
  readonly isRead: boolean
  /** Data bytes to come. */
  remaining: number
}

export class Octospi implements Peripheral {
  readonly registers: RegisterFile<typeof octospiLayout>
  readonly window: MappedWindow
  readonly #wiring: Wiring
  readonly #number: number
  readonly #line: Output
  readonly #request: Output
  readonly #isInterrupting: () => boolean
  readonly #fifo: number[] = []
  /** Bytes that are on their way into the FIFO. */
  #coming: number[] = []
  #transfer: Transfer | undefined
  #isPolling = false
  #isInstructionSent = false
  /** The memory-mapped access that could go on: chip select is still low. */
  #open: { readonly buses: readonly XspiBus[]; readonly command: Command; next: number } | undefined
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring, unit: 1 | 2) {
    this.#wiring = wiring
    this.#number = unit
    this.registers = new RegisterFile(octospiLayout, this.#hooks())
    this.window = {
      base: unit === 1 ? 0x9000_0000 : 0x7000_0000,
      size: WINDOW_BYTES,
      read: (offset, size) => this.#mappedRead(offset, size),
      write: (offset, size, value) => this.#mappedWrite(offset, size, value),
    }
    this.#line = wiring.interrupt(`OCTOSPI${unit}`)
    this.#request = wiring.dmaRequest(`OCTOSPI${unit}`)
    this.#isInterrupting = interruptLevel(this.registers, [
      ['CR.TEIE', 'SR.TEF'],
      ['CR.TCIE', 'SR.TCF'],
      ['CR.FTIE', 'SR.FTF'],
      ['CR.SMIE', 'SR.SMF'],
      ['CR.TOIE', 'SR.TOF'],
    ])
  }

  reset(): void {
    this.#stop()
    this.registers.reset()
    this.#isInstructionSent = false
    this.#update()
  }

  #hooks() {
    const idle = { writable: () => !this.#isBusy }
    return {
      CR: { write: (written: number) => this.#control(written) },
      SR: { read: (stored: number) => this.#status(stored) },
      FCR: { write: (flags: number) => this.#clear(flags) },
      ...{ DCR1: idle, DCR2: idle, DLR: idle, TCR: idle, ABR: idle, PIR: idle, PSMKR: idle },
      CCR: { ...idle, write: () => this.#instructionChanged() },
      IR: { ...idle, write: () => this.#instructionWritten() },
      AR: { ...idle, write: () => this.#addressWritten() },
      DR: {
        read: (stored: number, size: AccessSize) => this.#peek(stored, size),
        taken: (size: AccessSize) => this.#take(size),
        write: (value: number, _before: number, size: AccessSize) => this.#put(value, size),
      },
    }
  }

  get #mode(): number {
    return this.registers.get('CR', 'FMODE')
  }

  get #isBusy(): boolean {
    return this.#transfer !== undefined || this.#isPolling || this.#open !== undefined
  }

  get #deviceBytes(): number {
    return 2 ** (this.registers.get('DCR1', 'DEVSIZE') + 1)
  }

  /** Cycles of the chip that so many clocks of the bus take. */
  #cycles(clocks: number): number {
    const { clocks: tree } = this.#wiring
    const hz = tree.hz(`OCTOSPI${this.#number}`) / (this.registers.get('DCR2', 'PRESCALER') + 1)
    return (clocks * tree.cycleHz) / hz
  }

  #after(clocks: number, action: () => void): void {
    const { scheduler } = this.#wiring
    const cycles = this.#cycles(clocks)
    this.#cancel = Number.isFinite(cycles)
      ? scheduler.at(scheduler.now + cycles, action)
      : undefined
  }

  #control(written: number): void {
    const { registers: r } = this
    const isAborted = (written & 2) !== 0
    if (isAborted && r.is('CR', 'EN')) {
      this.#stop()
      r.set('SR', 'TCF', true)
    } else if (!r.is('CR', 'EN')) this.#stop()
    this.#update()
  }

  #clear(flags: number): void {
    this.registers.setAll('SR', this.registers.get('SR') & ~(flags & CLEARABLE))
    this.#update()
  }

  #instructionChanged(): void {
    this.#isInstructionSent = false
  }

  #instructionWritten(): void {
    this.#isInstructionSent = false
    if (this.registers.get('CCR', 'ADMODE') === 0) this.#trigger()
  }

  #addressWritten(): void {
    if (this.registers.get('CCR', 'ADMODE') !== 0) this.#trigger()
  }

  /** The last register that a command needs was written. */
  #trigger(): void {
    const { registers: r } = this
    if (!r.is('CR', 'EN') || this.#mode === MODE.mapped) return
    const hasAddress = r.get('CCR', 'ADMODE') !== 0
    if (hasAddress && r.get('AR') >= this.#deviceBytes) this.#fail()
    else if (this.#mode === MODE.poll) this.#poll()
    else if (this.#mode === MODE.read || r.get('CCR', 'DMODE') === 0) this.#begin()
  }

  #fail(): void {
    this.registers.set('SR', 'TEF', true)
    this.#update()
  }

  /** Where the data lines that a command needs are led to. */
  #buses(command: Command): readonly XspiBus[] {
    const { pins, wire } = this.#wiring
    const count = widest(command)
    const isOn = (port: number, line: 'L' | 'H') => wire(portWire(this.#number, port, line)).isHigh
    return PORTS.filter((port) => isOn(port, 'L') && (count <= 4 || isOn(port, 'H'))).flatMap(
      (port) => pins.busesOn<XspiBus>('xspi', portSignals(port, count)),
    )
  }

  #command(bank: '' | 'W', address: number): Command {
    const command = readCommand(this.registers, bank, address)
    const isOnce = this.registers.is(`${bank}CCR`, 'SIOO') && this.#isInstructionSent
    this.#isInstructionSent = true
    const hasInstruction = this.registers.get(`${bank}CCR`, 'IMODE') !== 0
    return isOnce && hasInstruction ? withoutInstruction(command) : command
  }

  #select(command: Command): readonly XspiBus[] {
    const buses = this.#buses(command)
    for (const bus of buses) bus.select(true)
    sendHead(command, buses)
    return buses
  }

  /** Starts an indirect command. */
  #begin(): void {
    const { registers: r } = this
    const length = r.get('DLR')
    const isWhole = length === WHOLE_DEVICE
    const hasData = r.get('CCR', 'DMODE') !== 0
    const address = r.get('CCR', 'ADMODE') === 0 ? 0 : r.get('AR')
    if (hasData && !isWhole && address + length + 1 > this.#deviceBytes) {
      this.#fifo.length = 0
      this.#fail()
      return
    }
    const command = this.#command('', address)
    const remaining = hasData ? (isWhole ? this.#deviceBytes - address : length + 1) : 0
    const isRead = this.#mode === MODE.read
    if (isRead) this.#fifo.length = 0
    this.#transfer = { command, buses: this.#select(command), isRead, remaining }
    this.#after(headClocks(command), () => this.#go())
    this.#update()
  }

  /** The next step of the transfer: some bytes, or its end. */
  #go(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const transfer = this.#transfer
    if (transfer === undefined) return
    if (transfer.remaining === 0 && this.#coming.length === 0) this.#finish(transfer)
    else if (transfer.isRead) this.#fetch(transfer)
    else this.#drain(transfer)
    this.#update()
  }

  #fetch(transfer: Transfer): void {
    const lanes = transfer.command.data!
    if (this.#coming.length === 0) {
      const room = FIFO_BYTES - this.#fifo.length
      const wanted = Math.max(CHUNK_BYTES, this.registers.get('CR', 'FTHRES') + 1)
      const count = Math.min(room, transfer.remaining, wanted)
      for (let n = 0; n < count; n++) this.#coming.push(busRead(transfer.buses, lanes))
      transfer.remaining -= count
    }
    const count = this.#coming.length
    if (count > 0) this.#after(count * clocksPerByte(lanes), () => this.#arrive())
  }

  #arrive(): void {
    this.#fifo.push(...this.#coming)
    this.#coming = []
    this.#go()
  }

  #drain(transfer: Transfer): void {
    const count = Math.min(this.#fifo.length, transfer.remaining)
    if (count === 0) return
    const lanes = transfer.command.data!
    this.#after(count * clocksPerByte(lanes), () => this.#send(transfer, count))
  }

  #send(transfer: Transfer, count: number): void {
    for (const byte of this.#fifo.splice(0, count)) {
      for (const bus of transfer.buses) bus.write(byte, transfer.command.data!)
    }
    transfer.remaining -= count
    this.#go()
  }

  #finish(transfer: Transfer): void {
    for (const bus of transfer.buses) bus.select(false)
    this.registers.set('SR', 'TCF', true)
    // A read stays busy until software has taken everything.
    if (!transfer.isRead || this.#fifo.length === 0) this.#transfer = undefined
  }

  #peek(stored: number, size: AccessSize): number {
    if (this.#mode === MODE.poll) return stored
    return [...this.#fifo, ...this.#coming]
      .slice(0, size)
      .reduce((word, byte, at) => word + byte * 2 ** (8 * at), 0)
  }

  #take(size: AccessSize): void {
    if (this.#mode === MODE.poll) this.registers.set('SR', 'FTF', false)
    else {
      if (this.#fifo.length < size && this.#coming.length > 0) this.#arrive()
      this.#fifo.splice(0, size)
      const transfer = this.#transfer
      const isOver = transfer?.remaining === 0 && this.#coming.length === 0
      if (isOver && this.#fifo.length === 0) this.#transfer = undefined
      else if (this.#cancel === undefined && !isOver) this.#go()
    }
    this.#update()
  }

  #put(value: number, size: AccessSize): void {
    if (!this.registers.is('CR', 'EN') || this.#mode !== MODE.write) return
    // A write to a full FIFO waits until there is room.
    const transfer = this.#transfer
    if (transfer !== undefined && this.#fifo.length + size > FIFO_BYTES) {
      this.#cancel?.()
      this.#send(transfer, Math.min(this.#fifo.length, transfer.remaining))
    }
    for (let at = 0; at < size; at++) this.#fifo.push((value >>> (8 * at)) & 0xff)
    if (this.#transfer === undefined) this.#begin()
    else if (this.#cancel === undefined) this.#go()
    this.#update()
  }

  /** One round of automatic polling. */
  #poll(): void {
    const { registers: r } = this
    this.#isPolling = true
    const bytes = Math.min(r.get('DLR') + 1, 4)
    const command = this.#command('', r.get('AR'))
    const lanes = command.data ?? ({ lines: 1, isDtr: false } as const)
    const buses = this.#select(command)
    const clocks = headClocks(command) + bytes * clocksPerByte(lanes)
    this.#update()
    this.#after(clocks, () => {
      let status = 0
      for (let at = 0; at < bytes; at++) status += busRead(buses, lanes) * 2 ** (8 * at)
      for (const bus of buses) bus.select(false)
      this.#judge(status)
    })
  }

  #judge(status: number): void {
    const { registers: r } = this
    r.setAll('DR', status)
    r.set('SR', 'FTF', true)
    const mask = r.get('PSMKR')
    const same = (~(status ^ r.get('PSMAR')) & mask) >>> 0
    const isMatch = r.is('CR', 'PMM') ? same !== 0 : same === mask
    if (isMatch) r.set('SR', 'SMF', true)
    if (isMatch && r.is('CR', 'APMS')) this.#isPolling = false
    else this.#after(Math.max(1, r.get('PIR', 'INTERVAL')), () => this.#poll())
    this.#update()
  }

  #isMapped(offset: number, size: number): boolean {
    const { registers: r } = this
    const isIn = offset + size <= Math.min(WINDOW_BYTES, this.#deviceBytes)
    return r.is('CR', 'EN') && this.#mode === MODE.mapped && isIn
  }

  /** Undefined: the bus refuses. */
  #mappedRead(offset: number, size: AccessSize): number | undefined {
    if (!this.#isMapped(offset, size)) return undefined
    if (this.#open?.next !== offset) {
      this.#close()
      const command = this.#command('', offset)
      this.#open = { command, buses: this.#select(command), next: offset }
    }
    const { buses, command } = this.#open!
    const lanes = command.data ?? ({ lines: 1, isDtr: false } as const)
    let value = 0
    for (let at = 0; at < size; at++) value += busRead(buses, lanes) * 2 ** (8 * at)
    this.#open!.next += size
    this.#startTimeout()
    return value
  }

  #mappedWrite(offset: number, size: AccessSize, value: number): boolean {
    if (!this.#isMapped(offset, size)) return false
    this.#close()
    const command = this.#command('W', offset)
    const buses = this.#select(command)
    for (let at = 0; at < size && command.data !== undefined; at++) {
      for (const bus of buses) bus.write((value >>> (8 * at)) & 0xff, command.data)
    }
    for (const bus of buses) bus.select(false)
    return true
  }

  #startTimeout(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (!this.registers.is('CR', 'TCEN')) return
    this.#after(this.registers.get('LPTR', 'TIMEOUT'), () => {
      this.#close()
      this.registers.set('SR', 'TOF', true)
      this.#update()
    })
  }

  #close(): void {
    for (const bus of this.#open?.buses ?? []) bus.select(false)
    this.#open = undefined
  }

  /** Ends whatever goes on. */
  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#close()
    for (const bus of this.#transfer?.buses ?? []) bus.select(false)
    this.#transfer = undefined
    this.#isPolling = false
    this.#fifo.length = 0
    this.#coming = []
  }

  /** Flags that follow from the FIFO, on top of the stored ones. */
  #status(stored: number): number {
    const { registers: r } = this
    const level = this.#fifo.length
    const threshold = r.get('CR', 'FTHRES') + 1
    const transfer = this.#transfer
    const isTail = transfer?.remaining === 0 && this.#coming.length === 0 && level > 0
    const isReadReady = level >= threshold || isTail
    const isWriteReady = r.is('CR', 'EN') && FIFO_BYTES - level >= threshold
    const ftf =
      this.#mode === MODE.read ? isReadReady : this.#mode === MODE.write ? isWriteReady : undefined
    const flags = ftf === undefined ? stored : (stored & ~4) | (Number(ftf) << 2)
    return flags | (Number(this.#isBusy) << 5) | (level << 8)
  }

  #update(): void {
    const { registers: r } = this
    const isIndirect = this.#mode === MODE.read || this.#mode === MODE.write
    const isReady = (this.#status(r.get('SR')) & 4) !== 0
    this.#request.set(r.is('CR', 'EN') && r.is('CR', 'DMAEN') && isIndirect && isReady)
    this.#line.set(this.#isInterrupting())
  }
}

function busRead(buses: readonly XspiBus[], lanes: Parameters<XspiBus['read']>[0]): number {
  return buses.reduce((byte, bus) => byte & bus.read(lanes), 0xff)
}

/** Signals of a port by role; one line needs a second to come back on. */
function portSignals(port: number, count: number): Record<string, string> {
  const names = ['CLK', 'NCS', ...Array.from({ length: Math.max(2, count) }, (_, n) => `IO${n}`)]
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), `OCTOSPIM_P${port}_${name}`]))
}

export const octospis = {
  OCTOSPI1: (wiring) => new Octospi(wiring, 1),
  OCTOSPI2: (wiring) => new Octospi(wiring, 2),
} satisfies Makers
