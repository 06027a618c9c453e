/**
 * One channel of GPDMA or LPDMA: registers to bursts. RM0456, "GPDMA functional description".
 *
 *   (1) BNDT counts what is still to be read from the source; the addresses are those of the next
 *       beats. Half and complete flags follow BNDT and TCEM.
 *   (2) A channel that ends, is suspended or fails is idle (IDLEF); a failure clears EN.
 *   (3) A link is read when the block before it is complete, and at once where BNDT is 0.
 *
 * Data handling: truncation, padding with zeros or the sign, packing and unpacking; exchanges of
 * bytes within halfwords and words. PFREQ (peripheral flow control) does not exist on this chip.
 */
import { type AccessSize, BusFault } from '../bus.ts'
import type { Layout, RegisterFile } from '../registers.ts'
import type { Output, Wire } from '../wire.ts'
import type { Wiring } from '../wiring.ts'
import { channelNames } from './dma-layout.ts'

export interface DmaChannelParts {
  readonly number: number
  readonly wiring: Wiring
  readonly registers: RegisterFile<Layout>
  readonly interrupt: Output
  readonly is2d: boolean
  readonly tables: { readonly requests: readonly string[]; readonly triggers: readonly string[] }
  /** There is something to do. */
  ready(): void
}

const FLAGS = 0x7f00
const TCEM = { block: 0, repeatedBlock: 1, link: 2, channel: 3 } as const
const TRIGM = { block: 0, repeatedBlock: 1, link: 2, burst: 3 } as const
const TRIGPOL = { none: 0, rising: 1, falling: 2 } as const
const PAM_PACK = 2
/** A burst of a timer asks 18 times. */
const MAX_OWED = 32

/** The registers that a link may load, in the order in which they lie in memory. */
const linked = ['TR1', 'TR2', 'BR1', 'SAR', 'DAR', 'TR3', 'BR2', 'LLR'] as const
const updateField = {
  ...{ TR1: 'UT1', TR2: 'UT2', BR1: 'UB1', SAR: 'USA', DAR: 'UDA', TR3: 'UT3', BR2: 'UB2' },
  LLR: 'ULL',
} as const

export class DmaChannel {
  readonly #parts: DmaChannelParts
  readonly #names: ReturnType<typeof channelNames>
  readonly #complete: Output
  #fifo: number[] = []
  /** BNDT and BRC as they were loaded, for the half flags and for repeating. */
  #block = 0
  #repeats = 0
  #halfGiven = false
  #request: Wire | undefined
  #stopRequest: (() => void) | undefined
  #stopTrigger: (() => void) | undefined
  /** A trigger has come that no transfer has used yet. */
  #isTriggered = false
  #isBlockGranted = false
  /** Requests that came and went before they were served: a timer's are no longer than that. */
  #owed = 0

  constructor(parts: DmaChannelParts) {
    this.#parts = parts
    this.#names = channelNames(parts.number)
    this.#complete = parts.wiring.wire(`${parts.wiring.name}_CH${parts.number}_TC`).connect()
  }

  reset(): void {
    this.#forget()
    this.#parts.interrupt.set(false)
  }

  get priority(): number {
    return this.#get('CR', 'PRIO')
  }

  get isInterrupting(): boolean {
    const { registers } = this.#parts
    const { SR, CR } = this.#names
    return (registers.get(SR) & registers.get(CR) & FLAGS) !== 0
  }

  /** It could move data now. */
  get isReady(): boolean {
    if (!this.#is('CR', 'EN') || this.#is('SR', 'SUSPF')) return false
    if (this.#get('CR', 'SUSP') === 1) return true
    if (this.#get('BR1', 'BNDT') === 0) return true
    if (this.#needsTrigger && !this.#isTriggered) return false
    return (
      this.#is('TR2', 'SWREQ') ||
      this.#isBlockGranted ||
      this.#owed > 0 ||
      this.#request?.isHigh === true
    )
  }

  /** CR was written. */
  control(written: number, before: number): void {
    if (written & 2) this.#resetChannel()
    const wasEnabled = (before & 1) !== 0
    // EN can only be set by software; the channel or RESET clears it.
    if (wasEnabled && (written & 2) === 0) this.#set('CR', 'EN', 1)
    if (!wasEnabled && this.#is('CR', 'EN')) this.#start()
    if (!this.#is('CR', 'SUSP') && this.#is('SR', 'SUSPF') && this.#is('CR', 'EN')) this.#resume()
    this.#update()
    if (this.isReady) this.#parts.ready()
  }

  clear(flags: number): void {
    const { registers } = this.#parts
    registers.setAll(this.#names.SR, registers.get(this.#names.SR) & ~(flags & FLAGS))
    this.#update()
  }

  /** One burst, link or suspension; how many beats it took. */
  step(): number {
    if (this.#is('CR', 'SUSP')) {
      this.#flag('SUSPF')
      this.#set('SR', 'IDLEF', 1)
      this.#update()
      return 1
    }
    if (this.#get('BR1', 'BNDT') === 0) return this.#nextLink()
    if (this.#needsTrigger && this.#isTriggerDue) this.#isTriggered = false
    this.#isBlockGranted = this.#is('TR2', 'BREQ')
    if (this.#owed > 0) this.#owed--
    const beats = this.#burst()
    if (this.#is('CR', 'EN')) this.#account()
    this.#update()
    return beats
  }

  #start(): void {
    this.#set('SR', 'IDLEF', 0)
    this.#fifo = []
    this.#loaded()
    this.#halfGiven = false
    const error = this.#wrongSetting()
    if (error) this.#fail('USEF')
  }

  #resume(): void {
    this.#set('SR', 'IDLEF', 0)
  }

  /** What BR1 holds is a new block (or row of blocks); requests and triggers may be others. */
  #loaded(): void {
    this.#block = this.#get('BR1', 'BNDT')
    this.#repeats = this.#parts.is2d ? this.#get('BR1', 'BRC') : 0
    this.#connectRequest()
    this.#connectTrigger()
  }

  #connectRequest(): void {
    this.#stopRequest?.()
    const { wiring, tables, ready } = this.#parts
    const name = this.#is('TR2', 'SWREQ') ? undefined : tables.requests[this.#get('TR2', 'REQSEL')]
    this.#request = name === undefined ? undefined : wiring.dmaWire(name)
    this.#stopRequest = this.#request?.listen((isHigh, isPulse) => {
      if (isHigh && isPulse) this.#owed = Math.min(this.#owed + 1, MAX_OWED)
      if (isHigh && this.isReady) ready()
    })
  }

  #connectTrigger(): void {
    this.#stopTrigger?.()
    this.#stopTrigger = undefined
    const polarity = this.#get('TR2', 'TRIGPOL')
    const name = this.#parts.tables.triggers[this.#get('TR2', 'TRIGSEL')]
    if (!this.#needsTrigger || name === undefined) return
    this.#stopTrigger = this.#parts.wiring.wire(name).listen((isHigh) => {
      if (isHigh !== (polarity === TRIGPOL.rising)) return
      if (this.#isTriggered) this.#flag('TOF')
      this.#isTriggered = true
      this.#update()
      if (this.isReady) this.#parts.ready()
    })
  }

  get #needsTrigger(): boolean {
    const polarity = this.#get('TR2', 'TRIGPOL')
    return polarity === TRIGPOL.rising || polarity === TRIGPOL.falling
  }

  /** The trigger of this unit is used up with its first burst. */
  get #isTriggerDue(): boolean {
    const mode = this.#get('TR2', 'TRIGM')
    const isLastOfBlock = this.#get('BR1', 'BNDT') <= this.#sourceBytes
    if (mode === TRIGM.burst) return true
    if (mode === TRIGM.block) return isLastOfBlock
    const isLastOfRow = isLastOfBlock && (!this.#parts.is2d || this.#get('BR1', 'BRC') === 0)
    return isLastOfRow
  }

  get #sourceBytes(): number {
    return (this.#general('SBL_1') + 1) << this.#get('TR1', 'SDW_LOG2')
  }

  /** RM0456, "GPDMA error management": what a channel refuses to start with. */
  #wrongSetting(): boolean {
    const source = 1 << this.#get('TR1', 'SDW_LOG2')
    const destination = 1 << this.#get('TR1', 'DDW_LOG2')
    if (source === 8 || destination === 8) return true
    const bytes = this.#get('BR1', 'BNDT')
    const isPacking = this.#get('TR1', 'PAM') >= PAM_PACK && source !== destination
    if (bytes % source !== 0 || (isPacking && bytes % destination !== 0)) return true
    if (bytes === 0) return this.#parts.registers.get(this.#names.LLR) === 0
    return this.#get('SAR', 'SA') % source !== 0 || this.#get('DAR', 'DA') % destination !== 0
  }

  /** Reads a burst from the source, writes what then fits; for a destination's request the reverse. */
  #burst(): number {
    const isForDestination = this.#general('DREQ', 'TR2') === 1 && !this.#is('TR2', 'SWREQ')
    const width = 1 << this.#get('TR1', 'DDW_LOG2')
    const wanted = isForDestination ? (this.#general('DBL_1') + 1) * width : 0
    let beats = 0
    do {
      beats += this.#readBurst()
    } while (this.#fifo.length < wanted && this.#get('BR1', 'BNDT') > 0 && this.#is('CR', 'EN'))
    return beats + this.#writeAll(width)
  }

  #readBurst(): number {
    const size = (1 << this.#get('TR1', 'SDW_LOG2')) as AccessSize
    const count = Math.min(this.#general('SBL_1') + 1, this.#get('BR1', 'BNDT') / size)
    for (let beat = 0; beat < count; beat++) {
      const value = this.#access('SSEC', (master) =>
        this.#parts.wiring.memory.read(this.#get('SAR', 'SA'), size, master),
      )
      if (value === undefined) return beat
      this.#take(value, size)
      if (this.#is('TR1', 'SINC')) this.#move('SAR', 'SA', size)
      this.#set('BR1', 'BNDT', this.#get('BR1', 'BNDT') - size)
    }
    this.#jump('SAR', 'SA', 'SAO', 'SDEC')
    return count
  }

  #writeAll(width: number): number {
    const size = width as AccessSize
    let beats = 0
    while (this.#fifo.length >= size && this.#is('CR', 'EN')) {
      let value = 0
      for (let at = size - 1; at >= 0; at--) value = value * 256 + this.#fifo[at]!
      this.#fifo.splice(0, size)
      const done = this.#access('DSEC', (master) => {
        const swapped = this.#exchange(value, size)
        this.#parts.wiring.memory.write(this.#get('DAR', 'DA'), size, swapped, master)
        return 0
      })
      if (done === undefined) return beats
      if (this.#is('TR1', 'DINC')) this.#move('DAR', 'DA', size)
      if (++beats % (this.#general('DBL_1') + 1) === 0) this.#jump('DAR', 'DA', 'DAO', 'DDEC')
    }
    return beats
  }

  /** Source data into the FIFO, as PAM and the widths say. */
  #take(value: number, size: number): void {
    const width = 1 << this.#get('TR1', 'DDW_LOG2')
    const mode = this.#get('TR1', 'PAM')
    const bytes = Array.from({ length: size }, (_, at) => (value >>> (8 * at)) & 0xff)
    if (this.#general('SBX') === 1 && size === 4) bytes.splice(1, 2, bytes[2]!, bytes[1]!)
    if (size === width || mode >= PAM_PACK) this.#fifo.push(...bytes)
    else if (size > width) {
      this.#fifo.push(...(mode === 0 ? bytes.slice(0, width) : bytes.slice(size - width)))
    } else {
      const isNegative = mode === 1 && (bytes[size - 1]! & 0x80) !== 0
      this.#fifo.push(...bytes, ...new Array(width - size).fill(isNegative ? 0xff : 0))
    }
  }

  #exchange(value: number, size: number): number {
    let swapped = value
    if (this.#general('DBX') === 1 && size >= 2) {
      swapped = ((swapped & 0x00ff_00ff) << 8) | ((swapped >>> 8) & 0x00ff_00ff)
    }
    if (this.#general('DHX') === 1 && size === 4) swapped = (swapped << 16) | (swapped >>> 16)
    return swapped >>> 0
  }

  /** An access on the bus; undefined if it failed, and then the channel has ended. */
  #access(
    securityField: 'SSEC' | 'DSEC',
    access: (master: { isSecure: boolean; isPrivileged: boolean; pc: number }) => number,
  ): number | undefined {
    const { wiring, registers, number } = this.#parts
    const isSecureChannel = ((registers.get('SECCFGR') >>> number) & 1) === 1
    const isPrivileged = ((registers.get('PRIVCFGR') >>> number) & 1) === 1
    const isSecure = isSecureChannel && this.#is('TR1', securityField)
    const value = access({ isSecure, isPrivileged, pc: 0 })
    if (wiring.memory.fault === BusFault.none) return value
    this.#fail('DTEF')
    return undefined
  }

  /** After a burst: half, complete, the next block, the next link. */
  #account(): void {
    const left = this.#get('BR1', 'BNDT')
    const blocksLeft = this.#parts.is2d ? this.#get('BR1', 'BRC') : 0
    const mode = this.#get('TR2', 'TCEM')
    const isLast = this.#parts.registers.get(this.#names.LLR) === 0
    const isCounted = mode !== TCEM.channel || isLast
    if (!this.#halfGiven && isCounted && this.#isHalf(left, blocksLeft, mode)) {
      this.#halfGiven = true
      this.#flag('HTF')
    }
    if (left > 0) return
    this.#isBlockGranted = false
    if (mode === TCEM.block) this.#finishUnit()
    if (blocksLeft > 0) this.#nextBlock(blocksLeft)
    else {
      if (mode !== TCEM.block && isCounted) this.#finishUnit()
      this.#endOfLink()
    }
  }

  #isHalf(left: number, blocksLeft: number, mode: number): boolean {
    if (mode === TCEM.block || this.#repeats === 0) return left * 2 <= this.#block
    return blocksLeft * 2 <= this.#repeats
  }

  #finishUnit(): void {
    this.#halfGiven = false
    this.#flag('TCF')
    this.#complete.set(true)
    this.#complete.set(false)
  }

  #nextBlock(blocksLeft: number): void {
    this.#set('BR1', 'BRC', blocksLeft - 1)
    this.#set('BR1', 'BNDT', this.#block)
    this.#jump('SAR', 'SA', 'BRSAO', 'BRSDEC')
    this.#jump('DAR', 'DA', 'BRDAO', 'BRDDEC')
  }

  #endOfLink(): void {
    if (this.#parts.registers.get(this.#names.LLR) === 0) this.#end()
    else if (this.#is('CR', 'LSM')) this.#loadLink() && this.#end()
  }

  #nextLink(): number {
    if (this.#parts.registers.get(this.#names.LLR) === 0) {
      this.#end()
      return 1
    }
    this.#loadLink()
    this.#update()
    return linked.length
  }

  /** Reads the next link; false if that failed. */
  #loadLink(): boolean {
    const { registers, wiring, is2d } = this.#parts
    let address = this.#get('LBAR', 'LBA') * 0x1_0000 + this.#get('LLR', 'LA') * 4
    const llr = registers.get(this.#names.LLR)
    const has = (name: (typeof linked)[number]) => {
      const field = registers.layout[this.#names.LLR]!.fields[updateField[name]]
      return field !== undefined && ((llr >>> field.bit) & 1) === 1
    }
    for (const name of linked) {
      if (!has(name)) continue
      const isPrivileged = ((registers.get('PRIVCFGR') >>> this.#parts.number) & 1) === 1
      const isSecure = ((registers.get('SECCFGR') >>> this.#parts.number) & 1) === 1
      const value = wiring.memory.read(address, 4, { isSecure, isPrivileged, pc: 0 })
      if (wiring.memory.fault !== BusFault.none) return this.#fail('ULEF')
      registers.setAll(this.#names[name], value)
      address += 4
    }
    // What a link does not load stays; a block then is as long as the one before.
    if (!has('BR1')) {
      this.#set('BR1', 'BNDT', this.#block)
      if (is2d) this.#set('BR1', 'BRC', this.#repeats)
    }
    this.#halfGiven = false
    this.#loaded()
    return this.#wrongSetting() ? this.#fail('USEF') : true
  }

  /** The address moves on by what TR3 or BR2 says. */
  #jump(register: 'SAR' | 'DAR', field: string, offset: string, direction: string): void {
    if (!this.#parts.is2d) return
    const holder = offset.startsWith('BR') ? 'BR2' : 'TR3'
    const by = this.#get(holder, offset)
    if (by !== 0) this.#move(register, field, this.#is('BR1', direction) ? -by : by)
  }

  #move(register: 'SAR' | 'DAR', field: string, by: number): void {
    this.#set(register, field, (this.#get(register, field) + by) >>> 0)
  }

  #end(): void {
    this.#set('CR', 'EN', 0)
    this.#set('SR', 'IDLEF', 1)
    this.#forget()
    this.#update()
  }

  #fail(flag: 'DTEF' | 'ULEF' | 'USEF'): false {
    this.#flag(flag)
    this.#end()
    return false
  }

  #resetChannel(): void {
    this.#forget()
    this.#set('CR', 'EN', 0)
    this.#set('CR', 'SUSP', 0)
    this.#set('SR', 'IDLEF', 1)
    this.#set('SR', 'SUSPF', 0)
  }

  #forget(): void {
    this.#fifo = []
    this.#stopRequest?.()
    this.#stopTrigger?.()
    this.#request = this.#stopRequest = this.#stopTrigger = undefined
    this.#isTriggered = false
    this.#isBlockGranted = false
    this.#owed = 0
  }

  #update(): void {
    this.#parts.interrupt.set(this.isInterrupting)
  }

  #flag(name: string): void {
    this.#set('SR', name, 1)
  }

  /** A field that LPDMA does not have reads as zero. */
  #general(field: string, register: 'TR1' | 'TR2' = 'TR1'): number {
    const { registers } = this.#parts
    const name = this.#names[register]
    return registers.layout[name]!.fields[field] === undefined ? 0 : registers.get(name, field)
  }

  #get(register: keyof ReturnType<typeof channelNames>, field: string): number {
    return this.#parts.registers.get(this.#names[register], field) >>> 0
  }

  #is(register: keyof ReturnType<typeof channelNames>, field: string): boolean {
    return this.#get(register, field) !== 0
  }

  #set(register: keyof ReturnType<typeof channelNames>, field: string, value: number): void {
    this.#parts.registers.set(this.#names[register], field, value)
  }
}
