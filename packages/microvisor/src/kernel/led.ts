/**
 * The system LED shows the connection, unless the application has switched it off.
 *
 *   green    connected          yellow   connecting
 *   red      no connection, pausing before the next attempt
 *   blue     deliberately offline
 */
import { NetworkStatus } from '@microvisor/protocol'
import type { SystemLed } from '../hardware.ts'

const colours: Readonly<Record<NetworkStatus, readonly [boolean, boolean, boolean]>> = {
  [NetworkStatus.CONNECTED]: [false, true, false],
  [NetworkStatus.CONNECTING]: [true, true, false],
  [NetworkStatus.DISCONNECTEDWITHLINKUP]: [true, false, false],
  [NetworkStatus.DELIBERATELYOFFLINE]: [false, false, true],
}

export class ConnectionLed {
  readonly #led: SystemLed
  #isEnabled = true
  #status: NetworkStatus = NetworkStatus.DELIBERATELYOFFLINE

  constructor(led: SystemLed) {
    this.#led = led
  }

  enable(isEnabled: boolean): void {
    this.#isEnabled = isEnabled
    this.#light()
  }

  show(status: NetworkStatus): void {
    if (status === this.#status) return
    this.#status = status
    this.#light()
  }

  #light(): void {
    const [red, green, blue] = this.#isEnabled ? colours[this.#status] : [false, false, false]
    this.#led.set(red, green, blue)
  }
}
