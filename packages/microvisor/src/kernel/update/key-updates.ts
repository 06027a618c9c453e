/** Changes of keys that the cloud sends, and what the cloud is told about the keys there are. */
import { BundleError, type FrameInit, parseNewKeys, verifySignature } from '@microvisor/protocol'
import { chipDigest, chipVerify } from '../../chip-crypto.ts'
import type { Engines } from '../../hardware.ts'
import type { ApplicationStore } from './application-store.ts'
import type { KeyStore } from './key-store.ts'

type KeyStateInit = Extract<FrameInit, { case: 'keyState' }>['value']

export interface KeyUpdatesParts {
  readonly engines: Engines
  readonly keys: KeyStore
  readonly store: ApplicationStore
  readonly send: (state: KeyStateInit) => void
}

export class KeyUpdates {
  readonly #parts: KeyUpdatesParts

  constructor(parts: KeyUpdatesParts) {
    this.#parts = parts
  }

  /** Takes a change if a signer that is trusted now has signed it; tells the outcome either way. */
  take(signed: Uint8Array): void {
    this.tell(this.#apply(signed))
  }

  tell(refusal = ''): void {
    const { keys, send } = this.#parts
    const { signerIds: manifestSigners, layerKeyIds: layerKeys, receiverKey } = keys
    send({ manifestSigners, layerKeys, receiverKey, refusal: refusal.slice(0, 300) })
  }

  #apply(signed: Uint8Array): string {
    const { engines, keys, store } = this.#parts
    try {
      const newKeys = parseNewKeys(signed)
      const crypto = { digest: chipDigest(engines), verify: chipVerify(engines) }
      verifySignature(newKeys, keys.signers, crypto)
      const inUse = [store.installed, store.candidate].flatMap((known) =>
        known === undefined ? [] : [known.manifest.signerId],
      )
      const error = keys.apply(newKeys.change, inUse)
      return error === undefined ? '' : `Flash answered ${error}.`
    } catch (error) {
      if (error instanceof BundleError) return `${error.code}: ${error.message}`
      throw error
    }
  }
}
