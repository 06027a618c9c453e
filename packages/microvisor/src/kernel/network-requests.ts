/**
 * The application's requests for the network: one handle each, counted together.
 *
 * NEVERUSEDNETWORKAPI stands until the application's first request. From then on it decides, by
 * holding at least one request or none, together with the kernel's own reasons (connectivity.ts).
 */
import { EventType } from '@microvisor/protocol'
import { type Handles, HandleTable } from './handles.ts'
import type { Notifications } from './notifications.ts'

export const NETWORK_REQUESTS_MAX = 16

interface NetworkRequest {
  readonly center: number
  readonly tag: number
}

export class NetworkRequests {
  readonly #notifications: Notifications
  readonly #requests: HandleTable<NetworkRequest>
  #hasEverRequested = false

  constructor(handles: Handles, notifications: Notifications) {
    this.#requests = new HandleTable(handles)
    this.#notifications = notifications
  }

  get count(): number {
    return this.#requests.size
  }

  get hasEverRequested(): boolean {
    return this.#hasEverRequested
  }

  has(handle: number): boolean {
    return this.#requests.get(handle) !== undefined
  }

  add(request: NetworkRequest): number {
    this.#hasEverRequested = true
    return this.#requests.add(request)
  }

  release(handle: number): boolean {
    return this.#requests.remove(handle)
  }

  statusChanged(): void {
    for (const { center, tag } of this.#requests.values()) {
      this.#notifications.emit(center, EventType.NETWORKSTATUSCHANGED, tag)
    }
  }

  /** The application had taken the network into its own hands before it slept. */
  resume(): void {
    this.#hasEverRequested = true
  }

  /** The application has stopped. */
  reset(): void {
    this.#requests.clear()
    this.#hasEverRequested = false
  }
}
