/**
 * SD memory card on an SDMMC. SD Specifications Part 1, "Physical Layer Simplified Specification".
 *
 * Identification, selection, one and four lines, single and multiple blocks in both directions,
 * erase, status, configuration and switch registers; standard capacity up to 2 GiB, high capacity
 * above. The contents begin as `image`; what is written is lost with the scenario. Controls take the
 * card out, let its data arrive damaged, or keep it from sending any.
 */
import type { SdDevice, SdReadBlock, SdResponse, SdWriteAnswer } from '../../lines/sd-bus.ts'
import { number, optionalDriver, type PartKind, type PartSurroundings, text } from '../part.ts'
import { appCommands, type CardActions, commands, type State, states } from './sd-card-commands.ts'
import {
  bytesOf,
  cardConfiguration,
  cardSpecificData,
  cardStatusBlock,
  isHighCapacity,
  switchStatus,
} from './sd-card-registers.ts'
import { SparseMemory } from './sparse-memory.ts'

const MIB = 1024 * 1024
const BLOCK_BYTES = 512

export const sdCard: PartKind = {
  kind: 'sd-card',
  title: 'SD memory card',
  source: 'SD Specifications Part 1, Physical Layer Simplified Specification',
  notModelled:
    'passwords, write protection of groups, 1.8 V signalling, speed modes beyond high speed, SPI mode',
  settings: {
    port: {
      ...{ type: 'choice', about: 'the host it is in', among: ['SDMMC1', 'SDMMC2'] },
      fallback: 'SDMMC1',
    },
    size: {
      ...{ type: 'number', about: 'its size in MiB; at least that of the image', unit: '' },
      ...{ min: 1, max: 32_768, fallback: 64 },
    },
    image: { type: 'file', about: 'a file with its first contents; zeros unless given' },
    detect: {
      type: 'pin',
      about: 'the pin that its socket pulls low while a card is in',
      isDriven: true,
    },
    read_time: {
      ...{ type: 'number', about: 'from a command to its data', unit: 's', min: 0, max: 1 },
      fallback: 0.0001,
    },
    write_time: {
      ...{ type: 'number', about: 'how long it is busy after a block', unit: 's', min: 0, max: 1 },
      fallback: 0.00025,
    },
  },
  controls: {
    inserted: { type: 'yes-no', about: 'it is in its socket', initial: true },
    damaged: { type: 'yes-no', about: 'checksums of data are wrong, both ways', initial: false },
    silent: { type: 'yes-no', about: 'it answers commands, but sends no data', initial: false },
    protected: { type: 'yes-no', about: 'it refuses to be written', initial: false },
  },
  readings: {
    state:
      'what it is doing: `idle`, `ready`, `ident`, `stby`, `tran`, `data`, `rcv`, `prg`, `dis`',
    reads: 'blocks that were read',
    writes: 'blocks that were written',
  },
  make: (around) => new SdCard(around),
}

type Control = 'inserted' | 'damaged' | 'silent' | 'protected'

/** Bits of the card status. */
const STATUS = {
  ...{ outOfRange: 2 ** 31, addressError: 1 << 30, blockLength: 1 << 29, eraseSequence: 1 << 28 },
  ...{ protection: 1 << 26, illegal: 1 << 22, ready: 1 << 8, appCommand: 1 << 5 },
} as const
const RCA = 0xaaaa
const NO_INDEX = 0x3f
/** 2.7 to 3.6 V; power-up done; high capacity. */
const OCR = { voltages: 0x00ff_8000, ready: 0x8000_0000, high: 0x4000_0000 } as const
/** How long a card takes to come up. */
const POWER_UP_SECONDS = 0.01

const NOTHING_TO_ERASE = { from: undefined, to: undefined } as const

/** A block of registers to send once, or blocks of memory until they are stopped. */
interface Reading {
  readonly once: Uint8Array | undefined
  at: number
  left: number
}

class SdCard implements SdDevice {
  readonly name: string
  readonly #around: PartSurroundings
  readonly #memory: SparseMemory
  readonly #isHigh: boolean
  readonly #detect: (level: boolean | undefined) => void
  readonly #controls: Record<Control, boolean> = {
    ...{ inserted: true, damaged: false, silent: false, protected: false },
  }
  #state: State = 'idle'
  #errors = 0
  #isAppNext = false
  #isWide = false
  #isHighSpeed = false
  #firstOcrSeconds: number | undefined
  #blockCount = 0
  #reading: Reading | undefined
  #writing: { at: number; left: number } | undefined
  #erase: { from: number | undefined; to: number | undefined } = NOTHING_TO_ERASE
  #reads = 0
  #writes = 0

  constructor(around: PartSurroundings) {
    this.#around = around
    this.name = around.name
    const { image } = around.settings
    const contents = image instanceof Uint8Array ? image : new Uint8Array(0)
    const bytes = Math.max(number(around.settings, 'size'), Math.ceil(contents.length / MIB)) * MIB
    this.#memory = new SparseMemory(bytes, contents, 0)
    this.#isHigh = isHighCapacity(bytes)
    this.#detect = optionalDriver(around, 'detect', false)
  }

  set(control: string, value: number | boolean): void {
    this.#controls[control as Control] = value === true
    if (control !== 'inserted') return
    this.#around.insertCard(text(this.#around.settings, 'port'), value === true ? this : undefined)
    this.#detect(value !== true)
    this.powerUp()
  }

  powerUp(): void {
    this.#state = 'idle'
    this.#errors = 0
    this.#isAppNext = false
    this.#isWide = false
    this.#isHighSpeed = false
    this.#firstOcrSeconds = undefined
    this.#reading = undefined
    this.#writing = undefined
  }

  readings() {
    return { state: this.#state, reads: this.#reads, writes: this.#writes }
  }

  picture() {
    const size = `${this.#memory.bytes / MIB} MiB`
    const lines = [
      this.#controls.inserted ? size : 'taken out',
      `${this.#reads} read, ${this.#writes} written`,
    ]
    return { kind: 'values', lines } as const
  }

  command(index: number, argument: number): SdResponse | undefined {
    const isApp = this.#isAppNext
    this.#isAppNext = false
    const row = (isApp ? appCommands[index] : undefined) ?? commands[index]
    if (row === undefined || !row.states.includes(this.#state)) return this.#refuse()
    return row.run(this.#actions, argument)
  }

  readBlock(lines: number): SdReadBlock | undefined {
    const reading = this.#reading
    if (reading === undefined || this.#controls.silent) return undefined
    const bytes = reading.once ?? this.#memory.slice(reading.at, BLOCK_BYTES)
    reading.at += BLOCK_BYTES
    if (reading.once === undefined) this.#reads++
    if (--reading.left === 0) this.#stopData()
    const isIntact = !this.#controls.damaged && lines === this.#lines
    return { bytes, afterSeconds: number(this.#around.settings, 'read_time'), isIntact }
  }

  writeBlock(bytes: Uint8Array, lines: number): SdWriteAnswer | undefined {
    const writing = this.#writing
    if (writing === undefined || bytes.length !== BLOCK_BYTES) return undefined
    const isIntact = !this.#controls.damaged && lines === this.#lines
    const isIn = writing.at + BLOCK_BYTES <= this.#memory.bytes
    if (!isIn) this.#errors |= STATUS.outOfRange
    if (!isIntact || !isIn) return { isAccepted: isIntact, busySeconds: 0 }
    for (const [n, byte] of bytes.entries()) this.#memory.write(writing.at + n, byte)
    this.#writes++
    writing.at += BLOCK_BYTES
    if (--writing.left === 0) this.#stopData()
    return { isAccepted: true, busySeconds: number(this.#around.settings, 'write_time') }
  }

  get #lines(): number {
    return this.#isWide ? 4 : 1
  }

  #stopData(): void {
    this.#reading = undefined
    this.#writing = undefined
    this.#state = 'tran'
  }

  /** No response; the next status tells why. */
  #refuse(): undefined {
    this.#errors |= STATUS.illegal
    return undefined
  }

  #status(state: State): number {
    const app = this.#isAppNext ? STATUS.appCommand : 0
    const word = (this.#errors | (states.indexOf(state) << 9) | STATUS.ready | app) >>> 0
    this.#errors = 0
    return word
  }

  /** R1: the state is that in which the command came. */
  #normal(index: number, act: () => void = () => {}, busySeconds = 0): SdResponse {
    const before = this.#state
    act()
    return { index, words: [this.#status(before)], hasCrc: true, busySeconds }
  }

  /** Where blocks begin; undefined, with the error noted, where that is nowhere. */
  #place(argument: number): number | undefined {
    const at = this.#isHigh ? argument * BLOCK_BYTES : argument
    if (at % BLOCK_BYTES !== 0) this.#errors |= STATUS.addressError
    else if (at + BLOCK_BYTES > this.#memory.bytes) this.#errors |= STATUS.outOfRange
    else return at
    return undefined
  }

  #startRead(index: number, argument: number, blocks: number): SdResponse {
    return this.#normal(index, () => {
      const at = this.#place(argument)
      if (at === undefined) return
      this.#reading = { once: undefined, at, left: blocks }
      this.#state = 'data'
    })
  }

  #startWrite(index: number, argument: number, blocks: number): SdResponse {
    return this.#normal(index, () => {
      const at = this.#place(argument)
      if (this.#controls.protected) this.#errors |= STATUS.protection
      if (at === undefined || this.#controls.protected) return
      this.#writing = { at, left: blocks }
      this.#state = 'rcv'
    })
  }

  #sendOnce(index: number, once: Uint8Array): SdResponse {
    return this.#normal(index, () => {
      this.#reading = { once, at: 0, left: 1 }
      this.#state = 'data'
    })
  }

  #takeBlockCount(): number {
    const count = this.#blockCount === 0 ? Infinity : this.#blockCount
    this.#blockCount = 0
    return count
  }

  #operatingConditions(argument: number): SdResponse {
    const now = this.#around.seconds()
    const isInquiry = (argument & OCR.voltages) === 0
    if (!isInquiry) this.#firstOcrSeconds ??= now
    const isUp = now - (this.#firstOcrSeconds ?? now) >= POWER_UP_SECONDS
    const isAccepted = !this.#isHigh || (argument & OCR.high) !== 0
    const isReady = !isInquiry && isUp && isAccepted
    if (isReady) this.#state = 'ready'
    const flags = isReady ? OCR.ready + (this.#isHigh ? OCR.high : 0) : 0
    return { index: NO_INDEX, words: [OCR.voltages + flags], hasCrc: false, busySeconds: 0 }
  }

  #select(argument: number): SdResponse | undefined {
    if (argument >>> 16 === RCA) {
      return this.#normal(7, () => {
        if (this.#state === 'stby') this.#state = 'tran'
      })
    }
    if (this.#state !== 'stby') this.#state = 'stby'
    return undefined
  }

  #eraseNow(): SdResponse {
    const { from, to } = this.#erase
    this.#erase = NOTHING_TO_ERASE
    const seconds = number(this.#around.settings, 'write_time')
    return this.#normal(
      38,
      () => {
        if (from === undefined || to === undefined || to < from)
          this.#errors |= STATUS.eraseSequence
        else if (this.#controls.protected) this.#errors |= STATUS.protection
        else this.#memory.fill(from, to - from + BLOCK_BYTES, 0)
      },
      seconds,
    )
  }

  readonly #actions: CardActions = {
    goIdle: () => {
      this.powerUp()
      return undefined
    },
    long: (words, next) => {
      if (next !== undefined) this.#state = next
      return { index: NO_INDEX, words, hasCrc: true, busySeconds: 0 }
    },
    csd: () => cardSpecificData(this.#memory.bytes),
    publishAddress: () => {
      const low = this.#status(this.#state) & 0x1fff
      this.#state = 'stby'
      return { index: 3, words: [RCA * 0x1_0000 + low], hasCrc: true, busySeconds: 0 }
    },
    interface: (argument) =>
      ((argument >>> 8) & 0xf) === 1
        ? { index: 8, words: [argument & 0xfff], hasCrc: true, busySeconds: 0 }
        : undefined,
    isAddressed: (argument) => argument >>> 16 === RCA || this.#state === 'idle',
    normal: (index) => this.#normal(index),
    appNext: () => {
      this.#isAppNext = true
      return this.#normal(55)
    },
    select: (argument) => this.#select(argument),
    stop: () => this.#normal(12, () => this.#stopData()),
    blockLength: (argument) =>
      this.#normal(16, () => {
        if (argument !== BLOCK_BYTES && !this.#isHigh) this.#errors |= STATUS.blockLength
      }),
    blockCount: (argument) =>
      this.#normal(23, () => {
        this.#blockCount = argument
      }),
    read: (index, argument) =>
      this.#startRead(index, argument, index === 17 ? 1 : this.#takeBlockCount()),
    write: (index, argument) =>
      this.#startWrite(index, argument, index === 24 ? 1 : this.#takeBlockCount()),
    eraseFrom: (argument) =>
      this.#normal(32, () => {
        this.#erase = { from: this.#place(argument), to: undefined }
      }),
    eraseTo: (argument) =>
      this.#normal(33, () => {
        this.#erase = { ...this.#erase, to: this.#place(argument) }
      }),
    erase: () => this.#eraseNow(),
    switchFunction: (argument) => {
      if (argument >>> 31 === 1 && (argument & 0xf) === 1) this.#isHighSpeed = true
      return this.#sendOnce(6, switchStatus((argument & 0xf) === 1 || this.#isHighSpeed))
    },
    busWidth: (argument) =>
      this.#normal(6, () => {
        this.#isWide = (argument & 3) === 2
      }),
    sdStatus: () => this.#sendOnce(13, cardStatusBlock(this.#isWide)),
    writtenBlocks: () => this.#sendOnce(22, bytesOf(BigInt(this.#writes), 4)),
    configuration: () => this.#sendOnce(51, cardConfiguration()),
    operatingConditions: (argument) => this.#operatingConditions(argument),
  }
}
