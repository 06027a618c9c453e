/**
 * Option bytes of a chip with a secure side, and what of the internal flash they protect. RM0456,
 * "Embedded flash memory": option bytes, readout protection (RDP), write protection (WRP), secure
 * hide protection (HDP).
 *
 * Words of the registers OPTR (0x40) to WRP2BR (0x6C), as they lie in flash. A bank's HDP area goes
 * from the first page of its secure watermark to HDPx_PEND; closed by HDPx_ACCDIS it stays closed
 * until the next reset.
 *
 *   (1) What is hidden is not there for anybody: reads, fetches and DMA are bus errors, programming
 *       and erasing are WRPERR.
 *   (2) With RDP level 2 no option byte changes any more.
 *
 * Only bank 2 is the secure side's, so only its areas exist here. Not modelled: what the other user
 * option bytes do, levels 0.5 and 1 (they are told apart and close nothing), OEM keys.
 */
import { assert } from './assert.ts'
import type { FlashError } from './flash.ts'

export const OPTION_BYTES = 48
const PAGE_BYTES = 0x2000
/** Where bank 2 begins. */
const BANK_2 = 0x10_0000

/** Offsets in the 48 bytes: registers less 0x40. */
const WORD = { OPTR: 0x00, SECWM2R1: 0x20, SECWM2R2: 0x24, WRP2AR: 0x28 } as const

/** Values as ST ships them. */
const SHIPPED: readonly number[] = [
  ...[0x1fef_f8aa, 0x0800_007f, 0x0bf9_007f, 0x0c00_007c],
  ...[0xff80_ffff, 0x0f80_ffff, 0xff80_ffff, 0xff80_ffff],
  ...[0xff80_ffff, 0x0f80_ffff, 0xff80_ffff, 0xff80_ffff],
]

export const RDP = { level0: 0xaa, level05: 0x55, level2: 0xcc } as const
const TZEN = 0x8000_0000
const HDP_ENABLED = 0x8000_0000
const WRP_LOCKED = 0x8000_0000

/** Bytes of the internal flash. */
export interface Stretch {
  readonly offset: number
  readonly size: number
}

export interface OptionSettings {
  readonly readoutProtection: number
  readonly isTrustZoneOn: boolean
  /** From the beginning of bank 2: pages that can be hidden and that nothing writes. None: 0. */
  readonly bootPages: number
}

/** The bytes for these settings; everything else as ST ships it. */
export function encodeOptionBytes(settings: OptionSettings): Uint8Array {
  const { readoutProtection, isTrustZoneOn, bootPages } = settings
  const bytes = new Uint8Array(OPTION_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of SHIPPED.entries()) view.setUint32(4 * i, word, true)
  const user = (SHIPPED[0]! & 0x7fff_ff00) | readoutProtection
  view.setUint32(WORD.OPTR, (isTrustZoneOn ? user | TZEN : user) >>> 0, true)
  if (!isTrustZoneOn) return bytes
  view.setUint32(WORD.SECWM2R1, pages(0, 127), true)
  if (bootPages === 0) return bytes
  view.setUint32(WORD.SECWM2R2, ((bootPages - 1) << 16) | (HDP_ENABLED | 0x0f00_ffff), true)
  view.setUint32(WORD.WRP2AR, pages(0, bootPages - 1) & ~WRP_LOCKED, true)
  return bytes
}

function pages(first: number, last: number): number {
  return (0xff80_ff80 | first | (last << 16)) >>> 0
}

/** The pages [first, last] of a register; undefined if they are none. */
function stretchOf(first: number, last: number): Stretch | undefined {
  if (first > last) return undefined
  return { offset: BANK_2 + first * PAGE_BYTES, size: (last - first + 1) * PAGE_BYTES }
}

/** Reading what is hidden: nothing of the secure side survives that. */
export class BusError extends Error {
  override readonly name = 'BusError'
}

export interface OptionByteParts {
  /** OPTION_BYTES; the caller keeps them. */
  readonly bytes: Uint8Array
  /** The bytes have a new content. */
  readonly onChange: () => void
  /** The area was hidden, or can be seen again. */
  readonly onHide: () => void
}

export class OptionBytes {
  readonly #parts: OptionByteParts
  #isHidden = false

  constructor(parts: OptionByteParts) {
    assert(parts.bytes.length === OPTION_BYTES, `Option bytes are ${OPTION_BYTES}.`)
    this.#parts = parts
  }

  /** The byte RDP: AA, 55, CC, or any other for level 1. */
  get readoutProtection(): number {
    return this.#word(WORD.OPTR) & 0xff
  }

  get isTrustZoneOn(): boolean {
    return (this.#word(WORD.OPTR) & TZEN) !== 0
  }

  /** SWD and JTAG: shut for ever in level 2. */
  get isDebugPortOpen(): boolean {
    return this.readoutProtection !== RDP.level2
  }

  /** HDP2. */
  get hideable(): Stretch | undefined {
    const area = this.#word(WORD.SECWM2R2)
    if ((area & HDP_ENABLED) === 0) return undefined
    return stretchOf(this.#word(WORD.SECWM2R1) & 0x7f, (area >>> 16) & 0x7f)
  }

  /** WRP2A. */
  get writeProtected(): Stretch | undefined {
    const area = this.#word(WORD.WRP2AR)
    return stretchOf(area & 0x7f, (area >>> 16) & 0x7f)
  }

  get isHidden(): boolean {
    return this.#isHidden
  }

  /** HDP2_ACCDIS: until the next reset. */
  hide(): void {
    if (this.#isHidden || this.hideable === undefined) return
    this.#isHidden = true
    this.#parts.onHide()
  }

  reset(): void {
    if (!this.#isHidden) return
    this.#isHidden = false
    this.#parts.onHide()
  }

  /** All of them, as OPTSTRT writes them; they count from the next reset on. */
  program(bytes: Uint8Array): 'OPTWERR' | undefined {
    if (this.readoutProtection === RDP.level2) return 'OPTWERR'
    this.#parts.bytes.set(bytes)
    this.#parts.onChange()
    return undefined
  }

  /** True for a byte of the internal flash that is hidden now. */
  hides(offset: number): boolean {
    return this.#isHidden && isInside(this.hideable, offset, 1)
  }

  requireVisible(offset: number, length: number): void {
    if (!this.#isHidden || !isInside(this.hideable, offset, length)) return
    throw new BusError(`Bus error: flash at offset 0x${offset.toString(16)} is hidden (HDP).`)
  }

  /** Why [offset, offset + length) cannot be erased or programmed, if it cannot. */
  refusal(offset: number, length: number): FlashError | undefined {
    const isClosed =
      isInside(this.writeProtected, offset, length) ||
      (this.#isHidden && isInside(this.hideable, offset, length))
    return isClosed ? 'WRPERR' : undefined
  }

  #word(offset: number): number {
    const { bytes } = this.#parts
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true)
  }
}

/** True if any of the bytes lies in the stretch. */
function isInside(stretch: Stretch | undefined, offset: number, length: number): boolean {
  if (stretch === undefined) return false
  return offset < stretch.offset + stretch.size && offset + length > stretch.offset
}
