/** People who listen to devices: one feed for each, ended with the device or the server. */
import { type DeviceEvent, Problem } from '@microvisor/api'
import { type Bus, deviceEvents, deviceNotices } from './bus.ts'
import { Feed } from './feed.ts'

export class Listeners {
  readonly #bus: Bus
  readonly #limits: { readonly listenersPerDevice: number; readonly eventsPerListener: number }
  readonly #feeds = new Map<string, Set<Feed<DeviceEvent>>>()

  constructor(bus: Bus, limits: { listenersPerDevice: number; eventsPerListener: number }) {
    this.#bus = bus
    this.#limits = limits
  }

  async open(deviceSid: string): Promise<Feed<DeviceEvent>> {
    const feeds = this.#feeds.get(deviceSid) ?? new Set()
    const { listenersPerDevice, eventsPerListener } = this.#limits
    if (feeds.size >= listenersPerDevice)
      throw new Problem(
        'TOO_MANY_LISTENERS',
        `Device ${deviceSid} has ${feeds.size} listeners; ${listenersPerDevice} are allowed.`,
      )
    const feed = new Feed<DeviceEvent>(eventsPerListener, () => {
      for (const stop of stops) stop()
      feeds.delete(feed)
      if (feeds.size === 0) this.#feeds.delete(deviceSid)
    })
    const stops = [
      this.#bus.subscribe(deviceEvents(deviceSid), (event) => feed.push(event)),
      this.#bus.subscribe(deviceNotices(deviceSid), ({ kind }) => {
        if (kind === 'removed') feed.end()
      }),
    ]
    this.#feeds.set(deviceSid, feeds.add(feed))
    await this.#bus.settle()
    return feed
  }

  endAll(): void {
    for (const feeds of [...this.#feeds.values()]) for (const feed of [...feeds]) feed.end()
  }
}
