/**
 * AES: ECB, CBC, CTR, GCM, GMAC and CCM with keys of 128 and 256 bits. RM0456, chapter "AES hardware
 * accelerator (AES)".
 *
 * Four words in, four words out, with real duration; CCF, read and write errors, interrupt, DMA;
 * the phases of GCM and CCM. GCM's counter starts where IVR0 says, which is 2. A key counts once its
 * registers were written in order, up or down; EN stays clear without one.
 *
 * Not modelled: keys shared with SAES (KMOD), suspending a message (SUSPxR).
 */

import { interruptLevel, partly, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import type { Block } from './aes-cipher.ts'
import { AesMessage } from './aes-message.ts'
import { swapped } from './hash-algorithms.ts'

const key = (offset: number) => reg(offset, { KEY: wo(0, 32) })
const vector = (offset: number) => reg(offset, { IVI: rw(0, 32) })
const suspend = (offset: number) => reg(offset, { SUSP: tagged(0, 32) })

export const aesLayout = {
  CR: reg(0x00, {
    ...{ EN: rw(0), DATATYPE: rw(1, 2), MODE: partly(3, 2, [0, 1, 2]), CHMOD: rw(5, 2) },
    ...{ DMAINEN: rw(11), DMAOUTEN: rw(12), GCMPH: rw(13, 2), CHMOD_2: rw(16), KEYSIZE: rw(18) },
    ...{ NPBLB: rw(20, 4), KMOD: tagged(24, 2), IPRST: rw(31) },
  }),
  SR: reg(0x04, { CCF: ro(0), RDERR: ro(1), WRERR: ro(2), BUSY: ro(3), KEYVALID: ro(7) }),
  DINR: reg(0x08, { DIN: wo(0, 32) }),
  DOUTR: reg(0x0c, { DOUT: ro(0, 32) }),
  ...{ KEYR0: key(0x10), KEYR1: key(0x14), KEYR2: key(0x18), KEYR3: key(0x1c) },
  ...{ IVR0: vector(0x20), IVR1: vector(0x24), IVR2: vector(0x28), IVR3: vector(0x2c) },
  ...{ KEYR4: key(0x30), KEYR5: key(0x34), KEYR6: key(0x38), KEYR7: key(0x3c) },
  ...{ SUSP0R: suspend(0x40), SUSP1R: suspend(0x44), SUSP2R: suspend(0x48) },
  ...{ SUSP3R: suspend(0x4c), SUSP4R: suspend(0x50), SUSP5R: suspend(0x54) },
  ...{ SUSP6R: suspend(0x58), SUSP7R: suspend(0x5c) },
  IER: reg(0x300, { CCFIE: rw(0), RWEIE: rw(1), KEIE: rw(2) }),
  ISR: reg(0x304, { CCF: ro(0), RWEIF: ro(1), KEIF: ro(2) }),
  ICR: reg(0x308, { CCF: wo(0), RWEIF: wo(1), KEIF: wo(2) }),
} as const

const KEYS = ['KEYR0', 'KEYR1', 'KEYR2', 'KEYR3', 'KEYR4', 'KEYR5', 'KEYR6', 'KEYR7'] as const
const VECTOR = ['IVR3', 'IVR2', 'IVR1', 'IVR0'] as const
const BLOCK_WORDS = 4
/** A block, by CR.KEYSIZE (RM0456, "AES processing latency"). */
const BLOCK_CYCLES = [51, 75]
const KEYSIZE = 1 << 18
/** ISR and ICR. */
const [CCF, RWEIF, KEIF] = [1, 1 << 1, 1 << 2]
/** CR.MODE. */
const KEY_DERIVATION = 1
const DECRYPT = 2

export class Aes implements Peripheral {
  readonly registers: RegisterFile<typeof aesLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #requests: { readonly input: Output; readonly output: Output }
  readonly #isInterrupting: () => boolean
  #message = new AesMessage()
  /** Key words by register; software cannot read them back. */
  #keys: number[] = []
  /** Numbers of the key registers written since this key was begun. */
  #keyOrder: number[] = []
  readonly #input: number[] = []
  #output: number[] = []
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const keyHooks = Object.fromEntries(
      KEYS.map((name, n) => [name, { write: (word: number) => this.#keyWritten(n, word) }]),
    )
    this.registers = new RegisterFile(aesLayout, {
      ...keyHooks,
      CR: { write: (_written, before) => this.#control(before) },
      DINR: { write: (word) => this.#take(word) },
      DOUTR: { read: () => this.#swap(this.#output[0] ?? 0), taken: () => this.#taken() },
      IER: { write: () => this.#update() },
      ICR: { write: (flags) => this.#clear(flags) },
    })
    this.#line = wiring.interrupt('AES')
    this.#requests = { input: wiring.dmaRequest('AES_IN'), output: wiring.dmaRequest('AES_OUT') }
    this.#isInterrupting = interruptLevel(this.registers, [
      ['IER.CCFIE', 'ISR.CCF'],
      ['IER.RWEIE', 'ISR.RWEIF'],
      ['IER.KEIE', 'ISR.KEIF'],
    ])
  }

  reset(): void {
    this.registers.reset()
    this.#stop()
    this.#keys = []
    this.#keyOrder = []
    this.#message = new AesMessage()
    this.#update()
  }

  get #keyWords(): number {
    return this.registers.is('CR', 'KEYSIZE') ? 8 : 4
  }

  /** RM0456, AES_ISR.KEIF: no key is valid until software has cleared the error of an order. */
  #keyWritten(n: number, word: number): void {
    const { registers: r } = this
    this.#keys[n] = word
    if (r.is('ISR', 'KEIF')) return
    const count = this.#keyWords
    if (this.#keyOrder.length === count) this.#keyOrder = []
    this.#keyOrder.push(n)
    const isUpwards = this.#keyOrder.every((register, i) => register === i)
    const isDownwards = this.#keyOrder.every((register, i) => register === count - 1 - i)
    r.set('ISR', 'KEIF', !isUpwards && !isDownwards)
    r.set('SR', 'KEYVALID', !r.is('ISR', 'KEIF') && this.#keyOrder.length === count)
    this.#update()
  }

  #forgetKey(): void {
    this.#keyOrder = []
    this.registers.set('SR', 'KEYVALID', false)
  }

  #control(before: number): void {
    const { registers: r } = this
    if (r.is('CR', 'IPRST')) {
      const control = r.get('CR')
      this.reset()
      r.setAll('CR', control)
      return
    }
    if (((r.get('CR') ^ before) & KEYSIZE) !== 0) this.#forgetKey()
    if (!r.is('SR', 'KEYVALID')) r.set('CR', 'EN', false)
    if (!r.is('CR', 'EN')) this.#stop()
    else if ((before & 1) === 0 || this.#phaseOf(before) !== r.get('CR', 'GCMPH')) this.#enable()
    this.#update()
  }

  #phaseOf(control: number): number {
    return (control >>> 13) & 3
  }

  #stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#input.length = 0
    this.#output = []
    this.registers.set('SR', 'BUSY', false)
  }

  /** EN, or a new phase: some modes work before there is data. */
  #enable(): void {
    const { registers: r } = this
    const start = this.#message.begin({
      chaining: r.get('CR', 'CHMOD') | (r.get('CR', 'CHMOD_2') << 2),
      phase: r.get('CR', 'GCMPH'),
      isDecrypting: r.get('CR', 'MODE') === DECRYPT,
      key: this.#keys.slice(0, this.#keyWords).reverse(),
      vector: VECTOR.map((name) => r.get(name)) as unknown as Block,
    })
    if (r.get('CR', 'MODE') === KEY_DERIVATION) this.#work(() => this.#done([], true))
    else if (start === 'prepares') this.#work(() => this.#done([], true))
    else if (start === 'gives tag') this.#work(() => this.#done(this.#message.tag(), false))
  }

  #take(word: number): void {
    const { registers: r } = this
    if (!r.is('CR', 'EN') || this.#cancel !== undefined || this.#output.length > 0) {
      this.#error('WRERR')
      return
    }
    this.#input.push(this.#swap(word))
    if (this.#input.length < BLOCK_WORDS) {
      this.#update()
      return
    }
    const block = this.#input.splice(0) as unknown as Block
    this.#work(() => this.#done(this.#message.process(block, r.get('CR', 'NPBLB')), false))
  }

  #work(then: () => void): void {
    const { scheduler } = this.#wiring
    this.registers.set('SR', 'BUSY', true)
    this.#cancel?.()
    this.#cancel = scheduler.at(
      scheduler.now + BLOCK_CYCLES[this.registers.get('CR', 'KEYSIZE')],
      () => {
        this.#cancel = undefined
        this.registers.set('SR', 'BUSY', false)
        then()
      },
    )
    this.#update()
  }

  #done(output: readonly number[], ends: boolean): void {
    const { registers: r } = this
    this.#output = [...output]
    for (const [i, word] of this.#message.vector.entries()) r.setAll(VECTOR[i], word)
    const isQuiet = r.is('CR', 'DMAOUTEN') && output.length > 0
    for (const name of ['SR', 'ISR'] as const) r.set(name, 'CCF', !isQuiet)
    if (ends) r.set('CR', 'EN', false)
    this.#update()
  }

  #taken(): void {
    if (this.#output.shift() === undefined && this.registers.is('CR', 'EN')) this.#error('RDERR')
    this.#update()
  }

  #error(flag: 'RDERR' | 'WRERR'): void {
    this.registers.set('SR', flag, true)
    this.registers.set('ISR', 'RWEIF', true)
    this.#update()
  }

  #clear(flags: number): void {
    const { registers: r } = this
    r.setAll('ISR', r.get('ISR') & ~flags)
    if (flags & CCF) r.set('SR', 'CCF', false)
    if (flags & KEIF) this.#keyOrder = []
    if (flags & RWEIF) for (const name of ['RDERR', 'WRERR'] as const) r.set('SR', name, false)
    this.#update()
  }

  #swap(word: number): number {
    return swapped(word, this.registers.get('CR', 'DATATYPE'))
  }

  #update(): void {
    const { registers: r } = this
    this.#line.set(this.#isInterrupting())
    const isWaiting = r.is('CR', 'EN') && this.#cancel === undefined && this.#output.length === 0
    this.#requests.input.set(r.is('CR', 'DMAINEN') && isWaiting)
    this.#requests.output.set(r.is('CR', 'DMAOUTEN') && this.#output.length > 0)
  }
}

export const aeses = { AES: (wiring) => new Aes(wiring) } satisfies Makers
