/**
 * Predecoded code: one table of entries for each code window and each kind of code that runs there
 * (its state and privilege), filled instruction by instruction as they are first executed, and
 * forgotten when their bytes or the rules change.
 *
 *   (1) An entry is filled only after its instruction may be fetched by the code of its table's kind.
 *   (2) Every window has one table; more are made as kinds of code turn up. When there is no room
 *       for another, the kinds of a window take turns with one table, emptied at each turn.
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
  readonly tables: Table[]
}

/** Whose code a table holds: 2 for Secure, plus 1 for code that the MPU treats as unprivileged. */
export type CodeKind = 0 | 1 | 2 | 3

/** Entries of a window; `pages` marks where any are filled in, `marked` lists those. */
export interface Table {
  kind: CodeKind | undefined
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
  #free: number = PREDECODE.start

  constructor(state: State, interpreter: Interpreter, ranges: readonly MemoryRange[]) {
    this.#state = state
    this.#interpreter = interpreter
    this.windows = ranges.map(({ base, size, backing, kind }) => {
      const first = this.#makeTable(size)
      if (first === undefined) {
        throw new Error('The code windows need more predecode space than there is.')
      }
      return { base, size, kind, backing: backing ?? base, tables: [first] }
    })
  }

  #makeTable(size: number): Table | undefined {
    const address = this.#free
    const end = address + (size << ENTRY.scale) + 4 * ENTRY.bytes
    if (end > NOWHERE) return undefined
    this.#free = end
    return {
      kind: undefined,
      address,
      pages: new Uint8Array(size >> PAGE_SHIFT),
      marked: new Set(),
    }
  }

  /** The table for code of a kind: see (2). */
  tableFor({ tables, size }: Window, kind: CodeKind): Table {
    const own = tables.find((table) => table.kind === kind)
    if (own) return own
    let table = tables.find((candidate) => candidate.kind === undefined)
    if (table === undefined) {
      table = this.#makeTable(size)
      if (table) tables.push(table)
      else table = tables[0]!
    }
    this.#forgetTable(table)
    table.kind = kind
    return table
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

  /** One entry, in or outside an IT block. */
  forgetEntry(ip: number): void {
    this.#state.halves[(ip + ENTRY.dispatch) >> 1] = DISPATCH.decode
  }

  /** True if code of these bytes has been decoded. */
  isDecoded(address: number): boolean {
    return this.windows.some(({ size, backing, tables }) => {
      const offset = address - backing
      return offset >= 0 && offset < size && tables.some(({ pages }) => pages[offset >> PAGE_SHIFT])
    })
  }

  /** Bytes of plain memory changed: [address, address + length), by backing address. */
  invalidate(address: number, length: number): void {
    for (const window of this.windows) {
      const start = Math.max(address - window.backing, 0)
      const end = Math.min(address + length - window.backing, window.size)
      if (start >= end) continue
      for (let page = start >> PAGE_SHIFT; page <= (end - 1) >> PAGE_SHIFT; page++) {
        for (const table of window.tables) this.#forget(table, page)
      }
    }
  }

  /** The rules for fetching changed. */
  forgetAll(): void {
    for (const { tables } of this.windows) for (const table of tables) this.#forgetTable(table)
  }

  #forgetTable(table: Table): void {
    for (const page of table.marked) this.#forget(table, page)
  }

  #forget(table: Table, page: number): void {
    if (table.pages[page] === 0) return
    table.pages[page] = 0
    table.marked.delete(page)
    const start = table.address + ((page << PAGE_SHIFT) << ENTRY.scale)
    // An instruction may begin in the halfword before.
    const from = page === 0 ? start : start - ENTRY.bytes
    const to = start + (PAGE << ENTRY.scale)
    // Operands stay: the instruction that is being executed, and has this done, goes on to read its own.
    for (let ip = from; ip < to; ip += ENTRY.bytes) {
      this.forgetEntry(ip)
      this.forgetEntry(ip + PREDECODE.itOffset)
    }
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
    return tables.find(({ address }) => {
      return plain >= address && plain < address + (size << ENTRY.scale) + 4 * ENTRY.bytes
    })!
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
