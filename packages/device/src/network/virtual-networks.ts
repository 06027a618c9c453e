/**
 * The networks around a virtual device: which interface carries the connection to the cloud, and
 * how well. The device uses the first that is up, in the order Ethernet, Wi-Fi, cellular; Wi-Fi is
 * up once its credentials, which the kernel gives, are those of an access point in range.
 *
 * When another interface takes over, or none is left, the connection breaks as it would.
 */
import type { WifiCredentials } from '@microvisor/microvisor'
import {
  type AccessPoint,
  checkInterface,
  type InterfaceConditions,
  type InterfaceName,
  interfaceNames,
  type NetworkConditions,
} from './conditions.ts'

export interface NetworkEvents {
  /** `undefined`: there is no link. */
  activeChanged(active: InterfaceName | undefined): void
}

export class VirtualNetworks {
  #conditions: NetworkConditions
  #credentials: WifiCredentials | undefined
  readonly #events: NetworkEvents
  #active: InterfaceName | undefined

  constructor(conditions: NetworkConditions, events: NetworkEvents) {
    this.#conditions = conditions
    this.#events = events
    this.#active = this.#best
  }

  get conditions(): NetworkConditions {
    return this.#conditions
  }

  /** The interface in use. */
  get active(): InterfaceName | undefined {
    return this.#active
  }

  /** Conditions on the way to the cloud, if there is one. */
  get way(): InterfaceConditions | undefined {
    return this.#active && this.#conditions.interfaces[this.#active]
  }

  /** Changes one interface. Throws DeviceError for a value that is out of range. */
  set(name: InterfaceName, change: Partial<InterfaceConditions>): void {
    const { interfaces, accessPoints } = this.#conditions
    const changed = { ...interfaces[name], ...change }
    checkInterface(name, changed)
    this.replace({ interfaces: { ...interfaces, [name]: changed }, accessPoints })
  }

  setAccessPoints(accessPoints: readonly AccessPoint[]): void {
    this.replace({ ...this.#conditions, accessPoints })
  }

  replace(conditions: NetworkConditions): void {
    this.#conditions = conditions
    this.#settle()
  }

  /** The kernel's Wi-Fi network. */
  joinWifi(credentials: WifiCredentials | undefined): void {
    this.#credentials = credentials
    this.#settle()
  }

  #settle(): void {
    const best = this.#best
    if (best === this.#active) return
    this.#active = best
    this.#events.activeChanged(best)
  }

  get #best(): InterfaceName | undefined {
    return interfaceNames.find(
      (name) => this.#conditions.interfaces[name].isUp && (name !== 'wifi' || this.#isWifiAccepted),
    )
  }

  get #isWifiAccepted(): boolean {
    if (this.#credentials === undefined) return false
    const [ssid, password] = [this.#credentials.ssid, this.#credentials.password].map((bytes) =>
      Buffer.from(bytes).toString('utf8'),
    )
    return this.#conditions.accessPoints.some(
      (point) => point.ssid === ssid && (point.password === '' || point.password === password),
    )
  }
}
