/**
 * Everything that can be wrong with a bundle or a manifest. Codes are permanent: people look them up,
 * scripts compare them. The message of an error says what was found, with the values; `fix` says what
 * to do about it.
 */

const makeAnew = 'Make the bundle anew with `microvisor apps bundle`.'
const notOurs = 'Make the bundle with `microvisor apps bundle`, not with a general zip program.'
const transfer = 'Transfer the file again; compare its size and SHA-256 with the original.'
const newer = 'Use the tool or the platform version that the bundle was made for.'

export const bundleErrors = {
  BUNDLE_TOO_LARGE: 'Make the image or its layers smaller.',
  BUNDLE_NOT_ZIP: 'Give a bundle: a zip file as `microvisor apps bundle` writes it.',
  BUNDLE_TRUNCATED: transfer,
  BUNDLE_ZIP_MALFORMED: transfer,
  BUNDLE_ZIP_UNSUPPORTED: notOurs,
  BUNDLE_ENTRY_CORRUPT: transfer,
  BUNDLE_ENTRY_TOO_LARGE: makeAnew,
  BUNDLE_ENTRY_DUPLICATE: notOurs,
  BUNDLE_ENTRY_NAME: notOurs,
  BUNDLE_ENTRY_UNKNOWN: notOurs,
  BUNDLE_MANIFEST_MISSING: notOurs,
  BUNDLE_LAYER_MISSING: makeAnew,
  LAYER_HASH_MISMATCH: makeAnew,
  LAYER_MEASUREMENT_MISMATCH: makeAnew,
  LAYER_TOO_LARGE: 'Make the image smaller, or give the layer a larger region.',
  LAYER_EMPTY: 'Leave the layer out, or give it content and a region.',
  LAYER_TARGET_MISSING: makeAnew,
  LAYER_HASH_LENGTH: makeAnew,
  LAYER_OUTSIDE_FLASH: "Aim the layer inside the application's part of the flash.",
  LAYER_ALIGNMENT: 'Begin and end the region on the erase units of the flash.',
  LAYERS_OVERLAP: 'Give each layer a region of its own.',
  LAYERS_NONE: 'Give the application at least one layer: its image in the internal flash.',
  LAYERS_TOO_MANY: 'Join layers that lie next to each other.',
  MANIFEST_TOO_LARGE: makeAnew,
  MANIFEST_MALFORMED: makeAnew,
  MANIFEST_FIELD_UNKNOWN: newer,
  MANIFEST_BODY_MISSING: makeAnew,
  MANIFEST_KEY_MALFORMED: 'Give a NIST P-256 public key.',
  MANIFEST_SIGNATURE_MALFORMED: 'Sign the bundle again, or give it unsigned.',
  MANIFEST_UNSIGNED: 'Sign the manifest with a key that is trusted here.',
  MANIFEST_SIGNER_UNKNOWN: 'Sign with a key that is trusted here, or make this key trusted.',
  MANIFEST_SIGNATURE_WRONG:
    'Sign the manifest again: it was changed after signing, or signed wrongly.',
  KEYS_TOO_MANY: 'Delete keys that are no longer used in the same or an earlier change.',
  KEYS_MALFORMED: 'Make the change of keys anew.',
  KEYS_NOT_FOR_THIS_DEVICE: 'Wrap the layer key for the receiver key of this device.',
  KEYS_REVOKED: 'Make a new key: one that was deleted is never trusted again.',
  KEYS_LAST_SIGNER: 'Add another signer first: a device must always trust one.',
  KEYS_IN_USE: 'Install an application that another key has signed first.',
  LAYER_KEY_UNKNOWN: 'Give the device the layer key, or bundle without encryption.',
  LAYER_CIPHERTEXT: makeAnew,
  KERNEL_LAYER_REGION: 'Name each of the regions Kernel, NSC, Boot, Upgrader at most once.',
  KERNEL_META_MISSING: 'Give the kernel manifest its version and device type.',
} as const

export type BundleErrorCode = keyof typeof bundleErrors

export class BundleError extends Error {
  override readonly name = 'BundleError'
  readonly code: BundleErrorCode
  readonly fix: string

  constructor(code: BundleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.fix = bundleErrors[code]
  }
}

export function refuse(code: BundleErrorCode, message: string): never {
  throw new BundleError(code, message)
}
