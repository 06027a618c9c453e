/**
 * Changes of the keys that a device trusts: who may sign manifests, and what decrypts layers. Signed
 * like a manifest, by a signer that the device trusts already.
 *
 * The original's message has no counter. What keeps an old change from being replayed is a rule of
 * the device: a signer that was deleted never comes back (the device remembers its id).
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { refuse } from './bundle-errors.ts'
import { isPublicKey, PUBLIC_KEY_BYTES } from './digest.ts'
import { NewKeys_BodySchema as BodySchema } from './generated/bundle_pb.js'
import { type GcmEngines, type HpkeAgreement, hpkeOpen, hpkeSeal } from './hpke.ts'
import { keyIdOf } from './key-ids.ts'
import { LAYER_KEY_BYTES } from './layer-cipher.ts'
import { LAYER_KEYS_MAX, SIGNERS_MAX } from './limits.ts'
import { parseMessage, parseSignedBody, type SignedBody } from './manifest.ts'
import { encodeUtf8 } from './text.ts'

export interface WrappedKey {
  /** Key id of the receiver. */
  readonly receiverId: bigint
  /** The sender's key of this once, X9.62 uncompressed. */
  readonly senderKey: Uint8Array
  readonly ciphertext: Uint8Array
}

export interface KeyChange {
  readonly deleteSigners: readonly bigint[]
  readonly deleteLayerKeys: readonly bigint[]
  /** P-256 public keys, X9.62 uncompressed. */
  readonly addSigners: readonly Uint8Array[]
  readonly addLayerKeys: readonly WrappedKey[]
}

export interface SignedKeyChange extends SignedBody {
  readonly change: KeyChange
}

/** HPKE's `info`: what is sealed for this purpose opens for no other. */
const INFO = 'microvisor-layer-key-v1'
const WRAPPED_BYTES = LAYER_KEY_BYTES + 16

/** The body of a change, ready to be signed. Throws BundleError. */
export function encodeKeyChange(change: KeyChange): Uint8Array {
  checkChange(change)
  const body = create(BodySchema, {
    deleteManifestSigners: [...change.deleteSigners],
    deleteLayerDecrypters: [...change.deleteLayerKeys],
    addManifestSigners: [...change.addSigners],
    addLayerDecrypters: change.addLayerKeys.map(({ receiverId, senderKey, ciphertext }) => ({
      receiverId,
      senderPub: senderKey,
      ciphertext,
    })),
  })
  return toBinary(BodySchema, body)
}

/** Throws BundleError. */
export function parseNewKeys(bytes: Uint8Array): SignedKeyChange {
  const signed = parseSignedBody(bytes)
  const body = parseMessage(BodySchema, signed.body, 'body')
  const change: KeyChange = {
    deleteSigners: body.deleteManifestSigners,
    deleteLayerKeys: body.deleteLayerDecrypters,
    addSigners: body.addManifestSigners,
    addLayerKeys: body.addLayerDecrypters.map(({ receiverId, senderPub, ciphertext }) => ({
      receiverId,
      senderKey: senderPub,
      ciphertext,
    })),
  }
  checkChange(change)
  return { ...signed, change }
}

/** A layer key, sealed for whoever holds the private half of `agreement.receiver`. */
export function wrapLayerKey(
  engines: GcmEngines,
  agreement: HpkeAgreement,
  layerKey: Uint8Array,
): WrappedKey {
  return {
    receiverId: keyIdOf('receiver', agreement.receiver, engines.digest),
    senderKey: agreement.sender,
    ciphertext: hpkeSeal(engines, agreement, encodeUtf8(INFO), layerKey),
  }
}

/** Undefined if it is not for this receiver, or was changed. */
export function unwrapLayerKey(
  engines: GcmEngines,
  receiver: Uint8Array,
  agree: (senderKey: Uint8Array) => Uint8Array | undefined,
  { receiverId, senderKey, ciphertext }: WrappedKey,
): Uint8Array | undefined {
  if (receiverId !== keyIdOf('receiver', receiver, engines.digest)) return undefined
  const shared = agree(senderKey)
  if (shared === undefined) return undefined
  return hpkeOpen(engines, { shared, sender: senderKey, receiver }, encodeUtf8(INFO), ciphertext)
}

function checkChange({ deleteSigners, deleteLayerKeys, addSigners, addLayerKeys }: KeyChange) {
  const lists = [
    [deleteSigners, SIGNERS_MAX + 1, 'delete_manifest_signers'],
    [deleteLayerKeys, LAYER_KEYS_MAX, 'delete_layer_decrypters'],
    [addSigners, SIGNERS_MAX, 'add_manifest_signers'],
    [addLayerKeys, LAYER_KEYS_MAX, 'add_layer_decrypters'],
  ] as const
  for (const [list, limit, name] of lists)
    if (list.length > limit)
      refuse('KEYS_TOO_MANY', `${name} has ${list.length} keys; ${limit} are allowed.`)
  for (const key of addSigners)
    if (!isPublicKey(key))
      refuse(
        'KEYS_MALFORMED',
        `A key of add_manifest_signers has ${key.length} bytes; a P-256 public key has ${PUBLIC_KEY_BYTES} and begins with 4.`,
      )
  for (const { senderKey, ciphertext } of addLayerKeys)
    if (!isPublicKey(senderKey) || ciphertext.length !== WRAPPED_BYTES)
      refuse(
        'KEYS_MALFORMED',
        `A key of add_layer_decrypters has ${senderKey.length} and ${ciphertext.length} bytes instead of ${PUBLIC_KEY_BYTES} and ${WRAPPED_BYTES}.`,
      )
}
