/**
 * Notification centers: circular buffers of 16-byte records in application memory, each with an
 * interrupt that says that something was added.
 *
 * The kernel cannot know what was read: when a ring is full the oldest record is overwritten.
 */
import type { ApplicationWorld, Clock } from '../hardware.ts'
import { type ApplicationMemory, words } from './application-memory.ts'
import { type Handles, HandleTable } from './handles.ts'

export const NOTIFICATION_BYTES = 16
export const CENTERS_MAX = 32

const WORD = 0x1_0000_0000

export interface Center {
  readonly irq: number
  readonly buffer: number
  readonly bufferBytes: number
}

interface Ring extends Center {
  next: number
}

export interface NotificationParts {
  readonly world: ApplicationWorld
  readonly memory: ApplicationMemory
  readonly clock: Clock
  readonly handles: Handles
}

export class Notifications {
  readonly #parts: NotificationParts
  readonly #rings: HandleTable<Ring>

  constructor(parts: NotificationParts) {
    this.#parts = parts
    this.#rings = new HandleTable(parts.handles)
  }

  get count(): number {
    return this.#rings.size
  }

  has(handle: number): boolean {
    return this.#rings.get(handle) !== undefined
  }

  /** True if no other center uses the interrupt and non-secure code may. */
  isInterruptFree(irq: number): boolean {
    for (const ring of this.#rings.values()) if (ring.irq === irq) return false
    return this.#parts.world.isInterruptAvailable(irq)
  }

  overlaps(address: number, length: number): boolean {
    for (const { buffer, bufferBytes } of this.#rings.values()) {
      if (address < buffer + bufferBytes && buffer < address + length) return true
    }
    return false
  }

  open(center: Center): number {
    return this.#rings.add({ ...center, next: 0 })
  }

  /** What still refers to the center goes on; its notifications are dropped. */
  close(handle: number): boolean {
    return this.#rings.remove(handle)
  }

  /** Adds a record and pends the interrupt. False if there is no such center (any more). */
  emit(handle: number, eventType: number, tag: number): boolean {
    const ring = this.#rings.get(handle)
    if (ring === undefined) return false
    const { clock, memory, world } = this.#parts
    const now = clock.microseconds()
    const record = words(now % WORD, Math.floor(now / WORD), eventType, tag)
    memory.write(ring.buffer + ring.next, record)
    ring.next = (ring.next + NOTIFICATION_BYTES) % ring.bufferBytes
    world.pendInterrupt(ring.irq)
    return true
  }

  /** The application has stopped: its centers are gone. */
  reset(): void {
    this.#rings.clear()
  }
}
