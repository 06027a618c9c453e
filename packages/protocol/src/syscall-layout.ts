/**
 * Sizes, alignments and offsets as the Arm EABI lays data out (AAPCS32, "Data types and alignment"),
 * and the bytes of structures to and from values.
 */
import { type EnumName, type EnumTable, enums } from './syscall-enums.ts'
import {
  type CType,
  handleNames,
  type StructName,
  type StructTable,
  structs,
} from './syscall-structs.ts'

const scalarBytes: Readonly<Record<string, number>> = {
  uint8_t: 1,
  uint16_t: 2,
  uint32_t: 4,
  uint64_t: 8,
}

/** Bytes of a value of this type. */
export function sizeOf(type: CType): number {
  return structOf(type)?.bytes ?? wordBytes(type)
}

/** What the address of a value of this type is a multiple of. */
export function alignmentOf(type: CType): number {
  return structOf(type)?.alignment ?? wordBytes(type)
}

/** Where a compiler puts fields of these types, one after another. */
export function layOut(types: readonly CType[]): {
  offsets: number[]
  bytes: number
  alignment: number
} {
  const offsets: number[] = []
  let end = 0
  let alignment = 1
  for (const type of types) {
    const offset = roundUp(end, alignmentOf(type))
    offsets.push(offset)
    end = offset + sizeOf(type)
    alignment = Math.max(alignment, alignmentOf(type))
  }
  return { offsets, bytes: roundUp(end, alignment), alignment }
}

/** The structure a type names; undefined for any other type. */
export function structOf(type: CType): StructTable | undefined {
  const name = /^struct (\w+)$/.exec(type)?.[1]
  if (name === undefined) return undefined
  if (!Object.hasOwn(structs, name)) throw new RangeError(`no structure ${name} in the table`)
  return structs[name as StructName]
}

/** A structure's value: numbers, and nested structures. 64-bit fields are exact up to 2^53. */
export type StructValue<Name extends StructName> = {
  readonly [Key in keyof (typeof structs)[Name]['fields']]: (typeof structs)[Name]['fields'][Key] extends {
    readonly type: `struct ${infer Nested extends StructName}`
  }
    ? StructValue<Nested>
    : number
}

/** The value in `bytes`, which hold exactly one such structure. */
export function decodeStruct<Name extends StructName>(
  name: Name,
  bytes: Uint8Array,
): StructValue<Name> {
  const table: StructTable = structs[name]
  if (bytes.length !== table.bytes)
    throw new RangeError(`${name} takes ${table.bytes} bytes, not ${bytes.length}`)
  const value: Record<string, unknown> = {}
  for (const [key, { offset, type }] of Object.entries(table.fields))
    value[key] = decodeField(type, bytes.subarray(offset, offset + sizeOf(type)))
  return value as StructValue<Name>
}

/** The bytes of a structure, padding being 0. */
export function encodeStruct<Name extends StructName>(
  name: Name,
  value: StructValue<Name>,
): Uint8Array<ArrayBuffer> {
  const table: StructTable = structs[name]
  const bytes = new Uint8Array(table.bytes)
  const values = value as Readonly<Record<string, unknown>>
  for (const [key, { offset, type }] of Object.entries(table.fields))
    bytes.set(encodeField(type, values[key]), offset)
  return bytes
}

function decodeField(type: CType, bytes: Uint8Array): unknown {
  const nested = nestedName(type)
  if (nested !== undefined) return decodeStruct(nested, bytes)
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0)
}

function encodeField(type: CType, value: unknown): Uint8Array {
  const nested = nestedName(type)
  if (nested !== undefined) return encodeStruct(nested, value as StructValue<StructName>)
  const bytes = new Uint8Array(sizeOf(type))
  let rest = value as number
  for (let i = 0; i < bytes.length; i++, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}

function nestedName(type: CType): StructName | undefined {
  return structOf(type) === undefined ? undefined : (type.slice('struct '.length) as StructName)
}

function wordBytes(type: CType): number {
  const isWord = type.endsWith('*') || (handleNames as readonly string[]).includes(type)
  const name = /^enum (\w+)$/.exec(type)?.[1]
  const fromEnum =
    name !== undefined && Object.hasOwn(enums, name)
      ? (enums[name as EnumName] as EnumTable).bytes
      : undefined
  const bytes = isWord ? 4 : (fromEnum ?? scalarBytes[type])
  if (bytes === undefined) throw new RangeError(`no type ${type} in the tables`)
  return bytes
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
