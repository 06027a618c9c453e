/** Requests of an MQTT channel that wait for their answer: so many of each kind, and no more. */
import { MQTT_PUBLISHES_MAX } from '@microvisor/protocol'
import type { ResponseKind } from './inbox.ts'

/** By the answer that ends the wait. */
const limits = {
  mqttSubscribed: 1,
  mqttUnsubscribed: 1,
  mqttPublished: MQTT_PUBLISHES_MAX,
  mqttDisconnected: 1,
} as const satisfies { readonly [Kind in ResponseKind]?: number }

export type AwaitedKind = keyof typeof limits

export class InFlight {
  readonly #counts = new Map<ResponseKind, number>()

  isFull(kind: AwaitedKind): boolean {
    return (this.#counts.get(kind) ?? 0) >= limits[kind]
  }

  begin(kind: AwaitedKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  /** An answer has arrived; one that nobody waits for changes nothing. */
  end(kind: ResponseKind): void {
    const count = this.#counts.get(kind) ?? 0
    if (count > 0) this.#counts.set(kind, count - 1)
  }
}
