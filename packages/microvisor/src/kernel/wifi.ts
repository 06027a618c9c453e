/** The Wi-Fi network that the device joins: kept in flash, and told to the interface. */
import type { FlashError, Network, WifiCredentials } from '../hardware.ts'
import type { Settings } from './settings.ts'

export class Wifi {
  readonly #settings: Settings
  readonly #network: Network
  #credentials: WifiCredentials | undefined

  constructor(settings: Settings, network: Network) {
    this.#settings = settings
    this.#network = network
    this.#credentials = decode(settings.read())
  }

  get credentials(): WifiCredentials | undefined {
    return this.#credentials
  }

  /** At start: the interface forgets with every reset. */
  begin(): void {
    this.#network.setWifi(this.#credentials)
  }

  set(credentials: WifiCredentials): FlashError | undefined {
    return this.#keep(credentials)
  }

  clear(): FlashError | undefined {
    return this.#keep(undefined)
  }

  #keep(credentials: WifiCredentials | undefined): FlashError | undefined {
    const error = this.#settings.write(encode(credentials))
    if (error !== undefined) return error
    this.#credentials = credentials
    this.#network.setWifi(credentials)
    return undefined
  }
}

/** A byte with the length of the SSID, the SSID, and the password to the end; nothing for none. */
function encode(credentials: WifiCredentials | undefined): Uint8Array {
  if (credentials === undefined) return new Uint8Array(0)
  const { ssid, password } = credentials
  const bytes = new Uint8Array(1 + ssid.length + password.length)
  bytes[0] = ssid.length
  bytes.set(ssid, 1)
  bytes.set(password, 1 + ssid.length)
  return bytes
}

function decode(bytes: Uint8Array): WifiCredentials | undefined {
  const [length] = bytes
  if (length === undefined) return undefined
  return { ssid: bytes.slice(1, 1 + length), password: bytes.slice(1 + length) }
}
