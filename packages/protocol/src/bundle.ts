/**
 * Bundles: an application as one file. A zip with the entry "manifest" and one entry for each layer,
 * named by the SHA-256 of its content in lower-case hexadecimal; nothing else.
 *
 * What `parseBundle` returns can be installed: every layer is there, is what its name says, fits its
 * region, and gives the measurement that the manifest promises. Whether the signature counts is not
 * decided here (`verifySignature`).
 */
import { refuse } from './bundle-errors.ts'
import { type Digest, equalBytes, type Sign } from './digest.ts'
import { toHex } from './hex.ts'
import { type KernelManifest, parseKernelManifest } from './kernel-manifest.ts'
import { LAYER_NONCE_BYTES } from './layer-cipher.ts'
import {
  checkContentSize,
  describeLayer,
  formatRegion,
  type Layer,
  measure,
  type Region,
} from './layers.ts'
import { BUNDLE_BYTES_MAX, KERNEL_LAYER_BYTES_MAX, MANIFEST_BYTES_MAX } from './limits.ts'
import {
  type AppManifest,
  type AppPolicies,
  encodeAppBody,
  encodeManifest,
  parseAppManifest,
  signBody,
  unsigned,
} from './manifest.ts'
import { readEntry, readZip, writeZip, type ZipEntry } from './zip.ts'

const MANIFEST_ENTRY = 'manifest'

export interface Bundle {
  readonly manifest: AppManifest
  /** The entry `manifest` as it is; its hash names the application. */
  readonly manifestBytes: Uint8Array
  /** Content by the hexadecimal SHA-256 of it. */
  readonly layers: ReadonlyMap<string, Uint8Array>
}

export interface KernelBundle extends Omit<Bundle, 'manifest'> {
  readonly manifest: KernelManifest
}

export interface BundleLayer {
  readonly region: Region
  readonly content: Uint8Array
  /** What it is carried as instead: the same content, encrypted with this key. */
  readonly encrypted?: { readonly keyId: bigint; readonly carried: Uint8Array } | undefined
}

/** A bundle, unsigned without a signer. The same input gives the same bytes. Throws BundleError. */
export function buildBundle(
  layers: readonly BundleLayer[],
  policies: AppPolicies,
  digest: Digest,
  signer?: { readonly publicKey: Uint8Array; readonly sign: Sign },
): Uint8Array {
  const described = layers.map(({ region, content, encrypted }) => {
    const layer = describeLayer(region, content, digest)
    if (encrypted === undefined) return layer
    const { keyId: encryptedWithKeyId, carried } = encrypted
    return { ...layer, encryptedWithKeyId, fetchHash: digest([carried]) }
  })
  const contents = described.map(({ fetchHash }, i) => {
    const { content, encrypted } = layers[i]!
    return [toHex(fetchHash), encrypted?.carried ?? content] as const
  })
  const body = encodeAppBody(described, policies)
  const manifest = signer === undefined ? unsigned(body) : signBody(body, signer, digest)
  return packBundle(encodeManifest(manifest), new Map(contents))
}

/** The file of a manifest and its layers; with a manifest that has just been signed, the signed bundle. */
export function packBundle(
  manifestBytes: Uint8Array,
  layers: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const file = writeZip([[MANIFEST_ENTRY, manifestBytes], ...layers])
  checkBundleSize(file.length)
  return file
}

/** Throws BundleError for a file that is not a bundle which can be installed. */
export function parseBundle(file: Uint8Array, digest: Digest): Bundle {
  const { entries, manifestBytes } = openBundle(file)
  const manifest = parseAppManifest(manifestBytes)
  refuseExtra(entries, manifest.layers)
  const layers = new Map<string, Uint8Array>()
  for (const layer of manifest.layers) readLayerContent(layer, entries, layers, digest)
  return { manifest, manifestBytes, layers }
}

/** As `parseBundle`, for a kernel's. Throws BundleError. */
export function parseKernelBundle(file: Uint8Array, digest: Digest): KernelBundle {
  const { entries, manifestBytes } = openBundle(file)
  const manifest = parseKernelManifest(manifestBytes)
  refuseExtra(entries, manifest.layers)
  const layers = new Map<string, Uint8Array>()
  for (const { region, fetchHash } of manifest.layers) {
    const name = toHex(fetchHash)
    const entry = findEntry(entries, name, `region ${region}`)
    layers.set(name, readContent(entry, KERNEL_LAYER_BYTES_MAX, digest))
  }
  return { manifest, manifestBytes, layers }
}

function openBundle(file: Uint8Array) {
  checkBundleSize(file.length)
  const entries = indexEntries(readZip(file))
  const manifestEntry = entries.get(MANIFEST_ENTRY)
  if (manifestEntry === undefined)
    return refuse('BUNDLE_MANIFEST_MISSING', `The zip file has no entry "${MANIFEST_ENTRY}".`)
  if (manifestEntry.bytes > MANIFEST_BYTES_MAX)
    refuse(
      'MANIFEST_TOO_LARGE',
      `The manifest has ${manifestEntry.bytes} bytes; ${MANIFEST_BYTES_MAX} are allowed.`,
    )
  return { entries, manifestBytes: readEntry(manifestEntry, MANIFEST_BYTES_MAX) }
}

function indexEntries(entries: readonly ZipEntry[]): Map<string, ZipEntry> {
  const index = new Map<string, ZipEntry>()
  for (const entry of entries) {
    const { name } = entry
    if (index.has(name)) refuse('BUNDLE_ENTRY_DUPLICATE', `The zip file has two entries "${name}".`)
    if (name !== MANIFEST_ENTRY && !/^[0-9a-f]{64}$/.test(name))
      refuse(
        'BUNDLE_ENTRY_NAME',
        `The entry "${name}" is neither "${MANIFEST_ENTRY}" nor named by a SHA-256 in lower-case hexadecimal.`,
      )
    index.set(name, entry)
  }
  return index
}

function refuseExtra(
  entries: ReadonlyMap<string, ZipEntry>,
  layers: readonly { readonly fetchHash: Uint8Array }[],
): void {
  const named = new Set(layers.map(({ fetchHash }) => toHex(fetchHash)))
  for (const name of entries.keys())
    if (name !== MANIFEST_ENTRY && !named.has(name))
      refuse(
        'BUNDLE_ENTRY_UNKNOWN',
        `The zip file has an entry "${name}", which the manifest does not name.`,
      )
}

/** Takes one layer's content into `layers`, inflating it only once it is known to be small enough. */
function readLayerContent(
  layer: Layer,
  entries: ReadonlyMap<string, ZipEntry>,
  layers: Map<string, Uint8Array>,
  digest: Digest,
): void {
  const name = toHex(layer.fetchHash)
  const entry = findEntry(entries, name, formatRegion(layer))
  const isPlain = layer.encryptedWithKeyId === 0n
  if (isPlain) checkContentSize(layer, entry.bytes)
  else checkCarriedSize(layer, entry.bytes)
  const content = layers.get(name) ?? readContent(entry, entry.bytes, digest)
  if (isPlain && !equalBytes(measure(content, layer.size, digest), layer.measurementHash))
    refuse(
      'LAYER_MEASUREMENT_MISMATCH',
      `The layer for ${formatRegion(layer)} does not give the measurement ${toHex(layer.measurementHash)} that the manifest promises.`,
    )
  layers.set(name, content)
}

/** Of an encrypted layer: a nonce, and content that fits the region. */
function checkCarriedSize(layer: Layer, bytes: number): void {
  if (bytes <= LAYER_NONCE_BYTES || bytes > layer.size + LAYER_NONCE_BYTES)
    refuse(
      'LAYER_CIPHERTEXT',
      `The encrypted layer for ${formatRegion(layer)} has ${bytes} bytes; a nonce of ${LAYER_NONCE_BYTES} and content of 1 to ${layer.size} are allowed.`,
    )
}

function findEntry(entries: ReadonlyMap<string, ZipEntry>, name: string, target: string): ZipEntry {
  const entry = entries.get(name)
  if (entry !== undefined) return entry
  return refuse(
    'BUNDLE_LAYER_MISSING',
    `The layer for ${target} is missing: the zip file has no entry "${name}".`,
  )
}

/** An entry's content, which has to be what the entry's name says. */
function readContent(entry: ZipEntry, limitBytes: number, digest: Digest): Uint8Array {
  const content = readEntry(entry, limitBytes)
  const hash = toHex(digest([content]))
  if (hash !== entry.name)
    refuse('LAYER_HASH_MISMATCH', `The entry "${entry.name}" has content with the SHA-256 ${hash}.`)
  return content
}

function checkBundleSize(bytes: number): void {
  if (bytes > BUNDLE_BYTES_MAX)
    refuse('BUNDLE_TOO_LARGE', `The bundle has ${bytes} bytes; ${BUNDLE_BYTES_MAX} are allowed.`)
}
