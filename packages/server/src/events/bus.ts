/**
 * Messages between parts of the cloud that may run in different processes: what happened on a device,
 * and that somebody should look at its row again. Fire and forget: whoever misses a message finds the
 * truth in the database. Messages are plain JSON, so that a broker can carry them.
 */
import type { DeviceEvent } from '@microvisor/api'

export interface Topic<Message> {
  readonly subject: string
  /** Never there; ties the message's type to the topic. */
  readonly message?: Message
}

export interface Bus {
  publish<M>(topic: Topic<M>, message: M): void
  /** Returns what ends the subscription. */
  subscribe<M>(topic: Topic<M>, receive: (message: M) => void): () => void
  /** Resolves once nothing that happens in other processes is missed. */
  settle(): Promise<void>
  /** Messages may have been lost until now. Returns what ends it. */
  onReturn(listen: () => void): () => void
  readonly isConnected: boolean
  close(): Promise<void>
}

export type DeviceNotice =
  /** Target, logging or a restart: what the device should be told may have changed. */
  | { readonly kind: 'changed' }
  /** Ask it to attest; the answer goes to `deviceAttestations`. */
  | { readonly kind: 'attest'; readonly nonce: string }
  /** The device is no more. */
  | { readonly kind: 'removed' }
  /** The device has a new connection; any other is to end. */
  | { readonly kind: 'connected'; readonly connection: string }
  /** Somebody on another server wants to debug the device on this connection, through this pipe. */
  | {
      readonly kind: 'debug'
      readonly connection: string
      readonly pipe: string
      readonly holder: string
    }
  /** Its debug session is to end; by whose wish. */
  | { readonly kind: 'debug-end'; readonly by: string }

/** What people see of a device. */
export function deviceEvents(deviceSid: string): Topic<DeviceEvent> {
  return { subject: `device.${deviceSid}.events` }
}

/** What the server parts tell each other about a device. */
export function deviceNotices(deviceSid: string): Topic<DeviceNotice> {
  return { subject: `device.${deviceSid}.notices` }
}

/** To those who read an account's events from the database. */
export type EventNotice =
  /** There are new ones. */
  { readonly kind: 'written' }

export function eventNotices(accountSid: string): Topic<EventNotice> {
  return { subject: `account.${accountSid}.events` }
}

/** A device's answer: its token, and the certificate that it has shown. Both base64url. */
export interface AttestationAnswer {
  readonly token: string
  readonly certificate: string
}

export function deviceAttestations(deviceSid: string): Topic<AttestationAnswer> {
  return { subject: `device.${deviceSid}.attestations` }
}

type Receive = (message: unknown) => void

/** The bus of a server that is one process. */
export class ProcessBus implements Bus {
  readonly isConnected = true
  readonly #receivers = new Map<string, Set<Receive>>()

  publish<M>({ subject }: Topic<M>, message: M): void {
    for (const receive of this.#receivers.get(subject) ?? []) receive(message)
  }

  subscribe<M>({ subject }: Topic<M>, receive: (message: M) => void): () => void {
    // The topic's type is what `publish` lets through.
    const own: Receive = (message) => receive(message as M)
    const receivers = this.#receivers.get(subject) ?? new Set()
    this.#receivers.set(subject, receivers.add(own))
    return () => {
      receivers.delete(own)
      if (receivers.size === 0 && this.#receivers.get(subject) === receivers)
        this.#receivers.delete(subject)
    }
  }

  async settle(): Promise<void> {}

  onReturn(): () => void {
    return () => undefined
  }

  async close(): Promise<void> {}
}
