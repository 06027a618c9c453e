/**
 * Signed messages with one field changed at a time: every field that their schema has, found there and
 * not listed by hand. What is a list loses and changes an element; what is a message is also left out.
 */
import {
  clone,
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
} from '@bufbuild/protobuf'
import { equalBytes } from '../digest.ts'
import { AppManifestSchema, KernelManifestSchema, NewKeysSchema } from '../generated/bundle_pb.js'

const schemas = {
  application: AppManifestSchema,
  kernel: KernelManifestSchema,
  keys: NewKeysSchema,
} as const

export interface MutatedField {
  /** As `body.layers.0.fetchHash`. */
  readonly path: string
  /** Encoded; undefined: the message does not have this field, or it is empty already. */
  readonly bytes: Uint8Array | undefined
}

type Fields = Record<string, unknown>

interface Edit {
  readonly path: string
  readonly apply: ((root: Message) => void) | undefined
}

/** Throws unless the message comes out of its schema as it went in. */
export function mutatedFields(kind: keyof typeof schemas, bytes: Uint8Array): MutatedField[] {
  const schema: DescMessage = schemas[kind]
  const root = fromBinary(schema, bytes)
  if (!equalBytes(toBinary(schema, root), bytes))
    throw new Error('The message is not as its schema would write it.')
  return editsOf(schema, root as unknown as Fields, (message) => message as unknown as Fields).map(
    ({ path, apply }) => {
      if (apply === undefined) return { path, bytes: undefined }
      const copy = clone(schema, root)
      apply(copy)
      const mutated = toBinary(schema, copy)
      return { path, bytes: equalBytes(mutated, bytes) ? undefined : mutated }
    },
  )
}

function editsOf(
  schema: DescMessage,
  message: Fields,
  find: (root: Message) => Fields,
  prefix = '',
): Edit[] {
  return schema.fields.flatMap((field) => {
    const holder = (fields: Fields) =>
      field.oneof === undefined ? fields : (fields[field.oneof.localName] as Fields)
    const name = field.oneof === undefined ? field.localName : 'value'
    const path = prefix + field.localName
    const isThere = field.oneof === undefined || holder(message).case === field.localName
    const value = isThere ? holder(message)[name] : undefined
    if (value === undefined) return [{ path, apply: undefined }]
    const at = (root: Message) => holder(find(root))
    return editsOfValue(field, { value, at, name, path })
  })
}

interface Place {
  readonly value: unknown
  readonly at: (root: Message) => Fields
  readonly name: string
  readonly path: string
}

function editsOfValue(field: DescField, { value, at, name, path }: Place): Edit[] {
  if (field.fieldKind !== 'list' || !Array.isArray(value))
    return [
      { path, apply: set(at, name, changed(value, field.message)) },
      ...inside(field.message, value, (root) => at(root)[name] as Fields, path),
    ]
  const list = (root: Message) => at(root)[name] as unknown[]
  if (value.length === 0) return [{ path, apply: undefined }]
  return value.flatMap((element, i) => [
    { path: `${path}.${i} left out`, apply: (root) => void list(root).splice(i, 1) },
    {
      path: `${path}.${i}`,
      apply: set(list, i, changed(element, field.message)),
    },
    ...inside(field.message, element, (root) => list(root)[i] as Fields, `${path}.${i}`),
  ])
}

function inside(
  schema: DescMessage | undefined,
  value: unknown,
  find: (root: Message) => Fields,
  path: string,
): Edit[] {
  return schema === undefined ? [] : editsOf(schema, value as Fields, find, `${path}.`)
}

function set<Key extends string | number>(
  find: (root: Message) => Record<Key, unknown>,
  key: Key,
  value: unknown,
): (root: Message) => void {
  return (root) => {
    find(root)[key] = value
  }
}

/** Another value of the same type; a message is emptied. */
function changed(value: unknown, schema: DescMessage | undefined): unknown {
  if (schema !== undefined) return create(schema)
  if (typeof value === 'number') return value + 1
  if (typeof value === 'bigint') return value ^ 1n
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return `${value}!`
  if (!(value instanceof Uint8Array)) throw new Error(`${value} is of no known type.`)
  const at = value.length >> 1
  return value.length === 0
    ? Uint8Array.of(1)
    : value.map((byte, i) => (i === at ? byte ^ 1 : byte))
}
