/** Reads a device's events one by one. */
import { type Client, type DeviceEvent, streamDeviceLogs } from '@microvisor/api'

export class EventReader {
  readonly #events: AsyncGenerator<DeviceEvent>
  readonly #stop: AbortController

  private constructor(events: AsyncGenerator<DeviceEvent>, stop: AbortController) {
    this.#events = events
    this.#stop = stop
  }

  /** Resolves once nothing that happens is missed. */
  static async open(client: Client, Sid: string): Promise<EventReader> {
    const stop = new AbortController()
    const options = { signal: stop.signal }
    return new EventReader(
      await client.listen(streamDeviceLogs, { params: { Sid } }, options),
      stop,
    )
  }

  async next(): Promise<DeviceEvent> {
    const { value, done } = await this.#events.next()
    if (done) throw new Error('the stream has ended')
    return value
  }

  /** Resolves when the server ends the stream. */
  async ended(): Promise<void> {
    while (!(await this.#events.next()).done);
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#events.next().catch(() => undefined)
  }
}
