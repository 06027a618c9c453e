/**
 * Predecoded code: one table of entries for each code window and privilege, filled instruction by
 * instruction as they are first executed, and forgotten when their bytes or the rules change.
 */

import type { MemoryRange } from './cpu.ts'
import { decode, decodeUndefined, type Handler, isWide, withFarTarget } from './decoder.ts'
import { DISPATCH, type Interpreter } from './interpreter.ts'
import { ENTRY, IT_FIRST, PREDECODE } from './layout.ts'
import type { State } from './state.ts'
import type { Operands } from './table/row.ts'

/** Pages of code that are decoded and forgotten together. */
const PAGE_SHIFT = 9
const PAGE = 1 << PAGE_SHIFT

/** One range of addresses that code runs in. */
export interface Window {
  readonly base: number
  readonly size: number
  readonly backing: number
  readonly kind: 'ram' | 'flash'
  readonly tables: { readonly privileged: Table; readonly unprivileged: Table }
}

/** Entries of a window; `pages` marks where any are filled in, `marked` lists those. */
export interface Table {
  readonly address: number
  readonly pages: Uint8Array
  readonly marked: Set<number>
}

/** Where control is when it is in no window: an entry that is never filled. */
export const NOWHERE = PREDECODE.end - 4 * ENTRY.bytes

export class CodeCache {
  readonly windows: readonly Window[]
  readonly #state: State
  readonly #interpreter: Interpreter

  constructor(state: State, interpreter: Interpreter, ranges: readonly MemoryRange[]) {
    this.#state = state
    this.#interpreter = interpreter
    let next: number = PREDECODE.start
    const table = (size: number): Table => {
      const address = next
      next += (size << ENTRY.scale) + 4 * ENTRY.bytes
      return { address, pages: new Uint8Array(size >> PAGE_SHIFT), marked: new Set() }
    }
    this.windows = ranges.map(({ base, size, backing, kind }) => ({
      base,
      size,
      kind,
      backing: backing ?? base,
      tables: { privileged: table(size), unprivileged: table(size) },
    }))
    if (next > NOWHERE) throw new Error('The code windows need more predecode space than there is.')
  }

  find(address: number): Window | undefined {
    return this.windows.find(({ base, size }) => address >= base && address - base < size)
  }

  /** The halfword that a window shows at an address. */
  halfword({ base, backing }: Window, address: number): number {
    return this.#state.halves[(address - base + backing) >>> 1]!
  }

  /**
   * Fills the entry at `ip` for the instruction at `address`. `before` is the loop's `it`, `own`
   * the ITSTATE of the instruction (0 outside blocks).
   */
  fill(window: Window, ip: number, address: number, it: { before: number; own: number }): void {
    const first = this.halfword(window, address)
    const length = isWide(first) ? 4 : 2
    const word = length === 4 ? ((first << 16) | this.halfword(window, address + 2)) >>> 0 : first
    const place = { address, pc: (address + 4) >>> 0, isInIt: it.own !== 0 }
    const decoded = decode(word, length, place) ?? decodeUndefined(word, length)
    const table = this.#tableAt(window, ip)
    this.#markPages(table, address - window.base, length)
    const operands = this.#isFar(decoded.operands, window)
      ? withFarTarget(decoded.operands)
      : decoded.operands
    const handler = this.#interpreter.table.find({ row: decoded.row, operands })
    if (handler === undefined) {
      throw new Error(`No handler was made for ${decoded.row.name} 0x${word.toString(16)}.`)
    }
    this.#write(ip, handler, operands, { window, table, length, it })
  }

  /** The entry behind the last instruction of an IT block: leads back to the ordinary entries. */
  fillLeave(window: Window, ip: number, address: number): void {
    this.#markPages(this.#tableAt(window, ip), address - window.base, 2)
    this.#state.halves[(ip + ENTRY.dispatch) >> 1] = DISPATCH.leaveIt
  }

  /** True if code of these bytes has been decoded. */
  isDecoded(address: number): boolean {
    return this.windows.some(({ base, size, backing, tables }) => {
      const offset = address - backing
      if (offset < 0 || offset >= size || base < 0) return false
      const page = offset >> PAGE_SHIFT
      return (tables.privileged.pages[page]! | tables.unprivileged.pages[page]!) !== 0
    })
  }

  /** Bytes of plain memory changed: [address, address + length), by backing address. */
  invalidate(address: number, length: number): void {
    for (const window of this.windows) {
      const start = Math.max(address - window.backing, 0)
      const end = Math.min(address + length - window.backing, window.size)
      if (start >= end) continue
      for (let page = start >> PAGE_SHIFT; page <= (end - 1) >> PAGE_SHIFT; page++) {
        this.#forget(window.tables.privileged, page)
        this.#forget(window.tables.unprivileged, page)
      }
    }
  }

  /** The rules for fetching changed. */
  forgetAll(): void {
    for (const { tables } of this.windows) {
      for (const table of [tables.privileged, tables.unprivileged]) {
        for (const page of table.marked) this.#forget(table, page)
      }
    }
  }

  #forget(table: Table, page: number): void {
    if (table.pages[page] === 0) return
    table.pages[page] = 0
    table.marked.delete(page)
    const start = table.address + ((page << PAGE_SHIFT) << ENTRY.scale)
    // An instruction may begin in the halfword before.
    const from = page === 0 ? start : start - ENTRY.bytes
    const to = start + (PAGE << ENTRY.scale)
    this.#state.bytes.fill(0, from, to)
    this.#state.bytes.fill(0, from + PREDECODE.itOffset, to + PREDECODE.itOffset)
  }

  #markPages(table: Table, offset: number, length: number): void {
    for (const at of [offset, offset + length - 1]) {
      const page = at >> PAGE_SHIFT
      if (page >= table.pages.length || table.pages[page] === 1) continue
      table.pages[page] = 1
      table.marked.add(page)
    }
  }

  #tableAt({ tables, size }: Window, ip: number): Table {
    const plain = ip >= PREDECODE.start + PREDECODE.itOffset ? ip - PREDECODE.itOffset : ip
    const { privileged, unprivileged } = tables
    const isIn = plain >= privileged.address && plain < privileged.address + (size << ENTRY.scale)
    return isIn ? privileged : unprivileged
  }

  #isFar(operands: Operands, { base, size }: Window): boolean {
    return Object.values(operands).some((operand) => {
      if (typeof operand !== 'object' || operand.kind !== 'near') return false
      return operand.address < base || operand.address - base >= size
    })
  }

  #write(
    ip: number,
    handler: Handler,
    operands: Operands,
    at: { window: Window; table: Table; length: 2 | 4; it: { before: number; own: number } },
  ): void {
    const { bytes, halves, words } = this.#state
    let register = ip + ENTRY.registers
    let immediate = (ip + ENTRY.immediates) >> 2
    for (const name of handler.order) {
      const operand = operands[name]
      if (typeof operand !== 'object') continue
      switch (operand.kind) {
        case 'register':
        case 'single':
        case 'stack-pointer':
          bytes[register++] = operand.number << 2
          break
        case 'immediate':
          words[immediate++] = operand.value
          break
        case 'far':
          words[immediate++] = operand.address | 1
          break
        default:
          words[immediate++] =
            at.table.address + ((operand.address - at.window.base) << ENTRY.scale)
      }
    }
    halves[(ip + ENTRY.handler) >> 1] = handler.index
    const { own, before } = at.it
    if (own === 0) {
      halves[(ip + ENTRY.dispatch) >> 1] = handler.index
      return
    }
    halves[(ip + ENTRY.dispatch) >> 1] = DISPATCH.condition + Math.min(own >> 4, 14)
    const isWideBit = at.length === 4 ? 1 << 31 : 0
    words[(ip + PREDECODE.itWordOffset) >> 2] = isWideBit | (own << 16) | before
  }
}

/** ITAdvance(), on the loop's `it`: the state of the instruction that comes next. */
export function nextIt(it: number): number {
  if ((it & IT_FIRST) !== 0) return it & 0xff
  if ((it & 7) === 0) return 0
  return (it & 0xe0) | ((it << 1) & 0x1f)
}
