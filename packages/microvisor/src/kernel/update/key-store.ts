/**
 * The keys that this device has been given: who may sign manifests beside or instead of the signer in
 * the fuses, what decrypts layers, and which signers it will never trust again.
 *
 * Two pages of internal flash; the one with the highest sequence number whose checksum is right
 * counts, and a change writes all keys to the other. So a power cut leaves the keys of before or of
 * after. Layer keys lie there encrypted with the device's own AES key.
 *
 *   magic 4 | sequence 4 | signers 2 | layer keys 2 | revoked 2 | root is trusted 2 | nonce 16
 *   | 65 bytes each | id 8 and key 32 each | id 8 each | checksum 32
 */
import {
  BundleError,
  type BundleErrorCode,
  equalBytes,
  formatKeyId,
  HASH_BYTES,
  type KeyChange,
  keyIdOf,
  LAYER_KEY_BYTES,
  LAYER_KEYS_MAX,
  PUBLIC_KEY_BYTES,
  REVOKED_SIGNERS_MAX,
  SIGNERS_MAX,
  unwrapLayerKey,
  type WrappedKey,
} from '@microvisor/protocol'
import { chipDigest } from '../../chip-crypto.ts'
import { eraseFlash, programFlash, readFlash } from '../../flash-access.ts'
import { internalLayout } from '../../flash-layout.ts'
import type { FlashError } from '../../hardware.ts'
import type { Chip } from './layers.ts'

interface Keys {
  readonly isRootTrusted: boolean
  readonly signers: readonly Uint8Array[]
  readonly layerKeys: ReadonlyMap<bigint, Uint8Array>
  readonly revoked: readonly bigint[]
}

const MAGIC = 0x314b_564d // "MVK1", little-endian
const PAGE_BYTES = 0x2000
const HEADER_BYTES = 32
const ENTRY_BYTES = 8 + LAYER_KEY_BYTES

export class KeyStore {
  readonly #chip: Chip
  /** The signer in the fuses. */
  readonly #root: Uint8Array
  #page = 1
  #sequence = 0
  #keys: Keys = { isRootTrusted: true, signers: [], layerKeys: new Map(), revoked: [] }

  constructor(chip: Chip, root: Uint8Array) {
    this.#chip = chip
    this.#root = root
    for (const page of [0, 1]) this.#consider(page)
  }

  /** Who may sign manifests and changes of keys. */
  get signers(): readonly Uint8Array[] {
    const { isRootTrusted, signers } = this.#keys
    return isRootTrusted ? [this.#root, ...signers] : signers
  }

  get signerIds(): bigint[] {
    return this.signers.map((key) => this.#idOf(key))
  }

  get layerKeyIds(): bigint[] {
    return [...this.#keys.layerKeys.keys()]
  }

  readonly findLayerKey = (id: bigint): Uint8Array | undefined => this.#keys.layerKeys.get(id)

  get receiverKey(): Uint8Array {
    const key = new Uint8Array(PUBLIC_KEY_BYTES)
    this.#chip.engines.devicePublicKey(key)
    return key
  }

  /**
   * Throws BundleError for a change that this device does not make; then nothing has changed.
   * `inUse`: signers of what is installed or on its way, which have to stay for as long.
   */
  apply(change: KeyChange, inUse: readonly bigint[]): FlashError | undefined {
    const needed = change.deleteSigners.find((id) => inUse.includes(id))
    if (needed !== undefined)
      refuse('KEYS_IN_USE', `Signer ${formatKeyId(needed)} has signed the installed application.`)
    const next = this.#changed(change)
    const page = this.#page === 0 ? 1 : 0
    const error = this.#write(page, next)
    if (error !== undefined) return error
    this.#page = page
    this.#sequence++
    this.#keys = next
    return undefined
  }

  #changed({ deleteSigners, deleteLayerKeys, addSigners, addLayerKeys }: KeyChange): Keys {
    const { revoked } = this.#keys
    const gone = new Set([...revoked, ...deleteSigners])
    for (const key of addSigners) {
      const id = this.#idOf(key)
      if (gone.has(id)) refuse('KEYS_REVOKED', `Signer ${formatKeyId(id)} was deleted before.`)
    }
    const added = addSigners.filter((key) => !this.signerIds.includes(this.#idOf(key)))
    const signers = [...this.#keys.signers, ...added].filter((key) => !gone.has(this.#idOf(key)))
    const isRootTrusted = this.#keys.isRootTrusted && !gone.has(this.#idOf(this.#root))
    if (!isRootTrusted && signers.length === 0)
      refuse('KEYS_LAST_SIGNER', 'No signer would be left.')
    const layerKeys = new Map(this.#keys.layerKeys)
    for (const id of deleteLayerKeys) layerKeys.delete(id)
    for (const wrapped of addLayerKeys) {
      const key = this.#unwrap(wrapped)
      layerKeys.set(keyIdOf('layer', key, chipDigest(this.#chip.engines)), key)
    }
    const next = { isRootTrusted, signers, layerKeys, revoked: [...gone] }
    checkLimits(next)
    return next
  }

  #unwrap(wrapped: WrappedKey): Uint8Array {
    const { engines } = this.#chip
    const agree = (sender: Uint8Array) => {
      const shared = new Uint8Array(32)
      return engines.agreeAsDevice(sender, shared) ? shared : undefined
    }
    const gcm = {
      digest: chipDigest(engines),
      seal: (...given: Parameters<typeof engines.seal>) => engines.seal(...given),
      open: (...given: Parameters<typeof engines.open>) => engines.open(...given),
    }
    const key = unwrapLayerKey(gcm, this.receiverKey, agree, wrapped)
    if (key?.length === LAYER_KEY_BYTES) return key
    const receiver = formatKeyId(wrapped.receiverId)
    return refuse(
      'KEYS_NOT_FOR_THIS_DEVICE',
      `A layer key is wrapped for receiver ${receiver}, and does not open on this device.`,
    )
  }

  #idOf(key: Uint8Array): bigint {
    return keyIdOf('signer', key, chipDigest(this.#chip.engines))
  }

  #consider(page: number): void {
    const { internalFlash, engines } = this.#chip
    const bytes = readFlash(internalFlash, offsetOf(page), PAGE_BYTES)
    const view = new DataView(bytes.buffer)
    const sequence = view.getUint32(4, true)
    if (view.getUint32(0, true) !== MAGIC || sequence <= this.#sequence) return
    const counts = [8, 10, 12].map((at) => view.getUint16(at, true))
    const [signers = 0, layerKeys = 0, revoked = 0] = counts
    if (signers > SIGNERS_MAX || layerKeys > LAYER_KEYS_MAX || revoked > REVOKED_SIGNERS_MAX) return
    const length = HEADER_BYTES + signers * PUBLIC_KEY_BYTES + layerKeys * ENTRY_BYTES + revoked * 8
    const sum = bytes.subarray(length, length + HASH_BYTES)
    if (!equalBytes(chipDigest(engines)([bytes.subarray(0, length)]), sum)) return
    this.#page = page
    this.#sequence = sequence
    this.#keys = this.#decode(bytes.subarray(0, length), { signers, layerKeys, revoked })
  }

  #decode(
    bytes: Uint8Array,
    counts: { signers: number; layerKeys: number; revoked: number },
  ): Keys {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = HEADER_BYTES
    const take = (length: number) => {
      at += length
      return bytes.slice(at - length, at)
    }
    const signers = Array.from({ length: counts.signers }, () => take(PUBLIC_KEY_BYTES))
    const entries = take(counts.layerKeys * ENTRY_BYTES)
    this.#cipher(bytes.subarray(16, HEADER_BYTES), entries)
    const layerKeys = new Map<bigint, Uint8Array>()
    for (let i = 0; i < entries.length; i += ENTRY_BYTES) {
      const id = new DataView(entries.buffer).getBigUint64(i)
      layerKeys.set(id, entries.slice(i + 8, i + ENTRY_BYTES))
    }
    const revoked = Array.from({ length: counts.revoked }, (_, i) => view.getBigUint64(at + 8 * i))
    return { isRootTrusted: view.getUint16(14, true) === 1, signers, layerKeys, revoked }
  }

  #write(page: number, keys: Keys): FlashError | undefined {
    const { internalFlash, engines } = this.#chip
    const content = this.#encode(keys)
    const bytes = new Uint8Array(content.length + HASH_BYTES)
    bytes.set(content)
    bytes.set(chipDigest(engines)([content]), content.length)
    return (
      eraseFlash(internalFlash, offsetOf(page), PAGE_BYTES) ??
      programFlash(internalFlash, offsetOf(page), bytes)
    )
  }

  #encode({ isRootTrusted, signers, layerKeys, revoked }: Keys): Uint8Array {
    const secretsAt = HEADER_BYTES + signers.length * PUBLIC_KEY_BYTES
    const revokedAt = secretsAt + layerKeys.size * ENTRY_BYTES
    const bytes = new Uint8Array(revokedAt + revoked.length * 8)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, MAGIC, true)
    view.setUint32(4, this.#sequence + 1, true)
    const counts = [signers.length, layerKeys.size, revoked.length, isRootTrusted ? 1 : 0]
    for (const [i, count] of counts.entries()) view.setUint16(8 + 2 * i, count, true)
    const nonce = bytes.subarray(16, HEADER_BYTES)
    this.#chip.engines.random(nonce)
    for (const [i, key] of signers.entries()) bytes.set(key, HEADER_BYTES + i * PUBLIC_KEY_BYTES)
    for (const [i, [id, key]] of [...layerKeys].entries()) {
      view.setBigUint64(secretsAt + i * ENTRY_BYTES, id)
      bytes.set(key, secretsAt + i * ENTRY_BYTES + 8)
    }
    this.#cipher(nonce, bytes.subarray(secretsAt, revokedAt))
    for (const [i, id] of revoked.entries()) view.setBigUint64(revokedAt + 8 * i, id)
    return bytes
  }

  #cipher(nonce: Uint8Array, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chip.engines.cipher('device', nonce, bytes)
  }
}

function checkLimits({ signers, layerKeys, revoked }: Keys): void {
  const limits = [
    [signers.length, SIGNERS_MAX, 'signers'],
    [layerKeys.size, LAYER_KEYS_MAX, 'layer keys'],
    [revoked.length, REVOKED_SIGNERS_MAX, 'deleted signers'],
  ] as const
  for (const [count, limit, what] of limits)
    if (count > limit) refuse('KEYS_TOO_MANY', `${count} ${what}; a device keeps ${limit}.`)
}

function offsetOf(page: number): number {
  return internalLayout.keyStore.offset + page * PAGE_BYTES
}

function refuse(code: BundleErrorCode, message: string): never {
  throw new BundleError(code, message)
}
