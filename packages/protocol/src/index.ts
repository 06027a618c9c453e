/** What two sides must agree on: system calls, bundles, link messages, SIDs. Data and codecs; no I/O. */
import './text.ts'

export {
  type ExpectedToken,
  makeToken,
  openEvidence,
  openToken,
  type TokenSigner,
  verifyToken,
} from './attestation/attestation.ts'
export {
  AttestationError,
  type AttestationErrorCode,
  attestationErrors,
} from './attestation/attestation-error.ts'
export * from './attestation/claims.ts'
export * from './attestation/evidence.ts'
export { withCertificate } from './attestation/sign1.ts'
export * from './bundle.ts'
export { BundleError, type BundleErrorCode, bundleErrors } from './bundle-errors.ts'
export * from './channel-endpoints.ts'
export * from './channels.ts'
export { crashFloats, crashFloatsByName } from './crash-floats.ts'
export { openCrashReport, sealCrashReport } from './crash-seal.ts'
export * from './debug.ts'
export * from './debug-info/backtrace.ts'
export { DwarfError } from './debug-info/dwarf-reader.ts'
export * from './debug-info/program-symbols.ts'
export { StopListener, StopTeller, viewedRanges } from './debug-told.ts'
export { type DeltaPorts, type DeltaProgress, DeltaReader } from './delta/apply-delta.ts'
export { makeDelta } from './delta/make-delta.ts'
export * from './digest.ts'
export * from './elf.ts'
export { describeFault, type FaultStatus } from './fault-status.ts'
export { Framing, LengthReader, type LinkError, type LinkErrorCode } from './framing.ts'
export * from './generated/link_pb.js'
export * from './hex.ts'
export * from './hkdf.ts'
export * from './hpke.ts'
export * from './http-rules.ts'
export * from './join-bytes.ts'
export * from './kernel-manifest.ts'
export * from './key-ids.ts'
export * from './layer-cipher.ts'
export {
  describeLayer,
  formatRegion,
  type Layer,
  type LayerPlaceName,
  measure,
  places,
  type Region,
} from './layers.ts'
export * from './limits.ts'
export * from './link.ts'
export * from './link-credit.ts'
export * from './link-limits.ts'
export {
  type AppManifest,
  type AppPolicies,
  encodeAppBody,
  encodeManifest,
  formatKeyId,
  keyId,
  parseAppManifest,
  plainPolicies,
  type SignedBody,
  signBody,
  signingMessage,
  unsigned,
  verifySignature,
} from './manifest.ts'
export * from './mqtt-delivery.ts'
export * from './new-keys.ts'
export * from './sid.ts'
export * from './syscall-dispatch.ts'
export * from './syscall-enums.ts'
export * from './syscall-layout.ts'
export * from './syscall-structs.ts'
export * from './syscalls.ts'
export * from './text.ts'
