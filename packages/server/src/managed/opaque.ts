/** The endpoints of opaque channels (protocol's channel-endpoints.ts). */
import { setTimeout as sleep } from 'node:timers/promises'
import { LOG_LINE_BYTES_MAX } from '@microvisor/protocol'
import type { Pace } from '../gateway/pace.ts'
import type { ChannelCarrier, ChannelService } from './service.ts'

/** What comes back waits here at most so long as the device lets it. */
const WAITING_BYTES_MAX = 65_536

export class EchoService implements ChannelService {
  readonly #carrier: ChannelCarrier
  #resume: () => void = () => undefined

  constructor(carrier: ChannelCarrier) {
    this.#carrier = carrier
  }

  async bytes(data: Uint8Array): Promise<void> {
    this.#carrier.sendBytes(data)
    if (this.#carrier.waitingBytes < WAITING_BYTES_MAX) return
    await new Promise<void>((resolve) => {
      this.#resume = resolve
    })
  }

  drained(): void {
    this.#resume()
  }

  end(): void {
    this.#resume()
  }
}

const NEWLINE = 0x0a

/** Lines of text become log lines; one that does not end in time is cut. */
export class LogLineService implements ChannelService {
  readonly #pace: Pace
  readonly #tell: (line: Uint8Array) => void
  #line: number[] = []

  constructor(pace: Pace, tell: (line: Uint8Array) => void) {
    this.#pace = pace
    this.#tell = tell
  }

  async bytes(data: Uint8Array): Promise<void> {
    for (const byte of data) {
      if (byte !== NEWLINE) this.#line.push(byte)
      if (byte === NEWLINE || this.#line.length === LOG_LINE_BYTES_MAX) this.#flush()
    }
    const waitMs = this.#pace.take(data.length)
    if (waitMs > 0) await sleep(waitMs)
  }

  end(): void {
    if (this.#line.length > 0) this.#flush()
  }

  #flush(): void {
    this.#tell(Uint8Array.from(this.#line))
    this.#line = []
  }
}
