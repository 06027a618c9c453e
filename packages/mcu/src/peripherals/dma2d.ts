/**
 * DMA2D: rectangles of pixels. RM0456, chapter "Chrom-ART Accelerator controller (DMA2D)".
 *
 * Filling, copying, conversion of pixel formats, blending of two images or of one with a fixed
 * colour, colour look-up tables and their loading, line offsets in pixels or bytes, swapped bytes
 * and colours, line watermark, suspending and aborting, errors, interrupts. A line is written when
 * its time is up, at one pixel a cycle.
 *
 * Not modelled, and reported: the dead time between accesses.
 */
import { BusFault } from '../bus.ts'
import { interruptLevel, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, MappedWindow, Peripheral, Wiring } from '../wiring.ts'
import {
  adjusted,
  argb,
  blended,
  type ColourTable,
  type InputFormat,
  inputFormats,
  outputFormats,
  type Pixel,
} from './dma2d-pixels.ts'

const word = (offset: number, name: string) => reg(offset, { [name]: rw(0, 32) })
const lineOffset = (offset: number) => reg(offset, { LO: rw(0, 16) })
const format = (offset: number) =>
  reg(offset, {
    ...{ CM: rw(0, 4), CCM: rw(4), START: rw(5), CS: rw(8, 8), AM: rw(16, 2), AI: rw(20) },
    ...{ RBS: rw(21), ALPHA: rw(24, 8) },
  })

export const dma2dLayout = {
  CR: reg(0x00, {
    ...{ START: rw(0), SUSP: rw(1), ABORT: rw(2), LOM: rw(6), TEIE: rw(8), TCIE: rw(9) },
    ...{ TWIE: rw(10), CAEIE: rw(11), CTCIE: rw(12), CEIE: rw(13), MODE: rw(16, 3) },
  }),
  ISR: reg(0x04, {
    ...{ TEIF: ro(0), TCIF: ro(1), TWIF: ro(2), CAEIF: ro(3), CTCIF: ro(4), CEIF: ro(5) },
  }),
  IFCR: reg(0x08, {
    ...{ CTEIF: wo(0), CTCIF: wo(1), CTWIF: wo(2), CAECIF: wo(3), CCTCIF: wo(4), CCEIF: wo(5) },
  }),
  ...{ FGMAR: word(0x0c, 'MA'), FGOR: lineOffset(0x10), BGMAR: word(0x14, 'MA') },
  ...{ BGOR: lineOffset(0x18), FGPFCCR: format(0x1c), FGCOLR: word(0x20, 'COLOR') },
  ...{ BGPFCCR: format(0x24), BGCOLR: word(0x28, 'COLOR'), FGCMAR: word(0x2c, 'MA') },
  BGCMAR: word(0x30, 'MA'),
  OPFCCR: reg(0x34, { CM: rw(0, 3), SB: rw(8), AI: rw(20), RBS: rw(21) }),
  ...{ OCOLR: word(0x38, 'COLOR'), OMAR: word(0x3c, 'MA'), OOR: lineOffset(0x40) },
  NLR: reg(0x44, { NL: rw(0, 16), PL: rw(16, 14) }),
  LWR: reg(0x48, { LW: rw(0, 16) }),
  AMTCR: reg(0x4c, { EN: tagged(0), DT: tagged(8, 8) }),
} as const

const MODE = {
  copy: 0,
  convert: 1,
  blend: 2,
  fill: 3,
  blendFrontColour: 4,
  blendBackColour: 5,
} as const
const FLAGS = {
  TE: 'TEIF',
  TC: 'TCIF',
  TW: 'TWIF',
  CAE: 'CAEIF',
  CTC: 'CTCIF',
  CE: 'CEIF',
} as const
type Flag = keyof typeof FLAGS
type Layer = 'FG' | 'BG'
/** Colour look-up tables, behind the registers. */
const TABLES = { base: 0x4002_b400, bytes: 0x800, ofBack: 256, entries: 512 } as const
/** What DMA2D is on the bus: its accesses are not secure. */
const MASTER = { isSecure: false, isPrivileged: true, pc: 0 } as const

interface Job {
  line: number
  /** Bit addresses, since some pixels have four bits. */
  readonly at: { FG: number; BG: number; out: number }
}

export class Dma2d implements Peripheral {
  readonly registers: RegisterFile<typeof dma2dLayout>
  readonly window: MappedWindow
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  readonly #tables = new Uint32Array(TABLES.entries)
  #job: Job | undefined
  #cancel: (() => void) | undefined
  readonly #cancelTable: Record<Layer, (() => void) | undefined> = { FG: undefined, BG: undefined }

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(dma2dLayout, {
      CR: { write: (_written, before) => this.#control(before) },
      IFCR: { write: (flags) => this.#clear(flags) },
      FGPFCCR: { write: (_written, before) => this.#loadTable('FG', before) },
      BGPFCCR: { write: (_written, before) => this.#loadTable('BG', before) },
    })
    const tables = this.#tables
    this.window = {
      ...{ base: TABLES.base, size: TABLES.bytes },
      read: (offset) => tables[offset >> 2],
      write: (offset, _size, value) => {
        tables[offset >> 2] = value
        return true
      },
    }
    this.#line = wiring.interrupt('DMA2D')
    const pairs = Object.entries(FLAGS).map(
      ([name, flag]) => [`CR.${name}IE`, `ISR.${flag}`] as const,
    )
    this.#isInterrupting = interruptLevel(this.registers, pairs)
  }

  reset(): void {
    this.registers.reset()
    this.#stop()
    for (const layer of ['FG', 'BG'] as const) this.#cancelTable[layer]?.()
    this.#line.set(false)
  }

  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#job = undefined
  }

  #control(before: number): void {
    const { registers: r } = this
    if (r.is('CR', 'ABORT')) this.#end(undefined)
    else if (r.is('CR', 'START') && (before & 1) === 0) this.#start()
    else if (this.#job !== undefined && this.#cancel === undefined) this.#next()
    this.#line.set(this.#isInterrupting())
  }

  #start(): void {
    const { registers: r } = this
    if (!this.#isConfigured()) {
      this.#end('CE')
      return
    }
    const at = { FG: r.get('FGMAR') * 8, BG: r.get('BGMAR') * 8, out: r.get('OMAR') * 8 }
    this.#job = { line: 0, at }
    this.#next()
  }

  /** Formats that exist, a rectangle that has pixels, addresses that fit them. */
  #isConfigured(): boolean {
    const { registers: r } = this
    const mode = r.get('CR', 'MODE')
    const pixels = r.get('NLR', 'PL')
    const output = this.#outputBits
    const isAligned = (address: number, bits: number) =>
      address % (bits === 32 ? 4 : bits === 16 ? 2 : 1) === 0
    const inputs = this.#layers.map((layer) => ({
      address: r.get(`${layer}MAR`),
      bits: this.#input(layer)?.bits,
    }))
    if (mode > MODE.blendBackColour || pixels === 0 || r.get('NLR', 'NL') === 0) return false
    if (output === undefined || !isAligned(r.get('OMAR'), output)) return false
    return inputs.every(
      ({ address, bits }) =>
        bits !== undefined && isAligned(address, bits) && (pixels * bits) % 8 === 0,
    )
  }

  /** Layers that are read from memory. */
  get #layers(): readonly Layer[] {
    const mode = this.registers.get('CR', 'MODE')
    if (mode === MODE.fill) return []
    if (mode === MODE.blend) return ['FG', 'BG']
    return mode === MODE.blendFrontColour ? ['BG'] : ['FG']
  }

  #input(layer: Layer): InputFormat | undefined {
    return inputFormats[this.registers.get(`${layer}PFCCR`, 'CM')]
  }

  /** A copy keeps the format of its source. */
  get #outputBits(): number | undefined {
    const { registers: r } = this
    if (r.get('CR', 'MODE') === MODE.copy) return this.#input('FG')?.bits
    return outputFormats[r.get('OPFCCR', 'CM')]?.bits
  }

  /** The next line, once the time of its pixels is over. */
  #next(): void {
    const { registers: r } = this
    if (r.is('CR', 'SUSP')) return
    const { scheduler } = this.#wiring
    this.#cancel = scheduler.at(scheduler.now + r.get('NLR', 'PL'), () => {
      this.#cancel = undefined
      this.#lineOver()
    })
  }

  #lineOver(): void {
    const { registers: r } = this
    const job = this.#job
    if (job === undefined) return
    if (!this.#transferLine(job)) {
      this.#end('TE')
      return
    }
    if (r.get('LWR', 'LW') === job.line + 1) r.set('ISR', 'TWIF', true)
    if (++job.line === r.get('NLR', 'NL')) this.#end('TC')
    else this.#next()
    this.#line.set(this.#isInterrupting())
  }

  #end(flag: Flag | undefined): void {
    this.#stop()
    for (const bit of ['START', 'SUSP', 'ABORT'] as const) this.registers.set('CR', bit, false)
    if (flag !== undefined) this.registers.set('ISR', FLAGS[flag], true)
    this.#line.set(this.#isInterrupting())
  }

  #clear(flags: number): void {
    this.registers.setAll('ISR', this.registers.get('ISR') & ~flags)
    this.#line.set(this.#isInterrupting())
  }

  /** False where the bus refused. */
  #transferLine({ at }: Job): boolean {
    const { registers: r } = this
    const bits = this.#outputBits ?? 8
    const pixels = r.get('NLR', 'PL')
    for (let n = 0; n < pixels; n++) {
      const value = this.#pixel(at, n)
      if (value === undefined || !this.#store(at.out + n * bits, bits, value)) return false
    }
    const step = (offset: number, width: number) =>
      pixels * width + offset * (r.is('CR', 'LOM') ? 8 : width)
    at.out += step(r.get('OOR', 'LO'), bits)
    for (const layer of this.#layers) {
      at[layer] += step(r.get(`${layer}OR`, 'LO'), this.#input(layer)?.bits ?? 8)
    }
    return true
  }

  /** What is written at a place of the line, in the output's format. */
  #pixel(at: Job['at'], n: number): number | undefined {
    const { registers: r } = this
    const mode = r.get('CR', 'MODE')
    if (mode === MODE.fill) return r.get('OCOLR')
    if (mode === MODE.copy) {
      const bits = this.#input('FG')?.bits ?? 8
      return this.#fetch(at.FG + n * bits, bits)
    }
    const front = mode === MODE.blendFrontColour ? this.#colour('FG') : this.#read('FG', at.FG, n)
    if (mode === MODE.convert) return front && this.#formatted(front)
    const back = mode === MODE.blendBackColour ? this.#colour('BG') : this.#read('BG', at.BG, n)
    return front && back && this.#formatted(blended(front, back))
  }

  #formatted(pixel: Pixel): number {
    const { registers: r } = this
    const [alpha, red, green, blue] = pixel
    const own = r.is('OPFCCR', 'AI') ? 255 - alpha : alpha
    const ordered: Pixel = r.is('OPFCCR', 'RBS') ? [own, blue, green, red] : [own, red, green, blue]
    return outputFormats[r.get('OPFCCR', 'CM')]!.write(ordered)
  }

  #read(layer: Layer, from: number, n: number): Pixel | undefined {
    const format = this.#input(layer)
    if (format === undefined) return undefined
    const value = this.#fetch(from + n * format.bits, format.bits)
    return value === undefined
      ? undefined
      : this.#adjusted(layer, format.read(value, this.#table(layer)))
  }

  /** A layer that is one colour: its alpha is that of the format register. */
  #colour(layer: Layer): Pixel {
    const [, red, green, blue] = argb(this.registers.get(`${layer}COLR`))
    return [this.registers.get(`${layer}PFCCR`, 'ALPHA'), red, green, blue]
  }

  #adjusted(layer: Layer, pixel: Pixel): Pixel {
    const { registers: r } = this
    const name = `${layer}PFCCR` as const
    return adjusted(pixel, {
      ...{ mode: r.get(name, 'AM'), alpha: r.get(name, 'ALPHA') },
      ...{ inverts: r.is(name, 'AI'), swaps: r.is(name, 'RBS') },
    })
  }

  #table(layer: Layer): ColourTable {
    const from = layer === 'BG' ? TABLES.ofBack : 0
    return {
      entry: (index) => argb(this.#tables[from + index]!),
      fixed: argb(this.registers.get(`${layer}COLR`)),
    }
  }

  /** START of a format register loads its table: a cycle an entry. */
  #loadTable(layer: Layer, before: number): void {
    const { registers: r } = this
    const name = `${layer}PFCCR` as const
    if (!r.is(name, 'START') || (before & (1 << 5)) !== 0) return
    const { scheduler } = this.#wiring
    const count = r.get(name, 'CS') + 1
    this.#cancelTable[layer] = scheduler.at(scheduler.now + count, () => {
      const isLoaded = this.#fetchTable(layer, count)
      r.set(name, 'START', false)
      r.set('ISR', isLoaded ? 'CTCIF' : 'CAEIF', true)
      this.#line.set(this.#isInterrupting())
    })
  }

  #fetchTable(layer: Layer, count: number): boolean {
    const { registers: r } = this
    const bits = r.is(`${layer}PFCCR`, 'CCM') ? 24 : 32
    const from = layer === 'BG' ? TABLES.ofBack : 0
    for (let n = 0; n < count; n++) {
      const value = this.#fetch(r.get(`${layer}CMAR`) * 8 + n * bits, bits)
      if (value === undefined) return false
      this.#tables[from + n] = bits === 24 ? value + 0xff00_0000 : value
    }
    return true
  }

  /** So many bits at a bit address; undefined where the bus refused. */
  #fetch(at: number, bits: number): number | undefined {
    const { memory } = this.#wiring
    let value = 0
    for (let n = 0; n < Math.max(1, bits / 8); n++) {
      value += memory.read(Math.floor(at / 8) + n, 1, MASTER) * 2 ** (8 * n)
      if (memory.fault !== BusFault.none) return undefined
    }
    return bits === 4 ? (value >> (at % 8)) & 15 : value
  }

  #store(at: number, bits: number, value: number): boolean {
    const { memory } = this.#wiring
    const bytes = bits / 8
    const swap = this.registers.is('OPFCCR', 'SB') ? 1 : 0
    for (let n = 0; n < Math.max(1, bytes); n++) {
      memory.write((at / 8 + n) ^ swap, 1, Math.floor(value / 2 ** (8 * n)) & 0xff, MASTER)
      if (memory.fault !== BusFault.none) return false
    }
    return true
  }
}

export const dma2ds = { DMA2D: (wiring) => new Dma2d(wiring) } satisfies Makers
