/**
 * What a scenario's device under the microvisor is made of: the platform's own kernel, signed with
 * keys that exist for one command only, the fuses that name them, and the device's key.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { encodeFuses, type KernelImage } from '@microvisor/microvisor'
import {
  describeLayer,
  encodeAppBody,
  encodeManifest,
  parseKernelBundle,
  plainPolicies,
  signBody,
  toHex,
} from '@microvisor/protocol'
import { hostDigest } from '../hardware/engines.ts'
import { buildBootImage, buildKernelBundle } from '../kernel-image.ts'

export interface KernelParts {
  /** Preboot and bootrom. */
  readonly boot: Uint8Array
  readonly image: KernelImage
  readonly fuses: Uint8Array
  readonly deviceKey: KeyObject
  /** A signed manifest for this image, and the contents that it names by hash. */
  publish(image: Uint8Array): Publication
}

export interface Publication {
  readonly hash: Uint8Array
  readonly contents: ReadonlyMap<string, Uint8Array>
}

/** The application's whole internal flash. */
const REGION = { place: 'internal', start: 0, size: 0x10_0000 } as const

export async function openKernelParts(): Promise<KernelParts> {
  const [kernelSigner, applicationSigner] = [makeSigner(), makeSigner()]
  const { manifest, layers } = parseKernelBundle(await buildKernelBundle(), hostDigest)
  const [kernel, nsc] = (['Kernel', 'NSC'] as const).map((region) => {
    const layer = manifest.layers.find((one) => one.region === region)
    return layers.get(toHex(layer!.fetchHash))!
  })
  const boot = await buildBootImage()
  const signed = encodeManifest(signBody(manifest.body, kernelSigner, hostDigest))
  return {
    boot,
    image: { manifest: signed, kernel: kernel!, nsc: nsc! },
    fuses: encodeFuses({
      ...{ deviceSid: `UV${'0'.repeat(32)}`, accountSid: `AC${'0'.repeat(32)}` },
      ...{ deviceType: 'Imp201c', deviceCaSha256: new Uint8Array(32) },
      bootSha256: hostDigest([boot]),
      ...{ kernelSigner: kernelSigner.publicKey, applicationSigner: applicationSigner.publicKey },
    }),
    deviceKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    publish(content) {
      const layer = describeLayer(REGION, content, hostDigest)
      const body = encodeAppBody([layer], plainPolicies)
      const bytes = encodeManifest(signBody(body, applicationSigner, hostDigest))
      const hash = hostDigest([bytes])
      const contents = [bytes, content].map((one) => [toHex(hostDigest([one])), one] as const)
      return { hash, contents: new Map(contents) }
    },
  }
}

function makeSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const point = [Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  return {
    publicKey: new Uint8Array(Buffer.concat(point)),
    sign: (message: Uint8Array) =>
      new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}
