/**
 * The application's channels: at most four, and eight opens before there has to be a second's rest.
 */
import { CHANNELS_MAX, type ChannelType, Status } from '@microvisor/protocol'
import type { Clock } from '../../hardware.ts'
import { type Handles, HandleTable } from '../handles.ts'
import { WindowLimit } from '../rate-limit.ts'
import type { BufferPlace } from './buffer-ring.ts'
import { Channel, type ChannelParts, type ChannelSetup } from './channel.ts'

const OPENS_PER_SECOND = 8

export class Channels {
  readonly #parts: ChannelParts
  readonly #channels: HandleTable<Channel>
  readonly #opens: WindowLimit

  constructor(parts: ChannelParts & { readonly handles: Handles; readonly clock: Clock }) {
    this.#parts = parts
    this.#channels = new HandleTable(parts.handles)
    this.#opens = new WindowLimit(parts.clock, OPENS_PER_SECOND)
  }

  /** The handle of a new channel goes to `opened`. */
  open(setup: ChannelSetup, opened: (handle: number) => void) {
    if (!this.#parts.link.isOpen) return Status.NETWORKNOTCONNECTED
    if (!this.#opens.take()) return Status.RATELIMITED
    if (this.#channels.size >= CHANNELS_MAX) return Status.TOOMANYCHANNELS
    const channel = new Channel(this.#parts, setup)
    if (!channel.open()) return Status.UNAVAILABLE
    opened(this.#channels.add(channel))
    return Status.OKAY
  }

  get(handle: number): Channel | undefined {
    return this.#channels.get(handle)
  }

  /** A handle of another type is as good as none. */
  find(handle: number, type: ChannelType): Channel | undefined {
    const channel = this.#channels.get(handle)
    return channel?.setup.type === type ? channel : undefined
  }

  close(handle: number): boolean {
    this.#channels.get(handle)?.close()
    return this.#channels.remove(handle)
  }

  /** True if an open channel uses memory of this range. */
  overlaps(address: number, length: number): boolean {
    for (const { setup } of this.#channels.values()) {
      if (areOverlapping(setup.receive, { address, bytes: length })) return true
      if (areOverlapping(setup.send, { address, bytes: length })) return true
    }
    return false
  }

  /** The link has room again. */
  pump(): void {
    for (const channel of this.#channels.values()) channel.pump()
  }

  /** The application has stopped. */
  reset(): void {
    for (const channel of this.#channels.values()) channel.close()
    this.#channels.clear()
  }
}

export function areOverlapping(a: BufferPlace, b: BufferPlace): boolean {
  return a.address < b.address + b.bytes && b.address < a.address + a.bytes
}
