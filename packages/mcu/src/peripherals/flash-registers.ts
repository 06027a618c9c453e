/**
 * FLASH: the flash interface. RM0456, chapter "Embedded flash memory (FLASH)".
 *
 * For software of a chip without a secure side; otherwise it is the kernel's. NSCR and the option
 * bytes open with their two keys, in order; a wrong key closes them until the next reset. With PG,
 * stores of words gather a quad-word (with BWR eight of them), which is programmed when its last
 * word is there; STRT erases. Operations take their time, with BSY; a store meanwhile waits for the
 * end, and a reset meanwhile leaves torn cells and tells in OPSR where.
 *
 *   (1) While an error flag is set nothing is programmed or erased: PGSERR.
 *   (2) EOP and OPERR come only while their interrupts are enabled.
 *   (3) Option bytes hold from the reset after OPTSTRT on; WRP areas at once, as they are read.
 *
 * Latency, prefetch and power-down are kept and change no timing. Not modelled: that code and data
 * in the bank at work have to wait (as if they came from the cache); ECC; RDP levels; swapped banks;
 * what other option bytes do; TrustZone's registers (tagged, or read as reset).
 */
import { type FlashChip, type FlashError, QUAD_WORD_BYTES } from '../flash.ts'
import { type InterruptPair, interruptLevel, RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import {
  type FlashRegisterFile,
  flashLayout,
  type OptionRegister,
  optionRegisters,
} from './flash-layout.ts'
import {
  BANK_BYTES,
  BURST_BYTES,
  erasingBanks,
  erasingPage,
  type FlashOperation,
  PAGE_BYTES,
  programming,
  writingOptions,
} from './flash-operations.ts'

const KEYS = {
  LOCK: [0x4567_0123, 0xcdef_89ab],
  OPTLOCK: [0x0819_2a3b, 0x4c5d_6e7f],
} as const
type Lock = keyof typeof KEYS

const ERRORS = ['PROGERR', 'WRPERR', 'PGAERR', 'SIZERR', 'PGSERR', 'OPTWERR'] as const
type Refusal = FlashError | 'PGSERR'

const interrupts: readonly InterruptPair[] = [
  ['NSCR.EOPIE', 'NSSR.EOP'],
  ['NSCR.ERRIE', 'NSSR.OPERR'],
]

/** Two areas a bank, by bank. */
const protectedAreas = [
  ['WRP1AR', 'WRP1BR'],
  ['WRP2AR', 'WRP2BR'],
] as const

export class FlashRegisters implements Peripheral {
  readonly registers: FlashRegisterFile
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  /** Keys taken in order; undefined after a wrong one. */
  readonly #taken: Record<Lock, number | undefined> = { LOCK: 0, OPTLOCK: 0 }
  /** Option bytes as they lie in flash. */
  readonly #options = new Map<OptionRegister, number>()
  /** Words gathered so far, from where, and which. */
  readonly #buffer = new Uint8Array(BURST_BYTES)
  #bufferOffset: number | undefined
  #gathered = 0
  #operation: { readonly what: FlashOperation; end: number; cancel: () => void } | undefined
  #count = 0

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const isOpen = (lock: Lock) => () =>
      this.#operation === undefined && !this.registers.is('NSCR', lock)
    const option = { writable: isOpen('OPTLOCK') }
    this.registers = new RegisterFile(flashLayout, {
      NSKEYR: { write: (word) => this.#take('LOCK', word) },
      OPTKEYR: { write: (word) => this.#take('OPTLOCK', word) },
      NSSR: { write: () => this.#update() },
      NSCR: { writable: isOpen('LOCK'), write: () => this.#control() },
      ...Object.fromEntries(optionRegisters.map((name) => [name, option])),
    })
    this.#isInterrupting = interruptLevel(this.registers, interrupts)
    this.#line = wiring.interrupt('FLASH')
  }

  get #flash(): FlashChip {
    return this.#wiring.flash
  }

  reset(): void {
    const torn = this.#operation?.what
    this.#operation?.cancel()
    this.#operation = undefined
    this.registers.reset()
    for (const [name, value] of this.#options) this.registers.setAll(name, value)
    this.#taken.LOCK = this.#taken.OPTLOCK = 0
    this.#forgetBuffer()
    if (torn !== undefined) this.#interrupted(torn)
    this.#update()
  }

  /** A store of software to flash. Returns the cycles that it has to wait for what is under way. */
  store(offset: number, size: number, value: number): number {
    const waited = this.#awaitEnd()
    const refusal = this.#refusalOf(offset, size)
    if (refusal !== undefined) this.#fail(refusal)
    else this.#gather(offset, value)
    return waited
  }

  #awaitEnd(): number {
    const operation = this.#operation
    if (operation === undefined) return 0
    operation.cancel()
    this.#end()
    return Math.max(0, operation.end - this.#wiring.scheduler.now)
  }

  #refusalOf(offset: number, size: number): Refusal | undefined {
    const { registers: r } = this
    if (!r.is('NSCR', 'PG') || this.#hasErrors) return 'PGSERR'
    if (size !== 4) return 'SIZERR'
    if (this.#isProtected(offset)) return 'WRPERR'
    const from = this.#bufferOffset
    const isInPlace = from === undefined ? offset % this.#unit === 0 : this.#isNear(from, offset)
    return isInPlace ? undefined : 'PGAERR'
  }

  get #unit(): number {
    return this.registers.is('NSCR', 'BWR') ? BURST_BYTES : QUAD_WORD_BYTES
  }

  #isNear(from: number, offset: number): boolean {
    return offset >= from && offset < from + this.#unit
  }

  #gather(offset: number, value: number): void {
    this.#bufferOffset ??= offset
    const from = this.#bufferOffset
    new DataView(this.#buffer.buffer).setUint32(offset - from, value, true)
    this.#gathered |= 1 << ((offset - from) >> 2)
    this.registers.set('NSSR', 'WDW', true)
    const words = this.#unit / 4
    if (this.#gathered !== (words === 32 ? -1 : (1 << words) - 1)) return
    const data = this.#buffer.slice(0, this.#unit)
    this.#forgetBuffer()
    this.#begin(programming(this.#flash, from, data))
  }

  #forgetBuffer(): void {
    this.#bufferOffset = undefined
    this.#gathered = 0
    this.registers.set('NSSR', 'WDW', false)
  }

  /** NSCR was written. LOCK closes the option bytes, too. */
  #control(): void {
    const { registers: r } = this
    if (!r.is('NSCR', 'PG')) this.#forgetBuffer()
    const [isStarted, isOptions] = [r.is('NSCR', 'STRT'), r.is('NSCR', 'OPTSTRT')]
    const isLaunch = r.is('NSCR', 'OBL_LAUNCH') && !r.is('NSCR', 'OPTLOCK')
    r.set('NSCR', 'OBL_LAUNCH', false)
    if (isStarted) this.#startErase()
    else if (isOptions) this.#startOptions()
    if (isLaunch) this.#wiring.resetChip('option-bytes')
    if (r.is('NSCR', 'LOCK')) r.set('NSCR', 'OPTLOCK', true)
    this.#update()
  }

  #startErase(): void {
    const { registers: r } = this
    const [isPage, bank1, bank2] = [r.is('NSCR', 'PER'), r.is('NSCR', 'MER1'), r.is('NSCR', 'MER2')]
    const banks = [...(bank1 ? [0] : []), ...(bank2 ? [1] : [])]
    const isOne = isPage !== banks.length > 0
    if (!isOne || r.is('NSCR', 'PG') || this.#hasErrors) this.#refuse('PGSERR')
    else if (isPage) this.#startPage()
    else if (banks.some((bank) => this.#hasProtected(bank))) this.#refuse('WRPERR')
    else this.#begin(erasingBanks(this.#flash, banks))
  }

  #startPage(): void {
    const { registers: r } = this
    const offset = r.get('NSCR', 'BKER') * BANK_BYTES + r.get('NSCR', 'PNB') * PAGE_BYTES
    if (this.#isProtected(offset)) this.#refuse('WRPERR')
    else this.#begin(erasingPage(this.#flash, offset))
  }

  #startOptions(): void {
    if (this.registers.is('NSCR', 'OPTLOCK')) this.#refuse('OPTWERR')
    else if (this.#hasErrors) this.#refuse('PGSERR')
    else
      this.#begin(
        writingOptions(() => {
          for (const name of optionRegisters) this.#options.set(name, this.registers.get(name))
        }),
      )
  }

  #begin(what: FlashOperation): void {
    const { scheduler, clocks } = this.#wiring
    const end = scheduler.now + Math.ceil((what.microseconds / 1e6) * clocks.cycleHz)
    this.registers.set('NSSR', 'BSY', true)
    this.#operation = { what, end, cancel: scheduler.at(end, () => this.#end()) }
  }

  #end(): void {
    const error = this.#operation!.what.perform()
    this.#operation = undefined
    this.#count++
    this.#stop()
    if (error !== undefined) this.#fail(error)
    else if (this.registers.is('NSCR', 'EOPIE')) this.registers.set('NSSR', 'EOP', true)
    this.#update()
  }

  #stop(): void {
    for (const start of ['STRT', 'OPTSTRT'] as const) this.registers.set('NSCR', start, false)
    this.registers.set('NSSR', 'BSY', false)
  }

  #refuse(error: Refusal | 'OPTWERR'): void {
    this.#stop()
    this.#fail(error)
  }

  /** What was to be programmed over something comes with both flags, as it does on silicon. */
  #fail(error: Refusal | 'OPTWERR'): void {
    const { registers: r } = this
    this.#forgetBuffer()
    r.set('NSSR', error, true)
    if (error === 'PROGERR') r.set('NSSR', 'PGSERR', true)
    if (r.is('NSCR', 'ERRIE')) r.set('NSSR', 'OPERR', true)
    this.#update()
  }

  get #hasErrors(): boolean {
    return ERRORS.some((flag) => flag !== 'OPTWERR' && this.registers.is('NSSR', flag))
  }

  #isProtected(offset: number): boolean {
    const page = Math.floor((offset % BANK_BYTES) / PAGE_BYTES)
    return protectedAreas[offset < BANK_BYTES ? 0 : 1].some((area) => {
      const [first, last] = [this.registers.get(area, 'PSTRT'), this.registers.get(area, 'PEND')]
      return page >= first && page <= last
    })
  }

  #hasProtected(bank: number): boolean {
    return protectedAreas[bank]!.some(
      (area) => this.registers.get(area, 'PSTRT') <= this.registers.get(area, 'PEND'),
    )
  }

  #interrupted({ code, offset, tear }: FlashOperation): void {
    tear(offset + this.#count)
    this.registers.set('OPSR', 'CODE_OP', code)
    this.registers.set('OPSR', 'ADDR_OP', offset % BANK_BYTES)
    this.registers.set('OPSR', 'BK_OP', offset >= BANK_BYTES)
  }

  #take(lock: Lock, word: number): void {
    const taken = this.#taken[lock]
    if (taken === undefined || !this.registers.is('NSCR', lock)) return
    if (word !== KEYS[lock][taken]) this.#taken[lock] = undefined
    else if (taken === 0) this.#taken[lock] = 1
    else {
      this.registers.set('NSCR', lock, false)
      this.#taken[lock] = 0
    }
  }

  #update(): void {
    this.#line.set(this.#isInterrupting())
  }
}

export const flashes = { FLASH: (wiring) => new FlashRegisters(wiring) } satisfies Makers
