/**
 * The keys that a device trusts, brought in line with what its account wants: the device says which it
 * has, and gets one signed change at a time until nothing differs or it refuses.
 */
import {
  encodeKeyChange,
  encodeManifest,
  type FrameInit,
  formatKeyId,
  type KeyChange,
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

interface Next {
  /** The same for the same change, which is wrapped anew each time. */
  readonly name: string
  readonly change: () => Promise<KeyChange>
}

export class DeviceKeys {
  readonly #parts: DeviceKeysParts
  /** Undefined until the device has said it. */
  #state: KeyState | undefined
  /** The change that is on its way or was refused; the same is not sent twice. */
  #sent = ''

  constructor(parts: DeviceKeysParts) {
    this.#parts = parts
  }

  async take(state: KeyState): Promise<void> {
    const { device, log, changed } = this.#parts
    const { refusal } = state
    const wasAsked = this.#sent !== ''
    this.#state = state
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
    if (this.#state === undefined) return
    const next = await this.#next(this.#state)
    const isNew = next?.name !== this.#sent
    this.#sent = next?.name ?? ''
    if (next === undefined || !isNew) return
    const { keyring, send } = this.#parts
    const body = encodeKeyChange(await next.change())
    const signed = encodeManifest(signBody(body, keyring.applicationSigner, digest))
    await send({ case: 'newKeys', value: { signed } })
  }

  /** New signers first; those that go last, because a device may refuse that for now. */
  async #next({ manifestSigners, layerKeys, receiverKey }: KeyState): Promise<Next | undefined> {
    const { device, signers } = this.#parts
    const { accountSid } = device
    const change = await signers.changeFor(accountSid, manifestSigners)
    const ofSigners = change && {
      name: Buffer.from(encodeKeyChange(change)).toString('hex'),
      change: async () => change,
    }
    if (change !== undefined && change.addSigners.length > 0) return ofSigners
    const { missing, unknown } = await signers.layerKeys.differences(accountSid, layerKeys)
    if (missing.length === 0 && unknown.length === 0) return ofSigners
    return {
      name: `layer keys +${missing.map(formatKeyId)} -${unknown.map(formatKeyId)}`,
      change: async () => ({
        ...{ addSigners: [], deleteSigners: [], deleteLayerKeys: unknown },
        addLayerKeys: await signers.layerKeys.wrapped(accountSid, missing, receiverKey),
      }),
    }
  }
}
