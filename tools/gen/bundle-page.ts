/** docs/reference/bundles.md: the bundle format, its limits, and what can be wrong with a bundle or an image. */
import {
  BUNDLE_BYTES_MAX,
  bundleErrors,
  imageErrors,
  LAYERS_MAX,
  MANIFEST_BYTES_MAX,
  places,
} from '@microvisor/protocol'
import { code, table } from './markdown.ts'
import { makeProtoPage } from './proto-page.ts'

export function makeBundlePage(): string {
  const { opening, messages } = makeProtoPage('bundle.proto')
  return `# Bundles

<!-- Generated from packages/protocol by \`npm run gen\`: change it there. -->

${opening}

${rules}

## Limits

${limits}
## Errors in bundles

${table(['code', 'what to do'], errorRows(bundleErrors))}
## Errors in images

An image is what goes into the flash: made of an ELF file, or given as it is.

${table(['code', 'what to do'], errorRows(imageErrors))}
## Messages

${messages}`
}

const rules = `- **Hashes** are SHA-256. \`fetch_hash\` covers a layer as it is carried, \`measurement_hash\` the whole
  region as it lies in flash afterwards: the content, then 0xFF to the end of the region. The hash that names an
  application covers the whole serialised OpaqueManifest.
- **Signatures** are ECDSA over P-256 with SHA-256, r then s, 32 bytes each, big-endian. What is signed is
  \`twlo-mv-manifest-v1\`, one zero byte, and the bytes of \`body\`.
- **Key ids** are the first 8 bytes, big-endian, of the SHA-256 over two zero bytes and the public key in X9.62
  uncompressed form.
- **Zip**: stored or deflated entries; no encryption, no zip64, no folders, no entries beside those the manifest
  names.
- **Unknown fields** in a manifest are refused: they may be policies, and a policy that is silently not kept is worse
  than a bundle that is clearly not taken. Known fields may come in any order and encoding; the body is never
  encoded anew.
- **Regions** begin and end on erase units and do not overlap. A layer may fill its region to the last byte.`

const limits = table(
  ['what', 'limit'],
  [
    ['a bundle, as a file', `${BUNDLE_BYTES_MAX} bytes`],
    ['a manifest', `${MANIFEST_BYTES_MAX} bytes`],
    ['layers', `${LAYERS_MAX}`],
    ...Object.values(places).map(({ name, bytes, eraseBytes }) => [
      `the application's share of the ${name}`,
      `${bytes} bytes, in units of ${eraseBytes}`,
    ]),
  ],
)

function errorRows(errors: Readonly<Record<string, string>>): string[][] {
  return Object.entries(errors).map(([key, fix]) => [code(key), fix])
}
