/**
 * What the flash can be told to do, how long that takes and what is left of it when a reset comes
 * in between. RM0456, "Flash memory erase and program operations"; times: STM32U585 data sheet,
 * "Flash memory characteristics", typical values.
 */
import { type FlashChip, type FlashError, QUAD_WORD_BYTES } from '../flash.ts'

export const PAGE_BYTES = 0x2000
export const BANK_BYTES = 0x10_0000
export const BURST_BYTES = 8 * QUAD_WORD_BYTES

const MICROSECONDS = {
  ...{ quadWord: 118, burst: 8 * 48, page: 1500, bank: 195_000, options: 2000 },
} as const

/** OPSR.CODE_OP. */
const CODE = { quadWord: 1, burst: 2, page: 3, bank: 4, both: 5, options: 6 } as const

export interface FlashOperation {
  readonly code: number
  readonly microseconds: number
  /** Where, for OPSR. */
  readonly offset: number
  /** It is over. */
  perform(): FlashError | undefined
  /** A reset came in between: each bit is old or new, the same for the same seed. */
  tear(seed: number): void
}

export function programming(flash: FlashChip, offset: number, data: Uint8Array): FlashOperation {
  const kind = data.length === BURST_BYTES ? 'burst' : 'quadWord'
  const parts = Array.from({ length: data.length / QUAD_WORD_BYTES }, (_, n) => {
    const at = n * QUAD_WORD_BYTES
    return { offset: offset + at, data: data.subarray(at, at + QUAD_WORD_BYTES) }
  })
  return {
    ...{ code: CODE[kind], microseconds: MICROSECONDS[kind], offset },
    perform() {
      let first: FlashError | undefined
      for (const part of parts) first ??= flash.program(part.offset, part.data)
      return first
    },
    tear: (seed) =>
      parts.forEach((part, n) => void flash.program(part.offset, part.data, seed + n)),
  }
}

export function erasingPage(flash: FlashChip, offset: number): FlashOperation {
  return {
    ...{ code: CODE.page, microseconds: MICROSECONDS.page, offset },
    perform: () => flash.erase(offset),
    tear: (seed) => void flash.erase(offset, seed),
  }
}

/** Mass erase of one bank or both, a page after the other. */
export function erasingBanks(flash: FlashChip, banks: readonly number[]): FlashOperation {
  const pages = banks.flatMap((bank) =>
    Array.from({ length: BANK_BYTES / PAGE_BYTES }, (_, n) => bank * BANK_BYTES + n * PAGE_BYTES),
  )
  return {
    code: banks.length === 1 ? CODE.bank : CODE.both,
    microseconds: MICROSECONDS.bank * banks.length,
    offset: pages[0]!,
    perform() {
      for (const page of pages) flash.erase(page)
      return undefined
    },
    tear(seed) {
      for (const page of pages) flash.erase(page, seed + page)
    },
  }
}

/** Option bytes: written as a whole or, if a reset comes in between, not at all. */
export function writingOptions(write: () => void): FlashOperation {
  return {
    ...{ code: CODE.options, microseconds: MICROSECONDS.options, offset: 0, tear() {} },
    perform() {
      write()
      return undefined
    },
  }
}
