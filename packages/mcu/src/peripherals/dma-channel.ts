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
import { type AccessSize, BusFault, type Master } from '../bus.ts'
import type { Cell, Layout, RegisterFile } from '../registers.ts'
import type { Output, Wire } from '../wire.ts'
import type { Wiring } from '../wiring.ts'
import { channelCells, channelNames } from './dma-layout.ts'

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
  readonly #f: ReturnType<typeof channelCells>
  readonly #complete: Output
  #fifo: number[] = []
  /** BNDT and BRC as they were loaded, for the half flags and for repeating. */
  #block = 0
  #repeats = 0
  #halfGiven = false
  #isPlainBlock = false
  #source: Master = { isSecure: false, isPrivileged: false, pc: 0 }
  #destination: Master = this.#source
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
    this.#f = channelCells(parts.registers, parts.number)
    this.#complete = parts.wiring.wire(`${parts.wiring.name}_CH${parts.number}_TC`).connect()
  }

  reset(): void {
    this.#forget()
    this.#parts.interrupt.set(false)
  }

  get priority(): number {
    return this.#f.PRIO.value
  }

  get isInterrupting(): boolean {
    return (this.#f.SR.value & this.#f.CR.value & FLAGS) !== 0
  }

  /** It could move data now. */
  get isReady(): boolean {
    if (!this.#f.EN.isSet || this.#f.SUSPF.isSet) return false
    if (this.#f.SUSP.value === 1) return true
    if (this.#f.BNDT.value === 0) return true
    if (this.#needsTrigger && !this.#isTriggered) return false
    return (
      this.#f.SWREQ.isSet ||
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
    if (wasEnabled && (written & 2) === 0) this.#f.EN.value = 1
    if (!wasEnabled && this.#f.EN.isSet) this.#start()
    if (!this.#f.SUSP.isSet && this.#f.SUSPF.isSet && this.#f.EN.isSet) this.#resume()
    this.#update()
    if (this.isReady) this.#parts.ready()
  }

  clear(flags: number): void {
    this.#f.SR.value &= ~(flags & FLAGS)
    this.#update()
  }

  /** One burst, link or suspension; how many beats it took. */
  step(): number {
    if (this.#f.SUSP.isSet) {
      this.#flag('SUSPF')
      this.#f.IDLEF.value = 1
      this.#update()
      return 1
    }
    if (this.#f.BNDT.value === 0) return this.#nextLink()
    if (this.#needsTrigger && this.#isTriggerDue) this.#isTriggered = false
    this.#isBlockGranted = this.#f.BREQ.isSet
    if (this.#owed > 0) this.#owed--
    const beats = this.#isPlainBlock ? this.#beat() : this.#burst()
    if (this.#f.EN.isSet) this.#account()
    this.#update()
    return beats
  }

  #start(): void {
    this.#f.IDLEF.value = 0
    this.#fifo = []
    this.#loaded()
    this.#halfGiven = false
    const error = this.#wrongSetting()
    if (error) this.#fail('USEF')
  }

  #resume(): void {
    this.#f.IDLEF.value = 0
  }

  /** What BR1 holds is a new block (or row of blocks); requests and triggers may be others. */
  #loaded(): void {
    this.#block = this.#f.BNDT.value
    this.#repeats = this.#parts.is2d ? this.#f.BRC.value : 0
    this.#isPlainBlock = this.#isPlain
    this.#findMasters()
    this.#connectRequest()
    this.#connectTrigger()
  }

  #connectRequest(): void {
    this.#stopRequest?.()
    const { wiring, tables, ready } = this.#parts
    const name = this.#f.SWREQ.isSet ? undefined : tables.requests[this.#f.REQSEL.value]
    this.#request = name === undefined ? undefined : wiring.dmaWire(name)
    this.#stopRequest = this.#request?.listen((isHigh, isPulse) => {
      if (isHigh && isPulse) this.#owed = Math.min(this.#owed + 1, MAX_OWED)
      if (isHigh && this.isReady) ready()
    })
  }

  #connectTrigger(): void {
    this.#stopTrigger?.()
    this.#stopTrigger = undefined
    const polarity = this.#f.TRIGPOL.value
    const name = this.#parts.tables.triggers[this.#f.TRIGSEL.value]
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
    const polarity = this.#f.TRIGPOL.value
    return polarity === TRIGPOL.rising || polarity === TRIGPOL.falling
  }

  /** The trigger of this unit is used up with its first burst. */
  get #isTriggerDue(): boolean {
    const mode = this.#f.TRIGM.value
    const isLastOfBlock = this.#f.BNDT.value <= this.#sourceBytes
    if (mode === TRIGM.burst) return true
    if (mode === TRIGM.block) return isLastOfBlock
    const isLastOfRow = isLastOfBlock && (!this.#parts.is2d || this.#f.BRC.value === 0)
    return isLastOfRow
  }

  get #sourceBytes(): number {
    return (this.#f.SBL_1.value + 1) << this.#f.SDW_LOG2.value
  }

  /** RM0456, "GPDMA error management": what a channel refuses to start with. */
  #wrongSetting(): boolean {
    const source = 1 << this.#f.SDW_LOG2.value
    const destination = 1 << this.#f.DDW_LOG2.value
    if (source === 8 || destination === 8) return true
    const bytes = this.#f.BNDT.value
    const isPacking = this.#f.PAM.value >= PAM_PACK && source !== destination
    if (bytes % source !== 0 || (isPacking && bytes % destination !== 0)) return true
    if (bytes === 0) return this.#f.LLR.value === 0
    return this.#f.SA.value % source !== 0 || this.#f.DA.value % destination !== 0
  }

  /** Single beats of one width, nothing rearranged: what most channels do. */
  get #isPlain(): boolean {
    const f = this.#f
    const isSingle = f.SBL_1.value === 0 && f.DBL_1.value === 0 && !this.#parts.is2d
    return (
      isSingle &&
      f.SDW_LOG2.value === f.DDW_LOG2.value &&
      !(f.SBX.isSet || f.DBX.isSet || f.DHX.isSet)
    )
  }

  /** One beat through the channel; how many accesses that took. */
  #beat(): number {
    const f = this.#f
    const { memory } = this.#parts.wiring
    const size = (1 << f.SDW_LOG2.value) as AccessSize
    const value = memory.read(f.SA.value, size, this.#source)
    if (!this.#wentWell()) return 0
    if (f.SINC.isSet) f.SA.value += size
    f.BNDT.value -= size
    memory.write(f.DA.value, size, value, this.#destination)
    if (!this.#wentWell()) return 1
    if (f.DINC.isSet) f.DA.value += size
    return 2
  }

  /** Reads a burst from the source, writes what then fits; for a destination's request the reverse. */
  #burst(): number {
    const isForDestination = this.#f.DREQ.value === 1 && !this.#f.SWREQ.isSet
    const width = 1 << this.#f.DDW_LOG2.value
    const wanted = isForDestination ? (this.#f.DBL_1.value + 1) * width : 0
    let beats = 0
    do {
      beats += this.#readBurst()
    } while (this.#fifo.length < wanted && this.#f.BNDT.value > 0 && this.#f.EN.isSet)
    return beats + this.#writeAll(width)
  }

  #readBurst(): number {
    const { memory } = this.#parts.wiring
    const size = (1 << this.#f.SDW_LOG2.value) as AccessSize
    const count = Math.min(this.#f.SBL_1.value + 1, this.#f.BNDT.value / size)
    for (let beat = 0; beat < count; beat++) {
      const value = memory.read(this.#f.SA.value, size, this.#source)
      if (!this.#wentWell()) return beat
      this.#take(value, size)
      if (this.#f.SINC.isSet) this.#f.SA.value += size
      this.#f.BNDT.value = this.#f.BNDT.value - size
    }
    jump(this.#f.SA, this.#f.SAO, this.#f.SDEC)
    return count
  }

  #writeAll(width: number): number {
    const { memory } = this.#parts.wiring
    const size = width as AccessSize
    let beats = 0
    while (this.#fifo.length >= size && this.#f.EN.isSet) {
      let value = 0
      for (let at = size - 1; at >= 0; at--) value = value * 256 + this.#fifo[at]!
      this.#fifo.splice(0, size)
      memory.write(this.#f.DA.value, size, this.#exchange(value, size), this.#destination)
      if (!this.#wentWell()) return beats
      if (this.#f.DINC.isSet) this.#f.DA.value += size
      if (++beats % (this.#f.DBL_1.value + 1) === 0) jump(this.#f.DA, this.#f.DAO, this.#f.DDEC)
    }
    return beats
  }

  /** Source data into the FIFO, as PAM and the widths say. */
  #take(value: number, size: number): void {
    const width = 1 << this.#f.DDW_LOG2.value
    const mode = this.#f.PAM.value
    const bytes = Array.from({ length: size }, (_, at) => (value >>> (8 * at)) & 0xff)
    if (this.#f.SBX.value === 1 && size === 4) bytes.splice(1, 2, bytes[2]!, bytes[1]!)
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
    if (this.#f.DBX.value === 1 && size >= 2) {
      swapped = ((swapped & 0x00ff_00ff) << 8) | ((swapped >>> 8) & 0x00ff_00ff)
    }
    if (this.#f.DHX.value === 1 && size === 4) swapped = (swapped << 16) | (swapped >>> 16)
    return swapped >>> 0
  }

  /** Whom the bus sees at each end, as the channel's security and privilege are. */
  #findMasters(): void {
    const { registers, number } = this.#parts
    const isSecure = ((registers.get('SECCFGR') >>> number) & 1) === 1
    const isPrivileged = ((registers.get('PRIVCFGR') >>> number) & 1) === 1
    const master = (isOwn: boolean) => ({ isSecure: isSecure && isOwn, isPrivileged, pc: 0 })
    this.#source = master(this.#f.SSEC.isSet)
    this.#destination = master(this.#f.DSEC.isSet)
  }

  /** True if the last access on the bus went well; otherwise the channel has ended. */
  #wentWell(): boolean {
    if (this.#parts.wiring.memory.fault === BusFault.none) return true
    this.#fail('DTEF')
    return false
  }

  /** After a burst: half, complete, the next block, the next link. */
  #account(): void {
    const left = this.#f.BNDT.value
    const blocksLeft = this.#parts.is2d ? this.#f.BRC.value : 0
    const mode = this.#f.TCEM.value
    const isLast = this.#f.LLR.value === 0
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
    this.#f.BRC.value = blocksLeft - 1
    this.#f.BNDT.value = this.#block
    jump(this.#f.SA, this.#f.BRSAO, this.#f.BRSDEC)
    jump(this.#f.DA, this.#f.BRDAO, this.#f.BRDDEC)
  }

  #endOfLink(): void {
    if (this.#f.LLR.value === 0) this.#end()
    else if (this.#f.LSM.isSet) this.#loadLink() && this.#end()
  }

  #nextLink(): number {
    if (this.#f.LLR.value === 0) {
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
    let address = this.#f.LBA.value * 0x1_0000 + this.#f.LA.value * 4
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
      this.#f.BNDT.value = this.#block
      if (is2d) this.#f.BRC.value = this.#repeats
    }
    this.#halfGiven = false
    this.#loaded()
    return this.#wrongSetting() ? this.#fail('USEF') : true
  }

  #end(): void {
    this.#f.EN.value = 0
    this.#f.IDLEF.value = 1
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
    this.#f.EN.value = 0
    this.#f.SUSP.value = 0
    this.#f.IDLEF.value = 1
    this.#f.SUSPF.value = 0
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

  #flag(name: 'TCF' | 'HTF' | 'DTEF' | 'ULEF' | 'USEF' | 'SUSPF' | 'TOF'): void {
    this.#f[name].value = 1
  }
}

/** The address moves on by an offset, up or down. */
function jump(address: Cell, offset: Cell, isDown: Cell): void {
  const by = offset.value
  if (by !== 0) address.value += isDown.isSet ? -by : by
}
