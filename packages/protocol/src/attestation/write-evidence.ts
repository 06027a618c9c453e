/** Evidence as a map of claims, by the tables of claims.ts. */
import { fromHex } from '../hex.ts'
import { joinBytes } from '../join-bytes.ts'
import type { Sid } from '../sid.ts'
import { encodeUtf8 } from '../text.ts'
import type { CborMap, CborValue } from './cbor.ts'
import {
  ATTESTATION_PROFILE,
  applicationClaims,
  bootClaims,
  type ClaimFacts,
  INTENDED_USE_GENERIC,
  KERNEL_NAME,
  kernelClaims,
  OEM_ID,
  SEMANTIC_VERSION,
  tokenClaims,
  UEID_RANDOM,
} from './claims.ts'
import type { ApplicationEvidence, BootEvidence, Evidence, KernelEvidence } from './evidence.ts'

type Claims = [ClaimFacts, CborValue][]

function mapOf(claims: Claims): CborMap {
  return new Map(claims.map(([{ label }, value]) => [label, value]))
}

export function claimsOf(evidence: Evidence): CborMap {
  const { application, issuedAtSeconds } = evidence
  const parts = new Map<string, CborValue>([
    ['boot', bootMap(evidence.boot)],
    ['kernel', kernelMap(evidence.kernel)],
  ])
  if (application !== undefined) parts.set('application', applicationMap(application))
  const claims: Claims = [
    [tokenClaims.nonce, evidence.nonce],
    [tokenClaims.deviceId, ueidOf(evidence.deviceSid)],
    [tokenClaims.manufacturer, OEM_ID],
    [tokenClaims.hardware, encodeUtf8(evidence.deviceType)],
    [tokenClaims.uptime, evidence.uptimeSeconds],
    [tokenClaims.isBootAuthorised, true],
    [tokenClaims.debugStatus, evidence.debugStatus],
    [tokenClaims.profile, ATTESTATION_PROFILE],
    [tokenClaims.parts, parts],
    [tokenClaims.use, INTENDED_USE_GENERIC],
  ]
  if (issuedAtSeconds !== undefined) claims.push([tokenClaims.issuedAt, issuedAtSeconds])
  return mapOf(claims)
}

function bootMap(boot: BootEvidence): CborMap {
  return mapOf([
    [bootClaims.measurement, boot.measurement],
    [bootClaims.deviceRatchet, boot.deviceRatchet],
    [bootClaims.isHidden, boot.isHidden],
    [bootClaims.readoutProtection, boot.readoutProtection],
  ])
}

function kernelMap(kernel: KernelEvidence): CborMap {
  return mapOf([
    [kernelClaims.name, KERNEL_NAME],
    [kernelClaims.version, [kernel.versionText, SEMANTIC_VERSION]],
    [kernelClaims.versionNumber, kernel.versionNumber],
    [kernelClaims.manifestHash, kernel.manifestHash],
    [kernelClaims.securityRatchet, kernel.securityRatchet],
    [kernelClaims.state, kernel.state],
    [kernelClaims.regions, kernel.regions.map(({ region, hash }) => [region, hash])],
  ])
}

function applicationMap(application: ApplicationEvidence): CborMap {
  const layers = application.layers.map((layer) => [
    ...[layer.place, layer.start, layer.size, layer.hash],
  ])
  return mapOf([
    [applicationClaims.manifestHash, application.manifestHash],
    [applicationClaims.signerId, application.signerId],
    [applicationClaims.state, application.state],
    [applicationClaims.debugger, application.debugger],
    [applicationClaims.isIntact, application.isIntact],
    [applicationClaims.layers, layers],
  ])
}

function ueidOf(sid: Sid<'UV'>): Uint8Array {
  return joinBytes([Uint8Array.of(UEID_RANDOM), fromHex(sid.slice(2))!])
}
