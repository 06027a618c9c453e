/**
 * HASH: SHA-1, SHA-224, SHA-256, MD5 and their HMAC. RM0456, chapter "Hash processor (HASH)".
 *
 * Words written to DIN collect in a block of 16; STR.DCAL pads the message, whose last word has
 * STR.NBLW valid bits, and finishes. HMAC runs through the key, the message and the key again.
 * DMA feeds DIN while CR.DMAE is set; the end of its transfer counts as DCAL unless CR.MDMAT is set.
 *
 * Not modelled: saving and restoring a calculation through the context swap registers (CSR).
 */
import { interruptLevel, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import {
  BLOCK_WORDS,
  type HashAlgorithm,
  hashAlgorithms,
  swapBytes,
  swapped,
} from './hash-algorithms.ts'

const digest = (offset: number) => reg(offset, { H: ro(0, 32) })
const swap = (n: number) => reg(0xf8 + n * 4, { CS: tagged(0, 32) })

export const hashLayout = {
  CR: reg(0x00, {
    ...{ INIT: wo(2), DMAE: rw(3), DATATYPE: rw(4, 2), MODE: rw(6), NBW: ro(8, 4) },
    ...{ DINNE: ro(12), MDMAT: rw(13), LKEY: rw(16), ALGO: rw(17, 2) },
  }),
  DIN: reg(0x04, { DATAIN: wo(0, 32) }),
  STR: reg(0x08, { NBLW: rw(0, 5), DCAL: wo(8) }),
  ...{ HRA0: digest(0x0c), HRA1: digest(0x10), HRA2: digest(0x14), HRA3: digest(0x18) },
  HRA4: digest(0x1c),
  IMR: reg(0x20, { DINIE: rw(0), DCIE: rw(1) }),
  SR: reg(
    0x24,
    {
      ...{ DINIS: rw(0), DCIS: rw(1), DMAS: ro(2), BUSY: ro(3), NBWP: ro(9, 5), DINNE: ro(15) },
      NBWE: ro(16, 5),
    },
    0x0011_0001,
  ),
  ...(Object.fromEntries(
    Array.from({ length: 54 }, (_, n) => [`CSR${n}`, swap(n)] as const),
  ) as Record<`CSR${number}`, ReturnType<typeof swap>>),
  ...{ HR0: digest(0x310), HR1: digest(0x314), HR2: digest(0x318), HR3: digest(0x31c) },
  ...{ HR4: digest(0x320), HR5: digest(0x324), HR6: digest(0x328), HR7: digest(0x32c) },
} as const

const DIGEST = ['HR0', 'HR1', 'HR2', 'HR3', 'HR4', 'HR5', 'HR6', 'HR7'] as const
const FIRST_DIGEST = ['HRA0', 'HRA1', 'HRA2', 'HRA3', 'HRA4'] as const
const DMA_CHANNELS = 16
const INIT = 1 << 2
const DCAL = 1 << 8
/** SR flags that software clears by writing zero. */
const CLEARABLE = 3
const INNER_PAD = 0x3636_3636
const OUTER_PAD = 0x5c5c_5c5c

/** What is being fed: a plain message, or one of the three parts of an HMAC. */
type Phase = 'message' | 'inner key' | 'inner message' | 'outer key'

export class Hash implements Peripheral {
  readonly registers: RegisterFile<typeof hashLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #request: Output
  readonly #isInterrupting: () => boolean
  #digest = new Digest(hashAlgorithms[0])
  #key: readonly number[] = []
  #inner: readonly number[] = []
  #phase: Phase = 'message'
  #cancelBusy: (() => void) | undefined
  #isDelivering = false
  #lastWordAt = -1

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    for (let channel = 0; channel < DMA_CHANNELS; channel++) {
      wiring.wire(`GPDMA1_CH${channel}_TC`).listen((isHigh) => {
        if (isHigh) this.#transferComplete()
      })
    }
    this.#line = wiring.interrupt('HASH')
    this.#request = wiring.dmaRequest('HASH_IN')
    const update = { write: () => this.#update() }
    this.registers = new RegisterFile(hashLayout, {
      CR: {
        read: (stored) => stored | this.#fill(8, 12),
        write: (written) => this.#control(written),
      },
      DIN: { write: (written) => this.#take(written) },
      STR: { write: (written) => this.#start(written) },
      IMR: update,
      SR: {
        read: (stored) => stored | this.#fill(9, 15),
        write: (written, before) => this.#clear(written, before),
      },
    })
    this.#isInterrupting = interruptLevel(this.registers, [
      ['IMR.DINIE', 'SR.DINIS'],
      ['IMR.DCIE', 'SR.DCIS'],
    ])
  }

  reset(): void {
    this.#cancelBusy?.()
    this.#cancelBusy = undefined
    this.registers.reset()
    this.#begin()
    this.#update()
  }

  /** A channel is through. It is the one that feeds DIN if it has just written there. */
  #transferComplete(): void {
    const { registers: r } = this
    const isMine = r.is('CR', 'DMAE') && this.#lastWordAt === this.#wiring.scheduler.now
    if (isMine && !r.is('CR', 'MDMAT')) this.#calculate(r.get('STR', 'NBLW'))
  }

  #control(written: number): void {
    if (written & INIT) this.#begin()
    this.#update()
  }

  /** INIT: a new calculation with the algorithm and mode now in CR. */
  #begin(): void {
    const { registers: r } = this
    this.#digest = new Digest(hashAlgorithms[r.get('CR', 'ALGO')])
    this.#phase = r.is('CR', 'MODE') ? 'inner key' : 'message'
    this.#key = []
    r.setAll('SR', hashLayout.SR.reset)
  }

  /** Words in the buffer and whether there are any, at the places of CR or SR. */
  #fill(countBit: number, isAnyBit: number): number {
    const { pending } = this.#digest
    return (pending << countBit) | (pending > 0 ? 1 << isAnyBit : 0)
  }

  #take(written: number): void {
    this.#lastWordAt = this.#wiring.scheduler.now
    const word = swapped(written, this.registers.get('CR', 'DATATYPE'))
    if (this.#digest.push(word)) this.#busy(this.#digest.algorithm.blockCycles)
    this.registers.set(
      'SR',
      'NBWE',
      BLOCK_WORDS + (this.#digest.hasBlock ? 0 : 1) - this.#digest.pending,
    )
    this.registers.set('SR', 'DINIS', this.#digest.pending === 0 && this.#cancelBusy === undefined)
    this.#update()
  }

  #start(written: number): void {
    if (written & DCAL) this.#calculate(written & 0x1f)
  }

  #calculate(validBits: number): void {
    const words = this.#digest.finish(validBits)
    const cycles = this.#digest.algorithm.blockCycles
    this.#advance(words)
    this.#busy(cycles)
  }

  /** The end of a part: what it gives to the next one, or the digest. */
  #advance(words: readonly number[]): void {
    const { algorithm } = this.#digest
    if (this.#phase === 'inner key') {
      const isLong = this.#digest.isLong || this.registers.is('CR', 'LKEY')
      this.#key = isLong ? words : this.#digest.words
      this.#digest = new Digest(algorithm, padded(this.#key, INNER_PAD))
      this.#phase = 'inner message'
    } else if (this.#phase === 'inner message') {
      this.#inner = words
      this.#digest = new Digest(algorithm)
      this.#phase = 'outer key'
    } else {
      this.#deliver(this.#phase === 'outer key' ? this.#outer(algorithm) : words)
    }
  }

  #outer(algorithm: HashAlgorithm): readonly number[] {
    const outer = new Digest(algorithm, padded(this.#key, OUTER_PAD))
    for (const word of this.#inner) outer.push(word)
    return outer.finish(0)
  }

  #deliver(words: readonly number[]): void {
    DIGEST.forEach((name, i) => {
      this.registers.setAll(name, words[i] ?? 0)
    })
    FIRST_DIGEST.forEach((name, i) => {
      this.registers.setAll(name, words[i] ?? 0)
    })
    this.#phase = 'message'
    this.#digest = new Digest(this.#digest.algorithm)
    this.#isDelivering = true
  }

  /** A block takes its time; then the buffer is free, and a digest is ready. */
  #busy(cycles: number): void {
    const { registers: r } = this
    r.set('SR', 'BUSY', true)
    this.#cancelBusy?.()
    const { scheduler } = this.#wiring
    this.#cancelBusy = scheduler.at(scheduler.now + cycles, () => {
      this.#cancelBusy = undefined
      r.set('SR', 'BUSY', false)
      r.set('SR', 'DINIS', true)
      r.set('SR', 'DCIS', r.is('SR', 'DCIS') || this.#isDelivering)
      this.#isDelivering = false
      this.#update()
    })
    this.#update()
  }

  #clear(written: number, before: number): void {
    this.registers.setAll('SR', before & (written | ~CLEARABLE))
    this.#update()
  }

  #update(): void {
    const { registers: r } = this
    this.#line.set(this.#isInterrupting())
    r.set('SR', 'DMAS', r.is('CR', 'DMAE'))
    this.#request.set(r.is('CR', 'DMAE') && this.#cancelBusy === undefined)
  }
}

/** A message on its way through one algorithm, a block at a time. */
class Digest {
  readonly algorithm: HashAlgorithm
  readonly #state: Int32Array
  /** The words since the last whole block; while no block is done, that is the whole message. */
  words: number[] = []
  #blocks = 0
  #isLong = false

  constructor(algorithm: HashAlgorithm, firstBlock?: readonly number[]) {
    this.algorithm = algorithm
    this.#state = Int32Array.from(algorithm.initial)
    if (firstBlock !== undefined) this.#compress(firstBlock)
  }

  get pending(): number {
    return this.words.length % BLOCK_WORDS
  }

  get hasBlock(): boolean {
    return this.#blocks > 0
  }

  /** More words than fit a block were finished: as an HMAC key that counts as its own digest. */
  get isLong(): boolean {
    return this.#isLong
  }

  /** True when this word makes a block whole. */
  push(word: number): boolean {
    if (this.words.length === BLOCK_WORDS) {
      this.#compress(this.words)
      this.words = []
    }
    this.words.push(word)
    return this.words.length === BLOCK_WORDS
  }

  /** Pads and gives the digest; the last word pushed has `validBits` bits, 0 meaning all. */
  finish(validBits: number): readonly number[] {
    const tail = [...this.words]
    this.#isLong = this.#blocks > 0
    const bits = (this.#blocks * BLOCK_WORDS + tail.length) * 32 - (validBits && 32 - validBits)
    this.words = trimmed(tail, validBits)
    const end = bits % 32
    if (end === 0) tail.push(0x8000_0000)
    else tail[tail.length - 1] = trimmed(tail, end).at(-1)! | (1 << (31 - end))
    while (tail.length % BLOCK_WORDS !== BLOCK_WORDS - 2) tail.push(0)
    const length = [Math.floor(bits / 2 ** 32), bits >>> 0]
    tail.push(...(this.algorithm.isLittleEndian ? length.reverse().map(swapBytes) : length))
    for (let at = 0; at < tail.length; at += BLOCK_WORDS) {
      this.#compress(tail.slice(at, at + BLOCK_WORDS))
    }
    const words = [...this.#state.subarray(0, this.algorithm.digestWords)]
    return words.map((word) => (this.algorithm.isLittleEndian ? swapBytes(word) : word >>> 0))
  }

  #compress(block: readonly number[]): void {
    this.algorithm.compress(this.#state, block)
    this.#blocks++
  }
}

/** The words with only `validBits` bits in the last one, 0 meaning all. */
function trimmed(words: readonly number[], validBits: number): number[] {
  const rest = [...words]
  const last = rest.pop()
  if (last === undefined) return rest
  const mask = validBits === 0 ? -1 : -1 << (32 - validBits)
  return [...rest, (last & mask) >>> 0]
}

/** A key filled up to a block and mixed with a pad (RFC 2104). */
function padded(key: readonly number[], pad: number): number[] {
  return Array.from({ length: BLOCK_WORDS }, (_, i) => ((key[i] ?? 0) ^ pad) >>> 0)
}

export const hashes = { HASH: (wiring) => new Hash(wiring) } satisfies Makers
