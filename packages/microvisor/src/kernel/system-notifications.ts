/** Subscriptions to events that no request of the application stands behind: network and updates. */
import { type Handles, HandleTable } from './handles.ts'
import type { Notifications } from './notifications.ts'

export const SYSTEM_NOTIFICATIONS_MAX = 32

interface Subscription {
  readonly center: number
  readonly tag: number
  /** SystemNotificationSource. */
  readonly source: number
}

export class SystemNotifications {
  readonly #notifications: Notifications
  readonly #subscriptions: HandleTable<Subscription>

  constructor(handles: Handles, notifications: Notifications) {
    this.#subscriptions = new HandleTable(handles)
    this.#notifications = notifications
  }

  get count(): number {
    return this.#subscriptions.size
  }

  has(handle: number): boolean {
    return this.#subscriptions.get(handle) !== undefined
  }

  open(subscription: Subscription): number {
    return this.#subscriptions.add(subscription)
  }

  close(handle: number): boolean {
    return this.#subscriptions.remove(handle)
  }

  emit(source: number, eventType: number): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.source !== source) continue
      this.#notifications.emit(subscription.center, eventType, subscription.tag)
    }
  }

  /** The application has stopped. */
  reset(): void {
    this.#subscriptions.clear()
  }
}
