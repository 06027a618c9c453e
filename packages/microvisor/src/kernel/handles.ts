/**
 * Handles: what the application holds instead of kernel objects. Random, so that an old or guessed
 * one is refused; never 0; each knows what kind of object it stands for.
 */
import type { Random } from './random.ts'

export class Handles {
  readonly #random: Random
  readonly #kinds = new Map<number, HandleTable<unknown>>()

  constructor(random: Random) {
    this.#random = random
  }

  /** A handle that no table uses. */
  issue(table: HandleTable<unknown>): number {
    let handle: number
    do handle = this.#random.word()
    while (handle === 0 || this.#kinds.has(handle))
    this.#kinds.set(handle, table)
    return handle
  }

  withdraw(handle: number): void {
    this.#kinds.delete(handle)
  }
}

/** The objects of one kind, by handle. */
export class HandleTable<T> {
  readonly #handles: Handles
  readonly #objects = new Map<number, T>()

  constructor(handles: Handles) {
    this.#handles = handles
  }

  get size(): number {
    return this.#objects.size
  }

  get(handle: number): T | undefined {
    return this.#objects.get(handle)
  }

  values(): Iterable<T> {
    return this.#objects.values()
  }

  add(object: T): number {
    const handle = this.#handles.issue(this as HandleTable<unknown>)
    this.#objects.set(handle, object)
    return handle
  }

  /** False if there was no such handle. */
  remove(handle: number): boolean {
    if (!this.#objects.delete(handle)) return false
    this.#handles.withdraw(handle)
    return true
  }

  clear(): void {
    for (const handle of this.#objects.keys()) this.#handles.withdraw(handle)
    this.#objects.clear()
  }
}
