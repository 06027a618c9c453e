/**
 * What an attestation is held against: what this service knows of the kernel and the application that
 * the device names. (RFC 9334 calls this the verifier's appraisal.)
 */
import type { Attestation } from '@microvisor/api'
import {
  type Evidence,
  equalBytes,
  parseAppManifest,
  parseKernelManifest,
  toHex,
} from '@microvisor/protocol'

export type Finding = Attestation['findings'][number]

export interface Known {
  /** The manifest with this hash, if it is the account's. */
  manifest(hash: string): Promise<Uint8Array | undefined>
}

/** The option byte of readout protection level 2. */
const CLOSED = 0xcc

export async function appraise(evidence: Evidence, known: Known): Promise<Finding[]> {
  return [
    appraiseBoot(evidence),
    await appraiseKernel(evidence, known),
    ...(evidence.application ? [await appraiseApplication(evidence.application, known)] : []),
  ]
}

function appraiseBoot({ boot }: Evidence): Finding {
  const subject = 'boot'
  if (!boot.isHidden)
    return { subject, verdict: 'unexpected', detail: 'Preboot and bootrom are not hidden.' }
  if (boot.readoutProtection !== CLOSED)
    return { subject, verdict: 'unexpected', detail: 'The debug port is not closed for good.' }
  return { subject, verdict: 'expected', detail: 'Hidden, protected, and the debug port closed.' }
}

async function appraiseKernel({ kernel, boot }: Evidence, known: Known): Promise<Finding> {
  const subject = 'kernel'
  const version = `Kernel ${kernel.versionText}`
  const bytes = await known.manifest(toHex(kernel.manifestHash))
  if (bytes === undefined)
    return { subject, verdict: 'unknown', detail: `${version} is none that this account has.` }
  const { layers } = parseKernelManifest(bytes)
  const changed = kernel.regions.find(({ region, hash }) => {
    const layer = layers.find((one) => one.region === region)
    return layer === undefined || !equalBytes(layer.fetchHash, hash)
  })
  if (changed !== undefined || kernel.regions.length === 0)
    return {
      ...{ subject, verdict: 'unexpected' },
      detail: `${version}: region ${changed?.region ?? 'Kernel'} is not what its manifest says.`,
    }
  if (kernel.securityRatchet < boot.deviceRatchet)
    return { subject, verdict: 'unexpected', detail: `${version} is below the device's ratchet.` }
  if (kernel.state !== 'confirmed')
    return { subject, verdict: 'unexpected', detail: `${version} is ${kernel.state}.` }
  return { subject, verdict: 'expected', detail: `${version}, as it was signed.` }
}

async function appraiseApplication(
  application: NonNullable<Evidence['application']>,
  known: Known,
): Promise<Finding> {
  const subject = 'application'
  const bytes = await known.manifest(toHex(application.manifestHash))
  if (bytes === undefined)
    return { subject, verdict: 'unknown', detail: 'It is none that this account has.' }
  const { layers } = parseAppManifest(bytes)
  const changed = layers.find(
    ({ place, start, measurementHash }) =>
      place === 'internal' &&
      !application.layers.some(
        (layer) =>
          layer.place === place && layer.start === start && equalBytes(layer.hash, measurementHash),
      ),
  )
  if (changed !== undefined)
    return {
      ...{ subject, verdict: 'unexpected' },
      detail: `The layer at internal 0x${changed.start.toString(16)} is not what the App has there.`,
    }
  if (application.debugger === 'attached')
    return { subject, verdict: 'unexpected', detail: 'A debugger has it.' }
  return { subject, verdict: 'expected', detail: `${application.state}, as the App has it.` }
}
