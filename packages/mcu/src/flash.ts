/**
 * The two flash memories and the one-time-programmable area.
 *
 * Internal: RM0456, chapter "Embedded flash memory". 2 MiB in 8 KiB pages; a quad-word (16 bytes)
 * is programmed once between erases: PROGERR if it is not all ones, unless the new value is all
 * zeros. External: a serial NOR flash of 8 MiB, 4 KiB sectors, programming inside one 256-byte page.
 *
 *   (1) Programming only turns ones into zeros; erasing turns a whole unit into ones.
 *   (2) An operation that answers with an error has changed nothing.
 *   (3) A torn program leaves each bit old or new. A torn erase leaves each bit old or one.
 *   (4) `onChange` is called after every change, torn ones included, before anything else happens.
 *
 * Not modelled: ECC (a torn quad-word reads back as it is and raises no NMI), duration, wear.
 */
import { assert } from './assert.ts'
import type { Supply } from './power.ts'
import { seededRandom } from './seeded-random.ts'

export const INTERNAL_FLASH_BYTES = 0x20_0000
const PAGE_BYTES = 0x2000
export const QUAD_WORD_BYTES = 16
export const EXTERNAL_FLASH_BYTES = 0x80_0000
const SECTOR_BYTES = 0x1000
const EXTERNAL_PAGE_BYTES = 256
export const OTP_BYTES = 512

/** Names of FLASH_NSSR and FLASH_SECSR (RM0456). */
export type FlashError = 'PROGERR' | 'PGAERR' | 'SIZERR' | 'WRPERR'

export interface FlashStore {
  /** The cells. The caller keeps them alive; nobody else writes them while the flash is in use. */
  readonly bytes: Uint8Array
  readonly supply: Supply
  /** [offset, offset + length) has a new content. */
  readonly onChange: (offset: number, length: number) => void
}

export interface FlashProtection {
  /** Throws for what cannot be read. */
  requireVisible(offset: number, length: number): void
  refusal(offset: number, length: number): FlashError | undefined
}

/** The cells that both kinds of flash share: reading, erasing and clearing bits, each tearable. */
class Cells {
  readonly #store: FlashStore

  constructor(store: FlashStore, sizeBytes: number) {
    const { length } = store.bytes
    assert(length === sizeBytes, `A flash of ${sizeBytes} bytes got a store of ${length}.`)
    this.#store = store
  }

  read(offset: number, into: Uint8Array): void {
    this.#store.supply.require()
    into.set(this.view(offset, into.length))
  }

  view(offset: number, length: number): Uint8Array {
    const { bytes } = this.#store
    assert(
      Number.isInteger(offset) && offset >= 0 && offset + length <= bytes.length,
      `[${offset}, ${offset + length}) is not in a flash of ${bytes.length} bytes.`,
    )
    return bytes.subarray(offset, offset + length)
  }

  /** `tornBy`: the operation is interrupted, and this seed decides what is left of it. */
  erase(offset: number, length: number, tornBy?: number): void {
    const cells = this.view(offset, length)
    this.#perform(offset, length, tornBy, {
      whole: () => cells.fill(0xff),
      torn: (seed) => tear(cells, seed, (cell, reached) => cell | reached),
    })
  }

  clearBits(offset: number, from: Uint8Array, tornBy?: number): void {
    const cells = this.view(offset, from.length)
    this.#perform(offset, from.length, tornBy, {
      whole: () => cells.set(cells.map((cell, i) => cell & from[i])),
      torn: (seed) => tear(cells, seed, (cell, reached, i) => cell & (from[i] | ~reached)),
    })
  }

  #perform(
    offset: number,
    length: number,
    tornBy: number | undefined,
    steps: { whole(): void; torn(seed: number): void },
  ): void {
    const { supply, onChange } = this.#store
    const changing = (step: () => void) => {
      step()
      onChange(offset, length)
    }
    const torn = (seed: number) => changing(() => steps.torn(seed))
    if (tornBy === undefined) supply.perform({ whole: () => changing(steps.whole), torn })
    else torn(tornBy)
  }
}

/**
 * Applies `step` to each cell with a mask of the bits that the torn operation still reached. The
 * seed also decides how far it got in general, so that nearly nothing and nearly all both happen.
 */
function tear(
  cells: Uint8Array,
  seed: number,
  step: (cell: number, reached: number, index: number) => number,
): void {
  const random = seededRandom(seed)
  const progress = random() % 256
  cells.forEach((cell, i) => {
    let reached = 0
    for (let bit = 1; bit < 0x100; bit <<= 1) if (random() % 256 < progress) reached |= bit
    cells[i] = step(cell, reached, i)
  })
}

/** What tells one kind of flash from another. */
interface FlashKind {
  readonly sizeBytes: number
  readonly eraseBytes: number
  readonly programBytes: number
  readonly program: (
    cells: Cells,
    offset: number,
    from: Uint8Array,
    tornBy?: number,
  ) => FlashError | undefined
}

export const flashKinds = {
  internal: {
    ...{ sizeBytes: INTERNAL_FLASH_BYTES, eraseBytes: PAGE_BYTES, programBytes: QUAD_WORD_BYTES },
    program: programQuadWord,
  },
  external: {
    sizeBytes: EXTERNAL_FLASH_BYTES,
    ...{ eraseBytes: SECTOR_BYTES, programBytes: EXTERNAL_PAGE_BYTES },
    program: programInsidePage,
  },
} as const satisfies Record<string, FlashKind>

export class FlashChip {
  readonly #cells: Cells
  readonly #kind: FlashKind

  /** What nobody may read, erase or program. */
  protection: FlashProtection | undefined

  constructor(kind: keyof typeof flashKinds, store: FlashStore) {
    this.#kind = flashKinds[kind]
    this.#cells = new Cells(store, this.#kind.sizeBytes)
  }

  get sizeBytes(): number {
    return this.#kind.sizeBytes
  }

  get eraseBytes(): number {
    return this.#kind.eraseBytes
  }

  /** As much as one operation programs, at the most. */
  get programBytes(): number {
    return this.#kind.programBytes
  }

  read(offset: number, into: Uint8Array): void {
    this.protection?.requireVisible(offset, into.length)
    this.#cells.read(offset, into)
  }

  /**
   * Erases the unit that starts at `offset`. With `tornBy`, here and in `program`, a reset interrupts
   * it while power stays: the seed decides which bits it still reached.
   */
  erase(offset: number, tornBy?: number): FlashError | undefined {
    const { eraseBytes } = this.#kind
    if (offset % eraseBytes !== 0) return 'PGAERR'
    const refusal = this.protection?.refusal(offset, eraseBytes)
    if (refusal !== undefined) return refusal
    this.#cells.erase(offset, eraseBytes, tornBy)
    return undefined
  }

  program(offset: number, from: Uint8Array, tornBy?: number): FlashError | undefined {
    const refusal = this.protection?.refusal(offset, from.length)
    return refusal ?? this.#kind.program(this.#cells, offset, from, tornBy)
  }
}

/** One-time-programmable area: 32 quad-words that nothing erases. */
export class Otp {
  readonly #cells: Cells

  constructor(store: FlashStore) {
    this.#cells = new Cells(store, OTP_BYTES)
  }

  read(offset: number, into: Uint8Array): void {
    this.#cells.read(offset, into)
  }

  program(offset: number, from: Uint8Array): FlashError | undefined {
    return programQuadWord(this.#cells, offset, from)
  }
}

function programQuadWord(
  cells: Cells,
  offset: number,
  from: Uint8Array,
  tornBy?: number,
): FlashError | undefined {
  if (from.length !== QUAD_WORD_BYTES) return 'SIZERR'
  if (offset % QUAD_WORD_BYTES !== 0) return 'PGAERR'
  const isErased = cells.view(offset, QUAD_WORD_BYTES).every((cell) => cell === 0xff)
  if (!isErased && from.some((byte) => byte !== 0)) return 'PROGERR'
  cells.clearBits(offset, from, tornBy)
  return undefined
}

/** 1 to 256 bytes inside one page. A real part would wrap around in the page instead of refusing. */
function programInsidePage(cells: Cells, offset: number, from: Uint8Array): FlashError | undefined {
  if (from.length === 0 || from.length > EXTERNAL_PAGE_BYTES) return 'SIZERR'
  if ((offset % EXTERNAL_PAGE_BYTES) + from.length > EXTERNAL_PAGE_BYTES) return 'PGAERR'
  cells.clearBits(offset, from)
  return undefined
}
