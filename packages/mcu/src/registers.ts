/**
 * Registers of a peripheral as a table: offset, fields, reset value; behaviour beside it.
 *
 * A field has one of these access kinds (RM0456, "List of abbreviations for registers"):
 *
 *   rw      read and write
 *   ro      read only; hardware changes it with `set`
 *   wo      write only; reads as zero, the write hook sees it
 *   w1c     reads; writing 1 clears, writing 0 does nothing
 *   w1s     reads; writing 1 sets, writing 0 does nothing
 *   tagged  named and stored like rw, but it does nothing here: a write that changes it is reported
 *
 * Bits in no field are reserved: they read as their reset value and ignore writes. A write of one
 * or two bytes touches those bytes only; write hooks see zero in the others.
 */
import type { AccessSize } from './bus.ts'

export type AccessKind = 'rw' | 'ro' | 'wo' | 'w1c' | 'w1s' | 'tagged'

export interface Field {
  readonly bit: number
  readonly width: number
  readonly access: AccessKind
}

interface Register {
  readonly offset: number
  readonly fields: Readonly<Record<string, Field>>
  readonly reset: number
}

export type Layout = Readonly<Record<string, Register>>

const kind =
  (access: AccessKind) =>
  (bit: number, width = 1): Field => ({ bit, width, access })

export const rw = kind('rw')
export const ro = kind('ro')
export const wo = kind('wo')
export const w1c = kind('w1c')
export const w1s = kind('w1s')
export const tagged = kind('tagged')

export function reg<Fields extends Record<string, Field>>(
  offset: number,
  fields: Fields,
  reset = 0,
): { offset: number; fields: Fields; reset: number } {
  return { offset, fields, reset: reset >>> 0 }
}

/** Fields `name`0, `name`1, … (or from `first` on), one after the other from bit 0. */
export function each(
  name: string,
  count: number,
  width: number,
  field: (bit: number, width: number) => Field,
  first = 0,
): Record<string, Field> {
  const numbers = Array.from({ length: count }, (_, n) => n)
  return Object.fromEntries(numbers.map((n) => [`${name}${first + n}`, field(n * width, width)]))
}

interface RegisterHooks {
  /** The value that a read gives; `stored` is what the table holds, `size` the width in bytes. */
  readonly read?: (stored: number, size: AccessSize) => number
  /** After a write took effect: what was written, what the register held before, width in bytes. */
  readonly write?: (written: number, before: number, size: AccessSize) => void
  /** False: writes are ignored now. */
  readonly writable?: () => boolean
  /** Bits that this master may see and change; the others read as zero and ignore writes. */
  readonly visible?: (isSecure: boolean) => number
}

type Hooks<L extends Layout> = { readonly [Name in keyof L]?: RegisterHooks }
type FieldName<L extends Layout, Name extends keyof L> = keyof L[Name]['fields']

interface Slot {
  readonly name: string
  readonly register: Register
  readonly hooks: RegisterHooks
  readonly masks: Readonly<Record<AccessKind, number>>
  value: number
}

/** What the bus needs of a peripheral's registers, whatever their layout. */
export interface Registers {
  /** Name of the register that holds this byte offset, or undefined for a hole. */
  nameAt(offset: number): string | undefined
  read(offset: number, size: AccessSize, isSecure: boolean): number
  write(offset: number, size: AccessSize, value: number, isSecure: boolean): void
  /** Called with a register's and a field's name when a write changes a tagged field. */
  onTagged: (register: string, field: string) => void
}

export class RegisterFile<L extends Layout> implements Registers {
  readonly #slots = new Map<keyof L, Slot>()
  readonly #byOffset: (Slot | undefined)[] = []
  onTagged: (register: string, field: string) => void = () => {}

  constructor(layout: L, hooks: Hooks<L> = {}) {
    for (const [name, register] of Object.entries(layout)) {
      const masks = accessMasks(register)
      const slot = { name, register, hooks: hooks[name] ?? {}, masks, value: register.reset }
      this.#slots.set(name, slot)
      this.#byOffset[register.offset >> 2] = slot
    }
  }

  /** Every register to its reset value; no hook is called. */
  reset(): void {
    for (const slot of this.#slots.values()) slot.value = slot.register.reset
  }

  /** What hardware sees in a register or a field. */
  get<Name extends keyof L>(name: Name, field?: FieldName<L, Name>): number {
    const { value, register } = this.#slot(name)
    if (field === undefined) return value
    const { bit, width } = register.fields[field as string]
    return (value >>> bit) & widthMask(width)
  }

  /** A field that is one bit. */
  is<Name extends keyof L>(name: Name, field: FieldName<L, Name>): boolean {
    return this.get(name, field) !== 0
  }

  /** Hardware changes a whole register, whatever its access kinds. No hook is called. */
  setAll(name: keyof L, value: number): void {
    this.#slot(name).value = value >>> 0
  }

  /** Hardware changes a field, whatever its access kind. No hook is called. */
  set<Name extends keyof L>(name: Name, field: FieldName<L, Name>, value: number | boolean): void {
    const slot = this.#slot(name)
    const { bit, width } = slot.register.fields[field as string]
    const mask = widthMask(width) << bit
    slot.value = ((slot.value & ~mask) | ((Number(value) << bit) & mask)) >>> 0
  }

  nameAt(offset: number): string | undefined {
    return this.#byOffset[offset >> 2]?.name
  }

  read(offset: number, size: AccessSize, isSecure: boolean): number {
    const slot = this.#byOffset[offset >> 2]
    if (slot === undefined) return 0
    const { hooks, masks, value } = slot
    const stored = (value & ~masks.wo) >>> 0
    const seen = hooks.read === undefined ? stored : hooks.read(stored, size)
    const visible = hooks.visible?.(isSecure) ?? 0xffff_ffff
    return (((seen & visible) >>> laneShift(offset)) & laneMask(size)) >>> 0
  }

  write(offset: number, size: AccessSize, value: number, isSecure: boolean): void {
    const slot = this.#byOffset[offset >> 2]
    if (slot === undefined || slot.hooks.writable?.() === false) return
    const shift = laneShift(offset)
    const visible = slot.hooks.visible?.(isSecure) ?? 0xffff_ffff
    const lanes = (laneMask(size) << shift) & visible
    const written = ((value << shift) & lanes) >>> 0
    const before = slot.value
    slot.value = merge(slot, written, lanes)
    this.#reportTagged(slot, before)
    slot.hooks.write?.(written, before, size)
  }

  #reportTagged({ name, register, masks, value }: Slot, before: number): void {
    const changed = (value ^ before) & masks.tagged
    if (changed === 0) return
    for (const [field, { bit, width, access }] of Object.entries(register.fields)) {
      if (access === 'tagged' && changed & (widthMask(width) << bit)) this.onTagged(name, field)
    }
  }

  #slot(name: keyof L): Slot {
    return this.#slots.get(name)!
  }
}

function merge({ value, masks }: Slot, written: number, lanes: number): number {
  const assigned = (masks.rw | masks.tagged) & lanes
  const replaced = (value & ~assigned) | (written & assigned)
  return ((replaced & ~(written & masks.w1c)) | (written & masks.w1s)) >>> 0
}

function accessMasks({ fields }: Register): Record<AccessKind, number> {
  const masks = { rw: 0, ro: 0, wo: 0, w1c: 0, w1s: 0, tagged: 0 }
  for (const { bit, width, access } of Object.values(fields)) {
    masks[access] = (masks[access] | (widthMask(width) << bit)) >>> 0
  }
  return masks
}

function widthMask(width: number): number {
  return width === 32 ? 0xffff_ffff : (1 << width) - 1
}

function laneShift(offset: number): number {
  return (offset & 3) * 8
}

function laneMask(size: AccessSize): number {
  return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff
}
