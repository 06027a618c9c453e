/**
 * Reads what the structures of a request point at. Once anything could not be read, or there was more
 * than the request may have, it goes on with nothing, and the caller asks at the end.
 */
import type { StructName, StructValue } from '@microvisor/protocol'
import { structs } from '@microvisor/protocol'
import type { ApplicationMemory } from './application-memory.ts'

const NOTHING = new Uint8Array(0)

export class PointedReader {
  readonly #memory: ApplicationMemory
  #bytesLeft: number
  #isFaulty = false

  constructor(memory: ApplicationMemory, bytesMax: number) {
    this.#memory = memory
    this.#bytesLeft = bytesMax
  }

  /** Something lies where the application may not read. */
  get isFaulty(): boolean {
    return this.#isFaulty
  }

  /** All of it together is too long. */
  get isTooLong(): boolean {
    return this.#bytesLeft < 0
  }

  bytes({ data, length }: StructValue<'MvSizedString'>): Uint8Array {
    if (!this.#memory.isReadable(data, length)) this.#isFaulty = true
    if (this.isFaulty || this.isTooLong) return NOTHING
    this.#bytesLeft -= length
    return this.isTooLong ? NOTHING : (this.#memory.read(data, length) ?? NOTHING)
  }

  array<Name extends StructName>(name: Name, address: number, count: number): StructValue<Name>[] {
    const { bytes } = structs[name]
    const isReadable = this.#memory.isReadable(address, count * bytes)
    if (!isReadable) this.#isFaulty = true
    if (this.isFaulty) return []
    return Array.from(
      { length: count },
      (_, i) => this.#memory.readStruct(name, address + i * bytes)!,
    )
  }

  /** Where 0 means that there is none. */
  optional<Name extends StructName>(name: Name, address: number): StructValue<Name> | undefined {
    return address === 0 ? undefined : this.array(name, address, 1)[0]
  }
}
