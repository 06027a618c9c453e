/** Reads claims by the names of a table. A claim that is missing or of another type is an error. */
import { HASH_BYTES } from '../digest.ts'
import { LAYERS_MAX } from '../limits.ts'
import { malformed } from './attestation-error.ts'
import type { CborMap, CborValue } from './cbor.ts'
import type { ClaimFacts } from './claims.ts'

export class ClaimReader<Table extends Readonly<Record<string, ClaimFacts>>> {
  readonly #of: string
  readonly #map: CborMap
  readonly #table: Table

  constructor(of: string, map: CborValue | undefined, table: Table) {
    if (!(map instanceof Map)) throw malformed(`${of} has no claims`)
    this.#of = of
    this.#map = map
    this.#table = table
  }

  wrong(name: keyof Table): never {
    const { label, type } = this.#table[name]!
    throw malformed(
      `claim ${label} of ${this.#of} (${String(name)}) is not the ${type} it should be`,
    )
  }

  has(name: keyof Table): boolean {
    return this.#map.has(this.#table[name]!.label)
  }

  #get(name: keyof Table): CborValue | undefined {
    return this.#map.get(this.#table[name]!.label)
  }

  uint(name: keyof Table): number {
    const value = this.#get(name)
    return typeof value === 'number' && value >= 0 ? value : this.wrong(name)
  }

  bool(name: keyof Table): boolean {
    const value = this.#get(name)
    return typeof value === 'boolean' ? value : this.wrong(name)
  }

  text(name: keyof Table): string {
    const value = this.#get(name)
    return typeof value === 'string' ? value : this.wrong(name)
  }

  oneOf<Word extends string>(name: keyof Table, words: readonly Word[]): Word {
    const text = this.text(name)
    return words.find((word) => word === text) ?? this.wrong(name)
  }

  bytes(name: keyof Table): Uint8Array {
    const value = this.#get(name)
    return value instanceof Uint8Array ? value : this.wrong(name)
  }

  hash(name: keyof Table): Uint8Array {
    const value = this.bytes(name)
    return isHash(value) ? value : this.wrong(name)
  }

  array(name: keyof Table): readonly CborValue[] {
    const value = this.#get(name)
    return Array.isArray(value) && value.length <= LAYERS_MAX ? value : this.wrong(name)
  }

  map(name: keyof Table): CborMap {
    const value = this.#get(name)
    return value instanceof Map ? value : this.wrong(name)
  }
}

export function isHash(value: CborValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === HASH_BYTES
}
