/**
 * Registers of a peripheral as a table: offset, fields, reset value; behaviour beside it.
 *
 * A field has one of these access kinds (RM0456, "List of abbreviations for registers"):
 *
 *   rw      read and write
 *   ro      read only; hardware changes it with `set`
 *   wo      write only; reads as zero, the write hook sees it
 *   w1c     reads; writing 1 clears, writing 0 does nothing
 *   w0c     reads; writing 0 clears, writing 1 does nothing
 *   w1s     reads; writing 1 sets, writing 0 does nothing
 *   rc      reads, and a read by software clears it
 *   once    read and write until the first write after reset that changes it; then read only
 *   tagged  named and stored like rw, but it does nothing here: a write that changes it is reported
 *
 * `only` lists the values of an rw field that do something here; a write of another is reported
 * like a tagged field. Bits in no field are reserved: they read as their reset value and ignore
 * writes. A write of one or two bytes touches those bytes only; write hooks see zero in the others.
 *
 * What a layout says is worked out once and shared by all instances.
 */
import { assert } from './assert.ts'
import type { AccessSize } from './bus.ts'

const accessKinds = [
  ...(['rw', 'ro', 'wo', 'w1c', 'w0c', 'w1s', 'rc', 'once', 'tagged'] as const),
] as const
export type AccessKind = (typeof accessKinds)[number]

export interface Field {
  readonly bit: number
  readonly width: number
  readonly access: AccessKind
  /** Values that are modelled; undefined is all of them. */
  readonly only?: readonly number[]
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
export const w0c = kind('w0c')
export const w1s = kind('w1s')
export const rc = kind('rc')
export const once = kind('once')
export const tagged = kind('tagged')

/** An rw field of which only some values are modelled. */
export function partly(bit: number, width: number, only: readonly number[]): Field {
  return { bit, width, access: 'rw', only }
}

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

export interface RegisterHooks {
  /**
   * The value that a read gives; `stored` is what the table holds, `size` the width in bytes.
   * Debuggers and interrupt logic look through it too: effects of a read belong into `taken`.
   */
  readonly read?: (stored: number, size: AccessSize) => number
  /** After software has read the register. */
  readonly taken?: (size: AccessSize) => void
  /** After a write took effect: what was written, what the register held before, width in bytes. */
  readonly write?: (written: number, before: number, size: AccessSize) => void
  /** False: writes are ignored now. */
  readonly writable?: () => boolean
  /** Bits that this master may see and change; the others read as zero and ignore writes. */
  readonly visible?: (isSecure: boolean) => number
}

export type Hooks<L extends Layout> = { readonly [Name in keyof L]?: RegisterHooks }
export type FieldName<L extends Layout, Name extends keyof L> = keyof L[Name]['fields']

/** What the bus needs of a peripheral's registers, whatever their layout. */
export interface Registers {
  readonly layout: Layout
  /** Name of the register that holds this byte offset, or undefined for a hole. */
  nameAt(offset: number): string | undefined
  /** False: the offset is a hole. */
  has(offset: number): boolean
  /** What a read of the word at this offset would give, without its effects. */
  peek(offset: number): number
  read(offset: number, size: AccessSize, isSecure: boolean): number
  write(offset: number, size: AccessSize, value: number, isSecure: boolean): void
  /** Called with a register's and a field's name when a write changes a tagged field. */
  onTagged: (register: string, field: string) => void
}

type Masks = Readonly<Record<AccessKind, number>>

/** A layout in the order of its rows, with masks. */
interface Compiled {
  readonly names: readonly string[]
  readonly registers: readonly Register[]
  readonly masks: readonly Masks[]
  /** Fields with `only`, by register. */
  readonly limited: readonly (readonly [name: string, field: Field])[][]
  readonly rowOf: ReadonlyMap<string, number>
  readonly rowAtWord: readonly (number | undefined)[]
}

const compiledLayouts = new WeakMap<Layout, Compiled>()

/**
 * A field, or a whole register, found once: for those who use it at every event. As `get` and `set`:
 * the hardware's view, no hook is called.
 */
export class Cell {
  readonly #values: Uint32Array
  readonly #row: number
  readonly #bit: number
  readonly #mask: number

  constructor(values: Uint32Array, row: number, field: Pick<Field, 'bit' | 'width'>) {
    this.#values = values
    this.#row = row
    this.#bit = field.bit
    this.#mask = (widthMask(field.width) << field.bit) >>> 0
  }

  get value(): number {
    return (this.#values[this.#row]! & this.#mask) >>> this.#bit
  }

  set value(value: number) {
    const others = this.#values[this.#row]! & ~this.#mask
    this.#values[this.#row] = others | ((value << this.#bit) & this.#mask)
  }

  get isSet(): boolean {
    return (this.#values[this.#row]! & this.#mask) !== 0
  }
}

const WHOLE = { bit: 0, width: 32 } as const
/** A field that an instance lacks: reads as zero, takes nothing. */
export const noCell = new Cell(new Uint32Array(1), 0, { bit: 0, width: 0 })

export class RegisterFile<L extends Layout> implements Registers {
  readonly layout: L
  readonly #compiled: Compiled
  readonly #hooks: readonly (RegisterHooks | undefined)[]
  readonly #values: Uint32Array
  /** Bits of `once` fields that have been written since reset. */
  readonly #spent: Uint32Array
  onTagged: (register: string, field: string) => void = () => {}

  constructor(layout: L, hooks: Hooks<L> = {}) {
    this.layout = layout
    this.#compiled = compile(layout)
    const { names, registers } = this.#compiled
    this.#hooks = names.map((name) => hooks[name])
    this.#values = Uint32Array.from(registers, ({ reset }) => reset)
    this.#spent = new Uint32Array(registers.length)
  }

  /** Every register to its reset value; no hook is called. */
  reset(): void {
    this.#compiled.registers.forEach(({ reset }, row) => {
      this.#values[row] = reset
    })
    this.#spent.fill(0)
  }

  /** What hardware sees in a register or a field. */
  get<Name extends keyof L>(name: Name, field?: FieldName<L, Name>): number {
    const row = this.#row(name)
    const value = this.#values[row]!
    if (field === undefined) return value
    const { bit, width } = this.#compiled.registers[row]!.fields[field as string]!
    return (value >>> bit) & widthMask(width)
  }

  /** As `get` with the same arguments, for those who ask often; also of bits that have no name. */
  cell<Name extends keyof L>(
    name: Name,
    field: FieldName<L, Name> | Pick<Field, 'bit' | 'width'> = WHOLE,
  ): Cell {
    const row = this.#row(name)
    const { fields } = this.#compiled.registers[row]!
    return new Cell(this.#values, row, typeof field === 'object' ? field : fields[field as string]!)
  }

  /** What a register would show, by a function that is found once. */
  watch(name: keyof L): () => number {
    const row = this.#row(name)
    return () => this.#seen(row, 4)
  }

  /** A field that is one bit. */
  is<Name extends keyof L>(name: Name, field: FieldName<L, Name>): boolean {
    return this.get(name, field) !== 0
  }

  /** Hardware changes a whole register, whatever its access kinds. No hook is called. */
  setAll(name: keyof L, value: number): void {
    this.#values[this.#row(name)] = value
  }

  /** Hardware changes a field, whatever its access kind. No hook is called. */
  set<Name extends keyof L>(name: Name, field: FieldName<L, Name>, value: number | boolean): void {
    const row = this.#row(name)
    const { bit, width } = this.#compiled.registers[row]!.fields[field as string]!
    const mask = widthMask(width) << bit
    this.#values[row] = (this.#values[row]! & ~mask) | ((Number(value) << bit) & mask)
  }

  /** What software would read from a register, without the effects of reading. */
  seen(name: keyof L): number {
    return this.#seen(this.#row(name), 4)
  }

  nameAt(offset: number): string | undefined {
    const row = this.#compiled.rowAtWord[offset >> 2]
    return row === undefined ? undefined : this.#compiled.names[row]
  }

  has(offset: number): boolean {
    return this.#compiled.rowAtWord[offset >> 2] !== undefined
  }

  peek(offset: number): number {
    const row = this.#compiled.rowAtWord[offset >> 2]
    return row === undefined ? 0 : this.#seen(row, 4)
  }

  read(offset: number, size: AccessSize, isSecure: boolean): number {
    const row = this.#compiled.rowAtWord[offset >> 2]
    if (row === undefined) return 0
    const seen = this.#seen(row, size)
    const visible = this.#hooks[row]?.visible?.(isSecure) ?? 0xffff_ffff
    const lanes = (laneMask(size) << laneShift(offset)) & visible
    this.#values[row]! &= ~(this.#compiled.masks[row]!.rc & lanes)
    this.#hooks[row]?.taken?.(size)
    return ((seen & lanes) >>> laneShift(offset)) >>> 0
  }

  write(offset: number, size: AccessSize, value: number, isSecure: boolean): void {
    const row = this.#compiled.rowAtWord[offset >> 2]
    if (row === undefined) return
    const hooks = this.#hooks[row]
    if (hooks?.writable?.() === false) return
    const shift = laneShift(offset)
    const visible = hooks?.visible?.(isSecure) ?? 0xffff_ffff
    const lanes = (laneMask(size) << shift) & visible
    const written = ((value << shift) & lanes) >>> 0
    const before = this.#values[row]!
    this.#values[row] = this.#merge(row, written, lanes)
    this.#reportUnmodelled(row, before)
    hooks?.write?.(written, before, size)
  }

  #seen(row: number, size: AccessSize): number {
    const stored = (this.#values[row]! & ~this.#compiled.masks[row]!.wo) >>> 0
    const read = this.#hooks[row]?.read
    return read === undefined ? stored : read(stored, size) >>> 0
  }

  #merge(row: number, written: number, lanes: number): number {
    const masks = this.#compiled.masks[row]!
    const before = this.#values[row]!
    const free = masks.once & ~this.#spent[row]!
    const assigned = (masks.rw | masks.tagged | free) & lanes
    const replaced = (before & ~assigned) | (written & assigned)
    this.#spent[row]! |= spentBits(
      this.#compiled.registers[row]!,
      free & lanes & (before ^ replaced),
    )
    const cleared = (written & masks.w1c) | (~written & lanes & masks.w0c)
    return (replaced & ~cleared) | (written & masks.w1s)
  }

  #reportUnmodelled(row: number, before: number): void {
    const { names, registers, masks, limited } = this.#compiled
    const changed = this.#values[row]! ^ before
    if (changed === 0) return
    if (changed & masks[row]!.tagged) {
      for (const [field, { bit, width, access }] of Object.entries(registers[row]!.fields)) {
        const isChanged = changed & (widthMask(width) << bit)
        if (access === 'tagged' && isChanged) this.onTagged(names[row]!, field)
      }
    }
    for (const [field, { bit, width, only }] of limited[row]!) {
      const value = (this.#values[row]! >>> bit) & widthMask(width)
      const isChanged = changed & (widthMask(width) << bit)
      if (isChanged && !only!.includes(value)) this.onTagged(names[row]!, `${field}=${value}`)
    }
  }

  #row(name: keyof L): number {
    return this.#compiled.rowOf.get(name as string)!
  }
}

/** `[enable, status, …]`, each as `REGISTER.FIELD`: the enable bit lets any of the flags interrupt. */
export type InterruptPair = readonly [enable: string, ...flags: string[]]

/** A function that tells whether a line is high: any pair has its enable bit and one flag set. */
export function interruptLevel<L extends Layout>(
  registers: RegisterFile<L>,
  pairs: readonly InterruptPair[],
): () => boolean {
  const place = (path: string) => {
    const [register = '', field = ''] = path.split('.')
    const found = registers.layout[register]?.fields[field]
    assert(found !== undefined, `There is no field ${path} for an interrupt.`)
    return { register, mask: (widthMask(found.width) << found.bit) >>> 0 }
  }
  const rows = pairs.map(([path, ...flags]) => {
    const enable = place(path)
    const places = flags.map(place)
    const register = places[0]!.register
    assert(
      places.every((flag) => flag.register === register),
      `The flags of ${path} stand in one register.`,
    )
    return {
      ...{ enable: registers.cell(enable.register), enableMask: enable.mask },
      ...{
        seen: registers.watch(register),
        flags: places.reduce((all, { mask }) => all | mask, 0),
      },
    }
  })
  return () => {
    for (const { enable, enableMask, seen, flags } of rows) {
      if ((enable.value & enableMask) !== 0 && (seen() & flags) !== 0) return true
    }
    return false
  }
}

function compile(layout: Layout): Compiled {
  const known = compiledLayouts.get(layout)
  if (known !== undefined) return known
  const names = Object.keys(layout)
  const registers = Object.values(layout)
  const rowAtWord: (number | undefined)[] = []
  registers.forEach(({ offset }, row) => {
    rowAtWord[offset >> 2] = row
  })
  const compiled = {
    ...{ names, registers, rowAtWord, masks: registers.map(accessMasks) },
    limited: registers.map(({ fields }) =>
      Object.entries(fields).filter(([, { only }]) => only !== undefined),
    ),
    rowOf: new Map(names.map((name, row) => [name, row])),
  }
  compiledLayouts.set(layout, compiled)
  return compiled
}

function accessMasks({ fields }: Register): Masks {
  const masks = Object.fromEntries(accessKinds.map((access) => [access, 0]))
  for (const { bit, width, access } of Object.values(fields)) {
    masks[access] = (masks[access]! | (widthMask(width) << bit)) >>> 0
  }
  return masks as Record<AccessKind, number>
}

/** All bits of the `once` fields of which some bit was set. */
function spentBits({ fields }: Register, changed: number): number {
  if (changed === 0) return 0
  let spent = 0
  for (const { bit, width, access } of Object.values(fields)) {
    const mask = widthMask(width) << bit
    if (access === 'once' && changed & mask) spent |= mask
  }
  return spent
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
