/** A bundle for people and for machines: what is in it, where it goes, who signed it. */
import {
  type AppManifest,
  BundleError,
  formatKeyId,
  formatRegion,
  keyId,
  parseBundle,
  parseKernelBundle,
  toHex,
} from '@microvisor/protocol'
import { sha256 } from './bundling.ts'
import { bytes, facts, table } from './output.ts'

export interface Inspection {
  readonly kind: 'application' | 'kernel'
  readonly hash: string
  readonly manifest_bytes: number
  readonly signer_id: string | null
  readonly layers: readonly InspectedLayer[]
  readonly policies: Record<string, string | number | null>
}

interface InspectedLayer {
  readonly target: string
  readonly bytes: number
  readonly fetch_hash: string
  readonly measurement_hash: string | null
  readonly encrypted_with: string | null
}

/** Throws BundleError for what is no bundle that could be installed. */
export function inspectBundle(file: Uint8Array): Inspection {
  try {
    return inspectApplication(file)
  } catch (error) {
    if (!(error instanceof BundleError)) throw error
    try {
      return inspectKernel(file)
    } catch {
      throw error
    }
  }
}

export function describeInspection(found: Inspection): string {
  const head = facts([
    ['kind', found.kind],
    ['hash', found.hash],
    ['manifest', bytes(found.manifest_bytes)],
    ['signed by', found.signer_id ?? 'nobody yet'],
    ...Object.entries(found.policies).map(([name, value]) => [name, value] as const),
  ])
  const layers = table(found.layers, [
    { title: 'LAYER', value: ({ target }) => target },
    { title: 'CONTENT', value: (layer) => bytes(layer.bytes) },
    { title: 'SHA-256', value: (layer) => layer.fetch_hash.slice(0, 16) },
    { title: 'MEASUREMENT', value: (layer) => layer.measurement_hash?.slice(0, 16) },
    { title: 'ENCRYPTED WITH', value: (layer) => layer.encrypted_with },
  ])
  return `${head}\n\n${layers}`
}

function inspectApplication(file: Uint8Array): Inspection {
  const { manifest, manifestBytes, layers } = parseBundle(file, sha256)
  return {
    kind: 'application',
    ...envelope(manifestBytes, manifest.signerId),
    layers: manifest.layers.map((layer) => ({
      target: formatRegion(layer),
      bytes: layers.get(toHex(layer.fetchHash))?.length ?? 0,
      fetch_hash: toHex(layer.fetchHash),
      measurement_hash: toHex(layer.measurementHash),
      encrypted_with: idOrNull(layer.encryptedWithKeyId),
    })),
    policies: policies(manifest),
  }
}

function inspectKernel(file: Uint8Array): Inspection {
  const { manifest, manifestBytes, layers } = parseKernelBundle(file, sha256)
  const { versionText, versionNumber, securityRatchet, deviceType } = manifest.meta
  return {
    kind: 'kernel',
    ...envelope(manifestBytes, manifest.signerId),
    layers: manifest.layers.map((layer) => ({
      target: layer.region,
      bytes: layers.get(toHex(layer.fetchHash))?.length ?? 0,
      fetch_hash: toHex(layer.fetchHash),
      measurement_hash: null,
      encrypted_with: idOrNull(layer.encryptedWithKeyId),
    })),
    policies: {
      version: versionText,
      version_number: versionNumber,
      security_ratchet: securityRatchet,
      device_type: deviceType,
    },
  }
}

function envelope(manifestBytes: Uint8Array, signerId: bigint) {
  return {
    hash: `sha256:${toHex(sha256([manifestBytes]))}`,
    manifest_bytes: manifestBytes.length,
    signer_id: idOrNull(signerId),
  }
}

function policies({ policies: { debugKey, crash, update, connectivity } }: AppManifest) {
  const idOf = (key: Uint8Array | undefined) => key && formatKeyId(keyId(key, sha256))
  return {
    debug_key: idOf(debugKey) ?? null,
    minimum_restart_ms: crash.minimumRestartMs,
    maximum_restart_ms: crash.maximumRestartMs,
    crash_stack_bytes: crash.includeStackBytes,
    crash_report_key: idOf(crash.reportKey) ?? null,
    maximum_politeness_seconds: update.maximumPolitenessSeconds,
    minimum_kernel_version: update.minimumKernelVersion,
    connection_grace_seconds: connectivity.connectionGraceSeconds,
    minimum_check_in_seconds: connectivity.minimumCheckInSeconds,
  }
}

function idOrNull(id: bigint): string | null {
  return id === 0n ? null : formatKeyId(id)
}
