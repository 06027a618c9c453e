/**
 * A way to the cloud that breaks off between two frames of the link: after so many, counted in one
 * direction over all connections, everything that follows is lost and both sides see the connection
 * end. Once, or again and again.
 */
import { FrameDecoder } from '@microvisor/protocol'
import type { Connection, ConnectionEvents, Dialer } from '../hardware/network.ts'

export interface Cut {
  readonly direction: 'up' | 'down'
  /** The frame after which the connection breaks off; it still arrives. */
  readonly afterFrame: number
}

export class CuttingDialer implements Dialer {
  readonly #dialer: Dialer
  readonly #cut: Cut | undefined
  readonly frames = { up: 0, down: 0 }
  cuts = 0

  constructor(dialer: Dialer, cut: Cut | undefined) {
    this.#dialer = dialer
    this.#cut = cut
  }

  connect(events: ConnectionEvents): Connection {
    const decoders = { up: new FrameDecoder(), down: new FrameDecoder() }
    let isOver = false
    const end = () => {
      isOver = true
      connection.destroy()
      events.closed('cut')
    }
    const count = (direction: 'up' | 'down', bytes: Uint8Array) => {
      this.frames[direction] += decoders[direction].push(bytes).frames.length
      return this.#isDue(direction)
    }
    const connection = this.#dialer.connect({
      ...events,
      received(bytes) {
        if (isOver) return
        events.received(bytes)
        if (count('down', bytes)) end()
      },
      closed(reason) {
        if (!isOver) events.closed(reason)
      },
    })
    return {
      get pendingBytes() {
        return connection.pendingBytes
      },
      send(bytes) {
        if (isOver) return
        const isLast = count('up', bytes)
        connection.send(bytes)
        if (isLast) end()
      },
      setReceiving: (isReceiving) => connection.setReceiving(isReceiving),
      end: () => connection.end(),
      destroy() {
        isOver = true
        connection.destroy()
      },
    }
  }

  #isDue(direction: 'up' | 'down'): boolean {
    const { frames } = this
    if (this.cuts > 0 || direction !== this.#cut?.direction) return false
    if (frames[direction] < this.#cut.afterFrame) return false
    this.cuts++
    return true
  }
}
