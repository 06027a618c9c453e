/**
 * SDMMC: the host of an SD card. RM0456, chapter "Secure digital input/output MultiMediaCard
 * interface (SDMMC)".
 *
 * Commands with short and long responses and their time-outs and checksums; blocks in both
 * directions through the FIFO or by the internal DMA (one buffer or a linked list), with data
 * time-out, checksum errors, underrun, overrun, hardware flow control and busy; flags, interrupts.
 * Everything takes its clocks of SDMMC_CK.
 *
 * Not modelled, and reported: SDIO (read wait, interrupts, suspend), boot, streams, voltage switch,
 * DTHOLD. Phases of the receive clock have no effect.
 */
import type { SdBus, SdDevice, SdResponse } from '../lines/sd-bus.ts'
import { RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { SdmmcIdma } from './sdmmc-idma.ts'
import { sdmmcLayout } from './sdmmc-layout.ts'

type Flag = keyof (typeof sdmmcLayout)['STAR']['fields']

const FIFO_WORDS = 16
/** Half a FIFO: what travels between two looks at it. */
const CHUNK_BYTES = 32
const POWER_ON = 3
/** Clocks: a command, the pause before its response, a short and a long response. */
const CLOCKS = { command: 48, pause: 8, short: 48, long: 136, timeout: 64 } as const
/** Start bit, checksum and end bit of a block, and the card's answer to one. */
const BLOCK_CLOCKS = 18
const WAIT = { none: 0, short: 1, shortWithoutCrc: 2, long: 3 } as const
/** Flags that ICR clears. */
const CLEARABLE = 0x1fe0_0fff
const LINES = [1, 4, 8]

interface Transfer {
  readonly isRead: boolean
  readonly blockBytes: number
  /** Bytes that have not been on the bus yet. */
  left: number
  /** Of a read: what the card has sent and the FIFO not taken; of a write: the block so far. */
  block: number[]
  isIntact: boolean
}

export class Sdmmc implements Peripheral {
  readonly registers: RegisterFile<typeof sdmmcLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #idma: SdmmcIdma
  readonly #fifo: number[] = []
  #transfer: Transfer | undefined
  #isCommanding = false
  /** The card holds D0 low. */
  #isBusy = false
  #cancelCommand: (() => void) | undefined
  #cancelData: (() => void) | undefined
  #cancelBusy: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(sdmmcLayout, {
      POWER: { write: () => this.#power() },
      CMDR: { write: (written) => this.#command(written) },
      DCTRL: { write: (written) => this.#control(written) },
      STAR: { read: (stored) => this.#status(stored) },
      ICR: { write: (flags) => this.#clear(flags) },
      MASKR: { write: () => this.#update() },
      FIFOR: {
        read: () => this.#fifo[0] ?? 0,
        taken: () => this.#take(),
        write: (word) => this.#put(word),
      },
    })
    this.#idma = new SdmmcIdma(
      this.registers,
      () => wiring.memory,
      () => this.#raise('IDMABTC'),
    )
    this.#line = wiring.interrupt(wiring.name as 'SDMMC1' | 'SDMMC2')
  }

  reset(): void {
    this.#stop()
    this.registers.reset()
    this.#line.set(false)
  }

  #power(): void {
    if (this.registers.get('POWER', 'PWRCTRL') !== POWER_ON) this.#stop()
    this.#update()
  }

  /** Ends whatever goes on. */
  #stop(): void {
    for (const cancel of [this.#cancelCommand, this.#cancelData, this.#cancelBusy]) cancel?.()
    this.#cancelCommand = undefined
    this.#cancelData = undefined
    this.#cancelBusy = undefined
    this.#transfer = undefined
    this.#isCommanding = false
    this.#isBusy = false
    this.#fifo.length = 0
  }

  get #lines(): number {
    return LINES[this.registers.get('CLKCR', 'WIDBUS')] ?? 1
  }

  /** The card, if clock, command and data lines are led to it. */
  get #card(): SdDevice | undefined {
    const { name, pins } = this.#wiring
    const names = ['CK', 'CMD', ...Array.from({ length: this.#lines }, (_, n) => `D${n}`)]
    const signals = Object.fromEntries(names.map((role) => [role, `${name}_${role}`]))
    return pins.busesOn<SdBus>('sd', signals)[0]?.card
  }

  #after(clocks: number, seconds: number, action: () => void): () => void {
    const { clocks: tree, scheduler, name } = this.#wiring
    const divider = Math.max(1, this.registers.get('CLKCR', 'CLKDIV') * 2)
    const cycles = (clocks * tree.cycleHz * divider) / tree.hz(name) + seconds * tree.cycleHz
    return Number.isFinite(cycles) ? scheduler.at(scheduler.now + cycles, action) : () => {}
  }

  #raise(...flags: Flag[]): void {
    for (const flag of flags) this.registers.set('STAR', flag, true)
    this.#update()
  }

  #command(written: number): void {
    const { registers: r } = this
    const starts = (written & (1 << 12)) !== 0
    r.set('CMDR', 'CPSMEN', false)
    if (!starts || r.get('POWER', 'PWRCTRL') !== POWER_ON || this.#isCommanding) return
    this.#isCommanding = true
    const wait = r.get('CMDR', 'WAITRESP')
    const response = this.#card?.command(r.get('CMDR', 'CMDINDEX'), r.get('ARGR'))
    if (r.is('CMDR', 'CMDSTOP')) this.#abort()
    this.#cancelCommand = this.#after(this.#commandClocks(wait, response), 0, () =>
      this.#answer(wait, response),
    )
    this.#update()
  }

  #commandClocks(wait: number, response: SdResponse | undefined): number {
    const { command, pause, short, long, timeout } = CLOCKS
    if (wait === WAIT.none) return command + pause
    if (response === undefined) return command + timeout
    return command + pause + (wait === WAIT.long ? long : short)
  }

  #answer(wait: number, response: SdResponse | undefined): void {
    const { registers: r } = this
    this.#isCommanding = false
    this.#cancelCommand = undefined
    if (response !== undefined) this.#hold(response.busySeconds)
    if (wait === WAIT.none) this.#raise('CMDSENT')
    else if (response === undefined) this.#raise('CTIMEOUT')
    else {
      r.setAll('RESPCMDR', response.index & 0x3f)
      const words = [...response.words, 0, 0, 0].slice(0, wait === WAIT.long ? 4 : 1)
      for (const [n, word] of words.entries()) r.setAll(`RESP${(n + 1) as 1}R`, word)
      const isWrong = !response.hasCrc && wait !== WAIT.shortWithoutCrc
      this.#raise(isWrong ? 'CCRCFAIL' : 'CMDREND')
    }
    if (r.is('CMDR', 'CMDTRANS')) this.#begin()
  }

  /** The card is busy for a while after a response. */
  #hold(seconds: number): void {
    if (seconds === 0) return
    this.#isBusy = true
    this.#cancelBusy?.()
    this.#cancelBusy = this.#after(0, seconds, () => {
      this.#isBusy = false
      this.#raise('BUSYD0END')
    })
  }

  #control(written: number): void {
    const { registers: r } = this
    if ((written & (1 << 13)) !== 0) {
      this.#fifo.length = 0
      r.set('DCTRL', 'FIFORST', false)
    }
    const starts = (written & 1) !== 0
    r.set('DCTRL', 'DTEN', false)
    if (starts) this.#begin()
    this.#update()
  }

  /** The data path leaves idle. */
  #begin(): void {
    const { registers: r } = this
    const bytes = r.get('DLENR')
    if (this.#transfer !== undefined || bytes === 0) return
    const blockBytes = Math.min(bytes, 2 ** r.get('DCTRL', 'DBLOCKSIZE'))
    const isRead = r.is('DCTRL', 'DTDIR')
    if (isRead) this.#fifo.length = 0
    this.#transfer = { isRead, blockBytes, left: bytes, block: [], isIntact: true }
    r.setAll('DCNTR', bytes)
    this.#idma.begin()
    this.#nextBlock()
    this.#update()
  }

  #nextBlock(): void {
    const transfer = this.#transfer
    if (transfer === undefined) return
    if (transfer.left === 0) this.#finish('DATAEND')
    else if (transfer.isRead) this.#awaitBlock(transfer)
    else this.#sendChunk(transfer)
  }

  /** A card that sends nothing, or too late, ends in the data time-out. */
  #awaitBlock(transfer: Transfer): void {
    const limit = this.registers.get('DTIMER')
    const block = this.#card?.readBlock(this.#lines)
    if (block === undefined || this.#clocksIn(block.afterSeconds) > limit) {
      this.#cancelData = this.#after(limit, 0, () => this.#finish('DTIMEOUT'))
      return
    }
    transfer.block = [...block.bytes.subarray(0, transfer.blockBytes)]
    transfer.isIntact = block.isIntact && block.bytes.length >= transfer.blockBytes
    this.#cancelData = this.#after(0, block.afterSeconds, () => this.#receiveChunk(transfer))
  }

  #clocksIn(seconds: number): number {
    const divider = Math.max(1, this.registers.get('CLKCR', 'CLKDIV') * 2)
    return (seconds * this.#wiring.clocks.hz(this.#wiring.name)) / divider
  }

  #clocksOf(bytes: number): number {
    return (bytes * 8) / this.#lines / (this.registers.is('CLKCR', 'DDR') ? 2 : 1)
  }

  #receiveChunk(transfer: Transfer): void {
    const count = Math.min(CHUNK_BYTES, transfer.block.length)
    this.#cancelData = this.#after(this.#clocksOf(count), 0, () => {
      this.#cancelData = undefined
      this.#arrive(transfer)
    })
  }

  /** Some bytes of the block have come; with no room for them the clock stops, or they are lost. */
  #arrive(transfer: Transfer): void {
    const count = Math.min(CHUNK_BYTES, transfer.block.length)
    const words = Math.ceil(count / 4)
    if (!this.#idma.isOn && this.#fifo.length + words > FIFO_WORDS) {
      if (!this.registers.is('CLKCR', 'HWFC_EN')) this.#finish('RXOVERR')
      return
    }
    const bytes = Uint8Array.from(transfer.block.splice(0, count))
    if (!this.#deliver(bytes)) return
    this.#count(transfer, count)
    if (transfer.block.length > 0) this.#receiveChunk(transfer)
    else this.#cancelData = this.#after(BLOCK_CLOCKS, 0, () => this.#blockEnded(transfer))
    this.#update()
  }

  #deliver(bytes: Uint8Array): boolean {
    if (this.#idma.isOn) {
      if (this.#idma.store(bytes)) return true
      this.#finish('IDMATE')
      return false
    }
    for (let at = 0; at < bytes.length; at += 4) {
      const lane = (n: number) => (bytes[at + n] ?? 0) * 2 ** (8 * n)
      this.#fifo.push(lane(0) + lane(1) + lane(2) + lane(3))
    }
    return true
  }

  #blockEnded(transfer: Transfer): void {
    this.#cancelData = undefined
    if (transfer.isIntact) this.#nextBlock()
    else this.#finish('DCRCFAIL')
  }

  #count(transfer: Transfer, bytes: number): void {
    transfer.left -= bytes
    this.registers.setAll('DCNTR', transfer.left)
  }

  /** The next bytes of a block to the card, once the FIFO has them. */
  #sendChunk(transfer: Transfer): void {
    const rest = Math.min(transfer.blockBytes - transfer.block.length, transfer.left)
    const count = Math.min(CHUNK_BYTES, rest)
    const bytes = this.#idma.isOn ? this.#idma.load(count) : this.#fetch(count)
    if (bytes === undefined) {
      const mayWait = transfer.block.length === 0 || this.registers.is('CLKCR', 'HWFC_EN')
      if (this.#idma.isOn) this.#finish('IDMATE')
      else if (!mayWait) this.#finish('TXUNDERR')
      return
    }
    transfer.block.push(...bytes)
    this.#count(transfer, count)
    this.#cancelData = this.#after(this.#clocksOf(count), 0, () => {
      this.#cancelData = undefined
      if (transfer.block.length < transfer.blockBytes && transfer.left > 0)
        this.#sendChunk(transfer)
      else this.#blockSent(transfer)
      this.#update()
    })
  }

  /** Bytes out of the FIFO; undefined while it has too few. */
  #fetch(count: number): Uint8Array | undefined {
    const words = Math.ceil(count / 4)
    if (this.#fifo.length < words) return undefined
    const bytes = this.#fifo
      .splice(0, words)
      .flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff))
    return Uint8Array.from(bytes.slice(0, count))
  }

  /** The card answers to the block's checksum, and programs it. */
  #blockSent(transfer: Transfer): void {
    const answer = this.#card?.writeBlock(Uint8Array.from(transfer.block), this.#lines)
    transfer.block = []
    if (answer === undefined || !answer.isAccepted) {
      this.#cancelData = this.#after(BLOCK_CLOCKS, 0, () => this.#finish('DCRCFAIL'))
      return
    }
    const limit = this.registers.get('DTIMER')
    this.#isBusy = answer.busySeconds > 0
    if (this.#clocksIn(answer.busySeconds) > limit) {
      this.#cancelData = this.#after(BLOCK_CLOCKS + limit, 0, () => this.#finish('DTIMEOUT'))
      return
    }
    this.#cancelData = this.#after(BLOCK_CLOCKS, answer.busySeconds, () => {
      this.#isBusy = false
      this.#cancelData = undefined
      this.#nextBlock()
      this.#update()
    })
  }

  /** CMD12 with CMDSTOP ends a transfer that goes on. */
  #abort(): void {
    if (this.#transfer !== undefined) this.#finish('DABORT')
  }

  #finish(flag: Flag): void {
    this.#cancelData?.()
    this.#cancelData = undefined
    const wasWrite = this.#transfer?.isRead === false
    this.#transfer = undefined
    if (wasWrite) this.#fifo.length = 0
    this.#raise(flag)
  }

  #take(): void {
    this.#fifo.shift()
    const transfer = this.#transfer
    const isHeld = transfer?.isRead === true && this.#cancelData === undefined
    if (isHeld && transfer.block.length > 0) this.#arrive(transfer)
    this.#update()
  }

  #put(word: number): void {
    if (this.#fifo.length < FIFO_WORDS) this.#fifo.push(word)
    const transfer = this.#transfer
    if (transfer?.isRead === false && this.#cancelData === undefined) this.#sendChunk(transfer)
    this.#update()
  }

  #clear(flags: number): void {
    this.registers.setAll('STAR', this.registers.get('STAR') & ~(flags & CLEARABLE))
    this.#update()
  }

  /** Flags that follow from the state, on top of the stored ones. */
  #status(stored: number): number {
    const level = this.#fifo.length
    const isWrite = this.#transfer?.isRead === false
    const isOn = this.registers.get('POWER', 'PWRCTRL') === POWER_ON
    const bits: readonly (readonly [Flag, boolean])[] = [
      ['DPSMACT', this.#transfer !== undefined],
      ['CPSMACT', this.#isCommanding],
      ['TXFIFOHE', isWrite && level <= FIFO_WORDS / 2],
      ['RXFIFOHF', !isWrite && level >= FIFO_WORDS / 2],
      ['TXFIFOF', isWrite && level === FIFO_WORDS],
      ['RXFIFOF', !isWrite && level === FIFO_WORDS],
      ['TXFIFOE', isWrite && level === 0],
      ['RXFIFOE', isOn && !isWrite && level === 0],
      ['BUSYD0', this.#isBusy],
    ]
    const { fields } = sdmmcLayout.STAR
    return bits.reduce((word, [flag, isSet]) => word + (isSet ? 2 ** fields[flag].bit : 0), stored)
  }

  #update(): void {
    const flags = this.#status(this.registers.get('STAR'))
    this.#line.set((flags & this.registers.get('MASKR')) !== 0)
  }
}

export const sdmmcs = {
  SDMMC1: (wiring) => new Sdmmc(wiring),
  SDMMC2: (wiring) => new Sdmmc(wiring),
} satisfies Makers
