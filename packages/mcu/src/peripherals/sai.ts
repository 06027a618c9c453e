/**
 * SAI: audio in frames of slots. RM0456, chapter "Serial audio interface (SAI)".
 *
 * Both blocks as transmitter or receiver, master or slave, free protocol (I2S, PCM, TDM by frame and
 * slot settings); eight-word FIFOs with thresholds and levels, mute and its detection, mono,
 * overrun and underrun, wrong clock configuration, interrupts and DMA. Frames come at the rate that
 * kernel clock, MCKDIV and frame length give; a block that is synchronous with the other follows it.
 *
 * A slave that is synchronous with nobody takes the clock of its own settings. Not modelled, and
 * reported: SPDIF and AC'97, companding, PDM, synchronisation with the other SAI. Frame
 * synchronisation errors do not happen, since the board makes no edges.
 */
import type { AudioBus, AudioFormat } from '../lines/audio-bus.ts'
import { RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { saiLayout } from './sai-layout.ts'

type Letter = 'A' | 'B'
type Registers = RegisterFile<typeof saiLayout>
const FIFO_WORDS = 8
const MODE = { receiver: 1, slave: 2 } as const
/** DS: bits of a sample; 0 and 1 are reserved. */
const SAMPLE_BITS = [8, 8, 8, 10, 16, 20, 24, 32]
/** FTH: words from which the FIFO asks. */
const THRESHOLDS = [0, 2, 4, 6, 8]
const SYNCHRONOUS = 1
/** Master clock ticks of a frame, by OSR. */
const OVERSAMPLING = [256, 512]
const FREQ = 8
/** OVRUDR, MUTEDET, WCKCFG, CNRDY, AFSDET, LFSDET. */
const CLEARABLE = 0x77

/** One of the two audio blocks. */
class Block {
  readonly letter: Letter
  readonly #wiring: Wiring
  readonly #registers: Registers
  readonly #request: Output
  readonly #changed: () => void
  readonly #fifo: number[] = []
  #cancel: (() => void) | undefined
  #lastSent: number[] = []
  #mutedFrames = 0
  /** The other block follows this one's frames. */
  follower: Block | undefined

  constructor(letter: Letter, wiring: Wiring, registers: Registers, changed: () => void) {
    this.letter = letter
    this.#wiring = wiring
    this.#registers = registers
    this.#changed = changed
    this.#request = wiring.dmaRequest(`${wiring.name as 'SAI1' | 'SAI2'}_${letter}`)
  }

  reset(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#fifo.length = 0
    this.#lastSent = []
    this.#mutedFrames = 0
    this.#request.set(false)
  }

  get isOn(): boolean {
    return this.#registers.is(`${this.letter}CR1`, 'SAIEN')
  }

  get isReceiver(): boolean {
    return (this.#registers.get(`${this.letter}CR1`, 'MODE') & MODE.receiver) !== 0
  }

  get isSynchronous(): boolean {
    return this.#registers.get(`${this.letter}CR1`, 'SYNCEN') === SYNCHRONOUS
  }

  get #slots(): number {
    return this.#registers.get(`${this.letter}SLOTR`, 'NBSLOT') + 1
  }

  get #bits(): number {
    return SAMPLE_BITS[this.#registers.get(`${this.letter}CR1`, 'DS')]!
  }

  #isActive(slot: number): boolean {
    return ((this.#registers.get(`${this.letter}SLOTR`, 'SLOTEN') >>> slot) & 1) === 1
  }

  /** Frames a second, from the kernel clock. */
  get #frameHz(): number {
    const r = this.#registers
    const name = `${this.letter}CR1` as const
    const divider = Math.max(1, r.get(name, 'MCKDIV'))
    const hz = this.#wiring.clocks.hz(this.#wiring.name) / divider
    const frameBits = r.get(`${this.letter}FRCR`, 'FRL') + 1
    return r.is(name, 'NODIV') ? hz / frameBits : hz / OVERSAMPLING[r.get(name, 'OSR')]!
  }

  /** SAIEN has changed. */
  control(wasOn: boolean): void {
    if (this.isOn && !wasOn) this.#begin()
    else if (!this.isOn && wasOn) {
      // The block stops at the end of its frame: at once, as frames are whole here.
      this.#cancel?.()
      this.#cancel = undefined
    }
  }

  #begin(): void {
    const r = this.#registers
    this.#mutedFrames = 0
    const isMaster = (r.get(`${this.letter}CR1`, 'MODE') & MODE.slave) === 0
    const frameBits = r.get(`${this.letter}FRCR`, 'FRL') + 1
    const isPowerOfTwo = (frameBits & (frameBits - 1)) === 0 && frameBits >= 8
    if (isMaster && !r.is(`${this.letter}CR1`, 'NODIV') && !isPowerOfTwo) {
      // The master clock has to be a multiple of the bit clock.
      r.set(`${this.letter}SR`, 'WCKCFG', true)
      r.set(`${this.letter}CR1`, 'SAIEN', false)
      return
    }
    if (!this.isSynchronous) this.#schedule()
  }

  #schedule(): void {
    const { scheduler, clocks } = this.#wiring
    const cycles = clocks.cycleHz / this.#frameHz
    if (!Number.isFinite(cycles)) return
    this.#cancel = scheduler.at(scheduler.now + cycles, () => {
      this.frame()
      if (this.follower?.isOn && this.follower.isSynchronous) this.follower.frame()
      if (this.isOn) this.#schedule()
    })
  }

  /** A frame has passed on the line. */
  frame(): void {
    const format = { slots: this.#slots, bits: this.#bits, frameHz: this.#frameHz }
    if (this.isReceiver) this.#receive(format)
    else this.#send(format)
    this.#changed()
  }

  get #bus(): AudioBus | undefined {
    const { name, pins } = this.#wiring
    const signals = { sd: `${name}_SD_${this.letter}` }
    return pins.busesOn<AudioBus>('audio', signals)[0]
  }

  #send(format: AudioFormat): void {
    const r = this.#registers
    const isMuted = r.is(`${this.letter}CR2`, 'MUTE')
    const isMono = r.is(`${this.letter}CR1`, 'MONO') && format.slots === 2
    const frame: (number | undefined)[] = []
    for (let slot = 0; slot < format.slots; slot++) {
      if (!this.#isActive(slot)) frame.push(undefined)
      else if (isMono && slot === 1) frame.push(frame[0])
      else frame.push(this.#nextSample())
    }
    const last = this.#lastSent
    this.#lastSent = frame.map((sample) => sample ?? 0)
    const repeats = r.is(`${this.letter}CR2`, 'MUTEVAL') && format.slots <= 2
    const muted = frame.map((sample, slot) => sample && (repeats ? (last[slot] ?? 0) : 0))
    this.#bus?.play(isMuted ? muted : frame, format)
  }

  #nextSample(): number {
    const sample = this.#fifo.shift()
    if (sample === undefined) this.#registers.set(`${this.letter}SR`, 'OVRUDR', true)
    return ((sample ?? 0) & (2 ** this.#bits - 1)) >>> 0
  }

  #receive(format: AudioFormat): void {
    const samples = this.#bus?.record(format) ?? []
    const isMono = this.#registers.is(`${this.letter}CR1`, 'MONO') && format.slots === 2
    let isSilent = true
    for (let slot = 0; slot < format.slots; slot++) {
      const sample = ((samples[slot] ?? 0) & (2 ** format.bits - 1)) >>> 0
      if (!this.#isActive(slot)) continue
      if (sample !== 0) isSilent = false
      if (isMono && slot === 1) continue
      if (this.#fifo.length < FIFO_WORDS) this.#fifo.push(sample)
      else this.#registers.set(`${this.letter}SR`, 'OVRUDR', true)
    }
    this.#detectMute(isSilent)
  }

  #detectMute(isSilent: boolean): void {
    const limit = this.#registers.get(`${this.letter}CR2`, 'MUTECNT')
    this.#mutedFrames = isSilent ? this.#mutedFrames + 1 : 0
    if (limit === 0 || this.#mutedFrames < limit) return
    this.#registers.set(`${this.letter}SR`, 'MUTEDET', true)
    this.#mutedFrames = 0
  }

  flush(): void {
    this.#fifo.length = 0
  }

  put(value: number): void {
    if (!this.isReceiver && this.#fifo.length < FIFO_WORDS) this.#fifo.push(value)
  }

  get oldest(): number {
    return this.isReceiver ? (this.#fifo[0] ?? 0) : 0
  }

  take(): void {
    if (this.isReceiver) this.#fifo.shift()
  }

  get #isAsking(): boolean {
    const threshold = THRESHOLDS[this.#registers.get(`${this.letter}CR2`, 'FTH')] ?? FIFO_WORDS
    const level = this.#fifo.length
    if (this.isReceiver) return level >= Math.max(1, threshold)
    return threshold === 0
      ? level < FIFO_WORDS
      : level <= FIFO_WORDS - Math.min(threshold, FIFO_WORDS)
  }

  /** FREQ and FLVL on top of the stored flags. */
  status(stored: number): number {
    const level = this.#fifo.length
    const quarter = Math.floor(level / 2)
    const shown = level === 0 ? 0 : level === FIFO_WORDS ? 5 : quarter === 0 ? 1 : quarter + 1
    return (stored & 0x77) | (this.#isAsking ? FREQ : 0) | (shown << 16)
  }

  get isInterrupting(): boolean {
    const r = this.#registers
    const flags = this.status(r.get(`${this.letter}SR`))
    return (flags & r.get(`${this.letter}IM`)) !== 0 && (this.isOn || (flags & CLEARABLE) !== 0)
  }

  updateRequest(): void {
    const isWanted = this.#registers.is(`${this.letter}CR1`, 'DMAEN')
    this.#request.set(isWanted && this.isOn && this.#isAsking)
  }
}

export class Sai implements Peripheral {
  readonly registers: Registers
  readonly #line: Output
  readonly #blocks: readonly Block[]

  constructor(wiring: Wiring) {
    this.registers = new RegisterFile(saiLayout, {
      ...{ ACR1: this.#control('A'), BCR1: this.#control('B') },
      ...{ ACR2: this.#flush('A'), BCR2: this.#flush('B') },
      ...{ ASR: this.#status('A'), BSR: this.#status('B') },
      ...{ ACLRFR: this.#clear('A'), BCLRFR: this.#clear('B') },
      ...{ ADR: this.#data('A'), BDR: this.#data('B') },
      ...{ AIM: { write: () => this.#update() }, BIM: { write: () => this.#update() } },
    })
    const make = (letter: Letter) => new Block(letter, wiring, this.registers, () => this.#update())
    const [a, b] = [make('A'), make('B')]
    a.follower = b
    b.follower = a
    this.#blocks = [a, b]
    this.#line = wiring.interrupt(wiring.name as 'SAI1' | 'SAI2')
  }

  reset(): void {
    this.registers.reset()
    for (const block of this.#blocks) block.reset()
    this.#line.set(false)
  }

  #block(letter: Letter): Block {
    return this.#blocks[letter === 'A' ? 0 : 1]!
  }

  #control(letter: Letter) {
    return {
      write: (_written: number, before: number) => {
        this.#block(letter).control((before & (1 << 16)) !== 0)
        this.#update()
      },
    }
  }

  #flush(letter: Letter) {
    return {
      write: (written: number) => {
        if ((written & 8) !== 0) this.#block(letter).flush()
        this.#update()
      },
    }
  }

  #status(letter: Letter) {
    return { read: (stored: number) => this.#block(letter).status(stored) }
  }

  #clear(letter: Letter) {
    return {
      write: (flags: number) => {
        const name = `${letter}SR` as const
        this.registers.setAll(name, this.registers.get(name) & ~(flags & CLEARABLE))
        this.#update()
      },
    }
  }

  #data(letter: Letter) {
    return {
      read: () => this.#block(letter).oldest,
      taken: () => {
        this.#block(letter).take()
        this.#update()
      },
      write: (value: number) => {
        this.#block(letter).put(value)
        this.#update()
      },
    }
  }

  #update(): void {
    for (const block of this.#blocks) block.updateRequest()
    this.#line.set(this.#blocks.some((block) => block.isInterrupting))
  }
}

export const sais = {
  SAI1: (wiring) => new Sai(wiring),
  SAI2: (wiring) => new Sai(wiring),
} satisfies Makers
