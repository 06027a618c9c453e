/**
 * The claims of an attestation: what a device says of itself, each with its label, its type and what
 * it means. docs/reference/attestation.md is made from these tables.
 *
 * Labels from 0 up are IANA's ("CBOR Web Token (CWT) Claims"; RFC 8392, RFC 9711); labels below
 * -65536 are for private use, and ours.
 */

export const ATTESTATION_PROFILE = 'urn:x-microvisor:attestation:1'
/** RFC 9711, section 4.2.3.1: 16 bytes that were drawn at random, once, for this project. */
export const OEM_ID = Uint8Array.of(
  ...[0x6d, 0x76, 0x9c, 0x31, 0x0e, 0xd7, 0x48, 0x5a],
  ...[0xb2, 0x64, 0xf1, 0x8b, 0x27, 0xc3, 0x90, 0x5e],
)
/** RFC 9711, section 4.2.1.1: a UEID of random bytes. */
export const UEID_RANDOM = 0x01
/** RFC 9711, section 4.3.3. */
export const INTENDED_USE_GENERIC = 1
/** CoSWID's version schemes, by RFC 9711, section 4.2.7: semantic versions. */
export const SEMANTIC_VERSION = 16_384
export const KERNEL_NAME = 'microvisor kernel'

type ClaimType = 'uint' | 'bool' | 'text' | 'bytes' | 'array' | 'map'

export interface ClaimFacts {
  readonly label: number
  readonly type: ClaimType
  /** Where its meaning is fixed. */
  readonly from: string
  readonly doc: string
}

const ours = 'microvisor'

export const tokenClaims = {
  issuedAt: {
    ...{ label: 6, type: 'uint', from: 'RFC 8392, iat' },
    doc: 'Seconds since 1970. Left out while the device does not know the time.',
  },
  nonce: {
    ...{ label: 10, type: 'bytes', from: 'RFC 9711, eat_nonce' },
    doc: 'The nonce of the request, 8 to 64 bytes: the token was made after it.',
  },
  deviceId: {
    ...{ label: 256, type: 'bytes', from: 'RFC 9711, ueid' },
    doc: 'A byte 01, then the 16 bytes of the device SID.',
  },
  manufacturer: {
    ...{ label: 258, type: 'bytes', from: 'RFC 9711, oemid' },
    doc: '16 random bytes that stand for this project.',
  },
  hardware: {
    ...{ label: 259, type: 'bytes', from: 'RFC 9711, hwmodel' },
    doc: 'The device type of the fuses, in ASCII: Imp201c or Imp201f.',
  },
  uptime: {
    ...{ label: 261, type: 'uint', from: 'RFC 9711, uptime' },
    doc: 'Whole seconds since the kernel started.',
  },
  isBootAuthorised: {
    ...{ label: 262, type: 'bool', from: 'RFC 9711, oemboot' },
    doc: 'Always true: a kernel that the bootrom has not verified does not run.',
  },
  debugStatus: {
    ...{ label: 263, type: 'uint', from: 'RFC 9711, dbgstat' },
    doc: 'The debug port: 0 enabled, 1 disabled, 3 disabled permanently (readout protection level 2).',
  },
  profile: {
    ...{ label: 265, type: 'text', from: 'RFC 9711, eat_profile' },
    doc: `\`${ATTESTATION_PROFILE}\`: these tables.`,
  },
  parts: {
    ...{ label: 266, type: 'map', from: 'RFC 9711, submods' },
    doc: 'Claims of `boot`, `kernel` and, where one is installed, `application`.',
  },
  use: { label: 275, type: 'uint', from: 'RFC 9711, intuse', doc: '1: generic.' },
} as const satisfies Record<string, ClaimFacts>

export const bootClaims = {
  measurement: {
    ...{ label: -70_001, type: 'bytes', from: ours },
    doc: 'SHA-256 of preboot and bootrom as the fuses name it.',
  },
  deviceRatchet: {
    ...{ label: -70_007, type: 'uint', from: ours },
    doc: 'The anti-rollback ratchet of the fuses: kernels below it never start.',
  },
  isHidden: {
    ...{ label: -70_009, type: 'bool', from: ours },
    doc: 'The secure hide protection (HDP) is closed: until the next reset nothing reads them.',
  },
  readoutProtection: {
    ...{ label: -70_010, type: 'uint', from: ours },
    doc: 'The option byte RDP: AA level 0, 55 level 0.5, CC level 2, any other level 1.',
  },
} as const satisfies Record<string, ClaimFacts>

export const kernelClaims = {
  name: { label: 270, type: 'text', from: 'RFC 9711, swname', doc: `\`${KERNEL_NAME}\`.` },
  version: {
    ...{ label: 271, type: 'array', from: 'RFC 9711, swversion' },
    doc: 'The version text, then 16384 (a semantic version).',
  },
  manifestHash: {
    ...{ label: -70_002, type: 'bytes', from: ours },
    doc: 'SHA-256 of the kernel manifest that the bootrom has verified.',
  },
  regions: {
    ...{ label: -70_005, type: 'array', from: ours },
    doc: 'Each region as it lies in flash now: its name, its SHA-256.',
  },
  securityRatchet: {
    ...{ label: -70_006, type: 'uint', from: ours },
    doc: "The ratchet of the kernel's manifest.",
  },
  state: {
    ...{ label: -70_008, type: 'text', from: ours },
    doc: '`confirmed`; `trial`: has still to prove itself; `fell-back`: the other one did not.',
  },
  versionNumber: {
    ...{ label: -70_011, type: 'uint', from: ours },
    doc: 'What minimum_kernel_version is compared with.',
  },
} as const satisfies Record<string, ClaimFacts>

export const applicationClaims = {
  manifestHash: {
    ...{ label: -70_002, type: 'bytes', from: ours },
    doc: 'SHA-256 of the installed manifest: the hash of the App.',
  },
  signerId: {
    ...{ label: -70_003, type: 'bytes', from: ours },
    doc: '8 bytes: the id of the key that has signed it, verified by the kernel.',
  },
  layers: {
    ...{ label: -70_004, type: 'array', from: ours },
    doc: 'Each layer: `internal` or `external`, start, size, and the SHA-256 of the region as it lies in flash now.',
  },
  state: { label: -70_008, type: 'text', from: ours, doc: '`running` or `stopped`.' },
  debugger: {
    ...{ label: -70_012, type: 'text', from: ours },
    doc: '`none`: nobody can debug it; `possible`: whoever has the key of its manifest; `attached`.',
  },
  isIntact: {
    ...{ label: -70_013, type: 'bool', from: ours },
    doc: 'Internal flash holds what its manifest says. (External layers are data that it may change.)',
  },
} as const satisfies Record<string, ClaimFacts>
