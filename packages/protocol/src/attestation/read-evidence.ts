/** Claims as evidence: each has to be there, of its type and within its limits. */
import { equalBytes } from '../digest.ts'
import type { KernelRegionName } from '../kernel-manifest.ts'
import { NONCE_BYTES_MAX, NONCE_BYTES_MIN } from '../limits.ts'
import { makeSid, type Sid } from '../sid.ts'
import { decodeUtf8 } from '../text.ts'
import { decodeCbor } from './cbor.ts'
import { ClaimReader, isHash } from './claim-reader.ts'
import {
  ATTESTATION_PROFILE,
  applicationClaims,
  bootClaims,
  INTENDED_USE_GENERIC,
  KERNEL_NAME,
  kernelClaims,
  OEM_ID,
  SEMANTIC_VERSION,
  tokenClaims,
  UEID_RANDOM,
} from './claims.ts'
import {
  type ApplicationEvidence,
  applicationStates,
  type BootEvidence,
  debuggerStates,
  type Evidence,
  type KernelEvidence,
  kernelStates,
  type LayerEvidence,
} from './evidence.ts'

/** Throws AttestationError for claims that are not as they should be; those that it does not know it passes over. */
export function readEvidence(payload: Uint8Array): Evidence {
  const map = decodeCbor(payload)
  const token = new ClaimReader('the token', map, tokenClaims)
  if (token.text('profile') !== ATTESTATION_PROFILE) token.wrong('profile')
  if (!equalBytes(token.bytes('manufacturer'), OEM_ID)) token.wrong('manufacturer')
  if (!token.bool('isBootAuthorised')) token.wrong('isBootAuthorised')
  if (token.uint('use') !== INTENDED_USE_GENERIC) token.wrong('use')
  const nonce = token.bytes('nonce')
  if (nonce.length < NONCE_BYTES_MIN || nonce.length > NONCE_BYTES_MAX) token.wrong('nonce')
  const parts = token.map('parts')
  const names = [...parts.keys()]
  if (!names.every((name) => name === 'boot' || name === 'kernel' || name === 'application'))
    token.wrong('parts')
  const application = parts.get('application')
  return {
    nonce,
    deviceSid: sidOf(token),
    deviceType: decodeUtf8(token.bytes('hardware')),
    issuedAtSeconds: token.has('issuedAt') ? token.uint('issuedAt') : undefined,
    uptimeSeconds: token.uint('uptime'),
    debugStatus: token.uint('debugStatus'),
    boot: readBoot(new ClaimReader('boot', parts.get('boot'), bootClaims)),
    kernel: readKernel(new ClaimReader('kernel', parts.get('kernel'), kernelClaims)),
    application:
      application === undefined
        ? undefined
        : readApplication(new ClaimReader('application', application, applicationClaims)),
  }
}

function sidOf(token: ClaimReader<typeof tokenClaims>): Sid<'UV'> {
  const id = token.bytes('deviceId')
  if (id.length !== 17 || id[0] !== UEID_RANDOM) token.wrong('deviceId')
  return makeSid('UV', id.subarray(1))
}

function readBoot(claims: ClaimReader<typeof bootClaims>): BootEvidence {
  return {
    measurement: claims.hash('measurement'),
    deviceRatchet: claims.uint('deviceRatchet'),
    isHidden: claims.bool('isHidden'),
    readoutProtection: claims.uint('readoutProtection'),
  }
}

function readKernel(claims: ClaimReader<typeof kernelClaims>): KernelEvidence {
  if (claims.text('name') !== KERNEL_NAME) claims.wrong('name')
  const [versionText, scheme] = claims.array('version')
  if (typeof versionText !== 'string' || scheme !== SEMANTIC_VERSION) claims.wrong('version')
  const regions = claims.array('regions').map((row) => {
    const [region, hash] = Array.isArray(row) ? row : []
    if (typeof region !== 'string' || !isHash(hash)) claims.wrong('regions')
    return { region: region as KernelRegionName, hash: hash as Uint8Array }
  })
  return {
    versionText: versionText as string,
    versionNumber: claims.uint('versionNumber'),
    manifestHash: claims.hash('manifestHash'),
    securityRatchet: claims.uint('securityRatchet'),
    state: claims.oneOf('state', kernelStates),
    regions,
  }
}

function readApplication(claims: ClaimReader<typeof applicationClaims>): ApplicationEvidence {
  return {
    manifestHash: claims.hash('manifestHash'),
    signerId: claims.bytes('signerId'),
    state: claims.oneOf('state', applicationStates),
    debugger: claims.oneOf('debugger', debuggerStates),
    isIntact: claims.bool('isIntact'),
    layers: claims.array('layers').map((row) => {
      const [place, start, size, hash] = Array.isArray(row) ? row : []
      if ((place !== 'internal' && place !== 'external') || !isHash(hash)) claims.wrong('layers')
      if (typeof start !== 'number' || typeof size !== 'number') claims.wrong('layers')
      return { place, start, size, hash } as LayerEvidence
    }),
  }
}
