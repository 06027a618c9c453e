/**
 * From a file that a user names to a bundle that can be uploaded: an ELF file or a raw image is
 * bundled, a bundle is taken as it is.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import {
  type AppPolicies,
  BUNDLE_BYTES_MAX,
  type BundleLayer,
  buildBundle,
  checkImage,
  ImageError,
  INTERNAL_FLASH_BYTES,
  isElf,
  readElfImage,
  type Sign,
} from '@microvisor/protocol'
import { Failure } from './errors.ts'
import { bytes } from './output.ts'

export interface BundleContents {
  /** Besides the image. */
  readonly layers: readonly BundleLayer[]
  /** Of the image's region. */
  readonly imageBytes: number
  readonly encrypt: ((content: Uint8Array) => NonNullable<BundleLayer['encrypted']>) | undefined
  readonly signer: { readonly publicKey: Uint8Array; readonly sign: Sign } | undefined
}

const justTheImage: BundleContents = {
  layers: [],
  imageBytes: INTERNAL_FLASH_BYTES,
  encrypt: undefined,
  signer: undefined,
}

export type InputKind = 'bundle' | 'elf' | 'raw image'

const ZIP_MAGIC = Buffer.from('PK')

/** Told by content, not by name; anything else is a raw image, if its name says so. */
export function inputKind(path: string, content: Uint8Array): InputKind {
  if (isElf(content)) return 'elf'
  if (ZIP_MAGIC.every((byte, at) => content[at] === byte)) return 'bundle'
  if (extname(path) === '.bin') return 'raw image'
  throw new Failure({
    code: 'INPUT_UNKNOWN',
    message: `${path} is neither an ELF file nor a bundle, and its name does not end in .bin.`,
    fix: 'give the .elf or .bin file that the build made, or a bundle (.zip).',
  })
}

export function readInput(path: string): Uint8Array {
  const content = readFileSync(path)
  if (content.length <= BUNDLE_BYTES_MAX) return content
  throw new Failure({
    code: 'INPUT_TOO_LARGE',
    message: `${path} has ${bytes(content.length)}; at most ${bytes(BUNDLE_BYTES_MAX)} are allowed.`,
    fix: 'give the file that the build made; debug information can be left out (`arm-none-eabi-strip`).',
  })
}

/** A bundle with the image at the start of the application's flash, and what `contents` adds. */
export function bundleImage(
  path: string,
  content: Uint8Array,
  policies: AppPolicies,
  contents: BundleContents = justTheImage,
): Uint8Array {
  const { layers, imageBytes, encrypt, signer } = contents
  const region = { place: 'internal', start: 0, size: imageBytes } as const
  const all = [{ region, content: readImage(path, content) }, ...layers]
  const carried = all.map((layer) => ({ ...layer, encrypted: encrypt?.(layer.content) }))
  return buildBundle(carried, policies, sha256, signer)
}

export function refuseBundle(path: string, content: Uint8Array): void {
  if (inputKind(path, content) !== 'bundle') return
  throw new Failure({
    code: 'INPUT_IS_BUNDLE',
    message: `${path} is a bundle already.`,
    fix: 'upload it with `microvisor apps create`, or give the ELF file or raw image it is made of.',
  })
}

function readImage(path: string, content: Uint8Array): Uint8Array {
  try {
    if (inputKind(path, content) === 'elf') return readElfImage(content)
    checkImage(content)
    return content
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    const { code, message, fix } = error
    throw new Failure({ code, message: `${path}: ${message}`, fix, cause: error })
  }
}

/** Beside the input, under its name. */
export function bundlePath(input: string): string {
  return join(input, '..', `${basename(input, extname(input))}.zip`)
}

export function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
