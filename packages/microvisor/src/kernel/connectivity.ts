/**
 * Whether the device should be connected, why, and what the application is told about it.
 *
 * Reasons are bits of enum MvNetworkReason. Any of them but ENHANCECALM makes the device connect;
 * ENHANCECALM says that it pauses between two attempts. When the last reason has gone the
 * connection is kept for the manifest's grace time. With a minimum check-in time of 0 a check-in is
 * always due; otherwise it is due that long after the last connection ended. While the network is
 * away such a device may sleep between two attempts.
 */
import {
  EventType,
  NetworkReason,
  NetworkStatus,
  SystemNotificationSource,
} from '@microvisor/protocol'
import type { Clock, Network } from '../hardware.ts'
import type { Link } from './link/link.ts'
import type { NetworkRequests } from './network-requests.ts'
import type { SystemNotifications } from './system-notifications.ts'
import type { Timers } from './timers.ts'

/** The kernel's own reasons, and the installed manifest's ConnectivityPolicy. */
export interface KernelNeeds {
  readonly isTimeUnknown: boolean
  readonly isFetchingUpdate: boolean
  readonly isDebugging: boolean
  readonly hasCrashReport: boolean
  readonly hasKernelFailure: boolean
  readonly hasApplication: boolean
  readonly graceSeconds: number
  readonly checkInSeconds: number
}

export interface ConnectivityParts {
  readonly link: Link
  readonly network: Network
  readonly timers: Timers
  readonly clock: Clock
  readonly networkRequests: NetworkRequests
  readonly systemNotifications: SystemNotifications
  readonly needs: () => KernelNeeds
  /** What a device that comes out of deep sleep goes on with. */
  readonly resumed: ResumedConnectivity | undefined
}

export interface ResumedConnectivity {
  readonly isCheckInDue: boolean
  /** Until it will be. */
  readonly checkInMicroseconds: number | undefined
}

const SECOND = 1_000_000

/** What can wait until the network is back, and is a check-in then. */
const CHECK_IN_REASONS =
  NetworkReason.MINIMUMCHECKINEXPIRED | NetworkReason.RTCNOTSET | NetworkReason.COLDBOOTCONNECTION

export class Connectivity {
  readonly #parts: ConnectivityParts
  #isColdBoot = true
  #isCheckInDue = false
  #checkInAt: number | undefined
  #isInGrace = false
  #wasOpen = false
  #wasWanted = false
  #status: NetworkStatus = NetworkStatus.DELIBERATELYOFFLINE
  #cancelGrace: () => void = () => {}
  #cancelCheckIn: () => void = () => {}

  constructor(parts: ConnectivityParts) {
    this.#parts = parts
    if (parts.resumed === undefined) return
    this.#isColdBoot = false
    this.#isCheckInDue = parts.resumed.isCheckInDue
    const { checkInMicroseconds } = parts.resumed
    if (checkInMicroseconds !== undefined) this.#checkInAfter(checkInMicroseconds)
  }

  get status(): NetworkStatus {
    return this.#status
  }

  /** True unless the device is offline and means to be, or may sleep until it tries to check in again. */
  get isActive(): boolean {
    const { link } = this.#parts
    if (link.phase === 'offline' && this.#status === NetworkStatus.DELIBERATELYOFFLINE) return false
    return this.#retryMicroseconds === undefined
  }

  /** Microseconds until the next check-in, or until one that failed is tried again. */
  get checkInMicroseconds(): number | undefined {
    const at = this.#checkInAt
    if (at === undefined) return this.#retryMicroseconds
    return Math.max(0, at - this.#parts.clock.microseconds())
  }

  /** A device with a check-in time whose network is away need not stay awake for it. */
  get #retryMicroseconds(): number | undefined {
    const { link, needs } = this.#parts
    const isOnlyCheckIn = (this.#wanting() & ~CHECK_IN_REASONS) === 0
    if (needs().checkInSeconds === 0 || !this.#wasWanted || !isOnlyCheckIn) return undefined
    return link.calmMicroseconds
  }

  get reasons(): number {
    const calm = this.#parts.link.phase === 'pausing' ? NetworkReason.ENHANCECALM : 0
    return this.#wanting() | calm
  }

  /** Welcome has come. */
  connected(): void {
    this.#isColdBoot = false
    this.#isCheckInDue = false
    this.#checkInAt = undefined
    this.#cancelCheckIn()
  }

  /** Brings link, timers and notifications in line with the reasons of the moment. */
  update(): void {
    const { link } = this.#parts
    this.#followReasons()
    link.want(this.#wasWanted || this.#isInGrace)
    link.poll()
    if (this.#wasOpen && !link.isOpen) this.#startCheckIn()
    this.#wasOpen = link.isOpen
    this.#tellStatus()
  }

  #followReasons(): void {
    const isWanted = this.#wanting() !== 0
    if (isWanted) {
      this.#cancelGrace()
      this.#isInGrace = false
    } else if (this.#wasWanted && this.#parts.link.isOpen) this.#startGrace()
    this.#wasWanted = isWanted
  }

  #wanting(): number {
    const { networkRequests: requests, needs } = this.#parts
    const needed = needs()
    const { isTimeUnknown, isFetchingUpdate, hasCrashReport, hasApplication } = needed
    const { checkInSeconds, isDebugging, hasKernelFailure } = needed
    const isCheckInDue = this.#isCheckInDue || checkInSeconds === 0
    let bits: number = NetworkReason.NOTCONNECTING
    if (requests.count > 0) bits |= NetworkReason.USINGNETWORK
    if (!requests.hasEverRequested) bits |= NetworkReason.NEVERUSEDNETWORKAPI
    if (isCheckInDue) bits |= NetworkReason.MINIMUMCHECKINEXPIRED
    if (isTimeUnknown) bits |= NetworkReason.RTCNOTSET
    if (hasKernelFailure) bits |= NetworkReason.KERNELERROR
    if (hasCrashReport) bits |= NetworkReason.APPLICATIONERROR
    if (this.#isColdBoot) bits |= NetworkReason.COLDBOOTCONNECTION
    if (isDebugging) bits |= NetworkReason.DEBUGGERATTACHED
    if (isFetchingUpdate) bits |= NetworkReason.FETCHINGUPDATE
    if (!hasApplication) bits |= NetworkReason.NOAPPLICATIONCODE
    return bits
  }

  #startGrace(): void {
    const { graceSeconds } = this.#parts.needs()
    if (graceSeconds === 0) return
    this.#isInGrace = true
    this.#cancelGrace = this.#parts.timers.after(graceSeconds * SECOND, () => {
      this.#isInGrace = false
    })
  }

  #startCheckIn(): void {
    const { checkInSeconds } = this.#parts.needs()
    if (checkInSeconds === 0) return
    this.#checkInAfter(checkInSeconds * SECOND)
  }

  #checkInAfter(microseconds: number): void {
    this.#cancelCheckIn()
    this.#checkInAt = this.#parts.clock.microseconds() + microseconds
    this.#cancelCheckIn = this.#parts.timers.after(microseconds, () => {
      this.#isCheckInDue = true
      this.#checkInAt = undefined
    })
  }

  #tellStatus(): void {
    const status = this.#presentStatus()
    if (status === this.#status) return
    this.#status = status
    const { networkRequests, systemNotifications } = this.#parts
    networkRequests.statusChanged()
    systemNotifications.emit(SystemNotificationSource.NETWORK, EventType.NETWORKSTATUSCHANGED)
  }

  #presentStatus(): NetworkStatus {
    const { link, network } = this.#parts
    if (link.isOpen) return NetworkStatus.CONNECTED
    if (!this.#wasWanted && !this.#isInGrace) return NetworkStatus.DELIBERATELYOFFLINE
    const isPausing = link.phase === 'pausing' || link.phase === 'closing'
    return isPausing && network.state !== 'down'
      ? NetworkStatus.DISCONNECTEDWITHLINKUP
      : NetworkStatus.CONNECTING
  }
}
