/** Why an update cannot be done, in the permanent numbers that the cloud shows. */
import { type BundleErrorCode, UpdateError } from '@microvisor/protocol'

export interface UpdateProblem {
  readonly error: UpdateError
  /** With the values, for people. */
  readonly detail: string
}

/** Errors that the same target gives again however often it is tried. */
const permanent: readonly UpdateError[] = [
  UpdateError.MANIFEST_MALFORMED,
  UpdateError.SIGNER_UNKNOWN,
  UpdateError.SIGNATURE,
  UpdateError.LAYER_TOO_LARGE,
  UpdateError.LAYER_OUTSIDE,
  UpdateError.KERNEL_TOO_OLD,
  UpdateError.LAYER_ENCRYPTED,
  UpdateError.ROLLBACK,
  UpdateError.DEVICE_TYPE,
  UpdateError.KERNEL_TRIAL,
  UpdateError.KERNEL_BOOT,
]

export function isPermanent({ error }: UpdateProblem): boolean {
  return permanent.includes(error)
}

const manifestErrors: Partial<Record<BundleErrorCode, UpdateError>> = {
  MANIFEST_SIGNER_UNKNOWN: UpdateError.SIGNER_UNKNOWN,
  MANIFEST_UNSIGNED: UpdateError.SIGNATURE,
  MANIFEST_SIGNATURE_WRONG: UpdateError.SIGNATURE,
  LAYER_OUTSIDE_FLASH: UpdateError.LAYER_OUTSIDE,
  LAYER_ALIGNMENT: UpdateError.LAYER_OUTSIDE,
  LAYERS_OVERLAP: UpdateError.LAYER_OUTSIDE,
}

/** What is wrong with a manifest that protocol's rules refuse. */
export function manifestProblem(code: BundleErrorCode, detail: string): UpdateProblem {
  return { error: manifestErrors[code] ?? UpdateError.MANIFEST_MALFORMED, detail }
}
