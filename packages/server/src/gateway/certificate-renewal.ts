/**
 * Renewal of a device's certificate over its own connection: ordered when a third of its life is left,
 * or when it has ended, which is no reason to turn a device away. One order a connection; a device that
 * does not keep what it got is asked again at the next.
 */
import type { X509Certificate } from 'node:crypto'
import { Problem } from '@microvisor/api'
import type { FrameInit } from '@microvisor/protocol'
import type { Logger } from 'pino'
import type { DeviceIdentity } from '../devices/reports.ts'
import type { DeviceCertificates } from '../keys/device-certificates.ts'
import { protocolError } from './link-failure.ts'

/** The share of its life that is left when it is renewed. */
const LEFT = 1 / 3
/** The longest that a timer of Node's can wait. */
const TIMER_MS_MAX = 2_147_483_647

export interface RenewalParts {
  readonly device: DeviceIdentity
  /** Milliseconds since 1970. */
  readonly renewAt: number
  /** What the device has shown. */
  readonly shown: () => X509Certificate | undefined
  readonly certificates: Pick<DeviceCertificates, 'renew'>
  readonly log: Logger
  readonly send: (body: FrameInit) => Promise<void>
}

export class CertificateRenewal {
  readonly #parts: RenewalParts
  #isOrdered = false
  #timer: NodeJS.Timeout | undefined

  constructor(parts: RenewalParts) {
    this.#parts = parts
  }

  /** The device is welcome, and has said that it knows what an order is. */
  async begin(): Promise<void> {
    const { renewAt, send } = this.#parts
    const waitMs = renewAt - Date.now()
    if (waitMs > 0) {
      this.#timer = setTimeout(() => void this.begin(), Math.min(waitMs, TIMER_MS_MAX)).unref()
      return
    }
    this.#isOrdered = true
    await send({ case: 'certificateOrder', value: {} })
  }

  /** Throws LinkFailure for a request that nobody asked for. */
  async take(request: Uint8Array): Promise<void> {
    const { device, shown, certificates, log, send } = this.#parts
    const certificate = shown()
    if (!this.#isOrdered || certificate === undefined)
      throw protocolError('A certificate request that was not ordered.')
    this.#isOrdered = false
    try {
      const made = await certificates.renew(device, request, certificate)
      log.info({ event: 'certificate renewed', device: device.sid, expires: made.expiresAt })
      await send({ case: 'certificate', value: { certificate: made.der } })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      log.warn({ event: 'certificate not renewed', device: device.sid, reason: error.message })
    }
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

/** When to renew, in milliseconds since 1970. */
export function dueOf({ validFromDate, validToDate }: X509Certificate): number {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()]
  return to - (to - from) * LEFT
}
