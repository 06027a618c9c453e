/**
 * An installation's root of trust for tests: keys, signing, and applications signed with them.
 */
import { createHash, generateKeyPairSync, sign as signWith } from 'node:crypto'
import {
  type AppPolicies,
  type Digest,
  describeLayer,
  encodeAppBody,
  encodeManifest,
  type Layer,
  plainPolicies,
  type Region,
  type Sign,
  signBody,
  toHex,
} from '@microvisor/protocol'

export interface SigningKey {
  readonly publicKey: Uint8Array
  readonly sign: Sign
}

export interface SignedApplication {
  readonly hash: Uint8Array
  readonly manifest: Uint8Array
  /** Contents by the hexadecimal SHA-256 under which the cloud gives them out; manifest included. */
  readonly contents: ReadonlyMap<string, Uint8Array>
}

export const digest: Digest = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

export function makeKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const point = [x, y].map((part) => Buffer.from(part, 'base64url'))
  return {
    publicKey: new Uint8Array(Buffer.concat([Uint8Array.of(4), ...point])),
    sign: (message) =>
      new Uint8Array(signWith('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

export const kernelSigner = makeKey()
export const applicationSigner = makeKey()

/** The whole of the application's internal flash, as the usual bundle has it. */
export const wholeFlash: Region = { place: 'internal', start: 0, size: 0x10_0000 }
/** Four pages: quick to write and to measure. */
export const smallRegion: Region = { place: 'internal', start: 0, size: 0x8000 }

export interface LayerContent {
  readonly region: Region
  readonly content: Uint8Array
  /** What it is carried as. */
  readonly encrypted?: { readonly keyId: bigint; readonly carried: Uint8Array }
  /** What the manifest says instead of the truth. */
  readonly lie?: Partial<Layer>
}

export function makeApplication(
  layers: readonly LayerContent[],
  policies: AppPolicies = plainPolicies,
  signer: SigningKey = applicationSigner,
): SignedApplication {
  const described = layers.map(({ region, content, encrypted, lie }) => ({
    ...describeLayer(region, content, digest),
    ...(encrypted && {
      encryptedWithKeyId: encrypted.keyId,
      fetchHash: digest([encrypted.carried]),
    }),
    ...lie,
  }))
  const body = encodeAppBody(described, policies)
  return publish(
    encodeManifest(signBody(body, signer, digest)),
    layers.map(({ content, encrypted }) => encrypted?.carried ?? content),
  )
}

/** A manifest's bytes, whatever they are, and contents beside it. */
export function publish(
  manifest: Uint8Array,
  contents: readonly Uint8Array[] = [],
): SignedApplication {
  const all = [manifest, ...contents].map((bytes) => [toHex(digest([bytes])), bytes] as const)
  return { hash: digest([manifest]), manifest, contents: new Map(all) }
}

/** Content that differs with `version` and is plausible as an image: a stack pointer and an entry. */
export function makeImage(version: number, bytes: number): Uint8Array {
  const image = new Uint8Array(bytes)
  for (let i = 0; i < bytes; i++) image[i] = (i * 7 + version * 31 + (i >> 8)) & 0xff
  const view = new DataView(image.buffer)
  view.setUint32(0, 0x2008_0000, true)
  view.setUint32(4, 0x0800_0201, true)
  return image
}
