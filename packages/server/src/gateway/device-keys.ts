/**
 * The keys that a device trusts, brought in line with what its account wants: the device says which it
 * has, and gets one signed change at a time until nothing differs or it refuses.
 */
import {
  encodeKeyChange,
  encodeManifest,
  type FrameInit,
  type KeyState,
  signBody,
} from '@microvisor/protocol'
import type { Logger } from 'pino'
import { plainText } from '../devices/event-text.ts'
import type { DeviceIdentity } from '../devices/reports.ts'
import { digest } from '../keys/engines.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Signers } from '../signers/signers.ts'

export interface DeviceKeysParts {
  readonly device: DeviceIdentity
  readonly signers: Signers
  readonly keyring: Pick<Keyring, 'applicationSigner'>
  readonly log: Logger
  readonly send: (body: FrameInit) => Promise<void>
  /** The device trusts other keys than before: what it refused it may take now. */
  readonly changed: () => Promise<void>
}

export class DeviceKeys {
  readonly #parts: DeviceKeysParts
  /** Undefined until the device has said it. */
  #trusted: readonly bigint[] | undefined
  /** The change that is on its way or was refused; the same is not sent twice. */
  #sent = ''

  constructor(parts: DeviceKeysParts) {
    this.#parts = parts
  }

  async take({ manifestSigners, refusal }: KeyState): Promise<void> {
    const { device, log, changed } = this.#parts
    const wasAsked = this.#sent !== ''
    this.#trusted = manifestSigners
    if (refusal !== '') {
      const reason = plainText(refusal)
      log.warn({ event: 'change of keys refused', device: device.sid, reason })
      return
    }
    await this.refresh()
    if (wasAsked) await changed()
  }

  /** What it refused before it may accept now: another application runs. */
  async retry(): Promise<void> {
    this.#sent = ''
    await this.refresh()
  }

  async refresh(): Promise<void> {
    if (this.#trusted === undefined) return
    const { device, signers, keyring, send } = this.#parts
    const change = await signers.changeFor(device.accountSid, this.#trusted)
    if (change === undefined) {
      this.#sent = ''
      return
    }
    const body = encodeKeyChange(change)
    const name = Buffer.from(body).toString('hex')
    if (name === this.#sent) return
    this.#sent = name
    const signed = encodeManifest(signBody(body, keyring.applicationSigner, digest))
    await send({ case: 'newKeys', value: { signed } })
  }
}
