/**
 * The firmware that a scenario runs: an ELF file, a raw image, or a bundle, for the bare chip or for
 * the application's half under the microvisor; and the symbols that expectations name.
 */
import { readFileSync } from 'node:fs'
import {
  type AppPolicies,
  applicationRoom,
  checkImage,
  type ElfSymbol,
  ImageError,
  isElf,
  type Layer,
  parseBundle,
  readElfImage,
  readElfSymbols,
  toHex,
  wholeChipRoom,
} from '@microvisor/protocol'
import { hostDigest } from '../hardware/engines.ts'

export interface Firmware {
  readonly path: string
  readonly image: Uint8Array
  /** None for a stripped file, a raw image or a bundle. */
  readonly symbols: readonly ElfSymbol[]
  /** What a bundle holds beside the image. */
  readonly bundle: FirmwareBundle | undefined
}

export interface FirmwareBundle {
  readonly layers: readonly Layer[]
  /** Contents of the layers by hash, in hexadecimal. */
  readonly contents: ReadonlyMap<string, Uint8Array>
  readonly policies: AppPolicies
}

export interface FirmwareOptions {
  readonly path: string
  /** An ELF file with the symbols of an image that has none. */
  readonly symbolsPath: string | undefined
  readonly isBare: boolean
}

/** Throws ImageError or an error of the file system. */
export function readFirmware({ path, symbolsPath, isBare }: FirmwareOptions): Firmware {
  const file = readFileSync(path)
  const symbolFile = symbolsPath === undefined ? file : readFileSync(symbolsPath)
  const symbols = isElf(symbolFile) ? readElfSymbols(symbolFile) : []
  return { path, image: readImage(path, file, isBare), symbols, bundle: bundleOf(file) }
}

function readImage(path: string, file: Uint8Array, isBare: boolean): Uint8Array {
  const room = isBare ? wholeChipRoom : applicationRoom
  try {
    if (isElf(file)) return readElfImage(file, room)
    const image = isZip(file) ? layerOf(file) : file
    checkImage(image, room)
    return image
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    throw new ImageError(error.code, `${path}: ${error.message}`)
  }
}

/** Only after the image was read: what is wrong with it was found there. */
function bundleOf(file: Uint8Array): FirmwareBundle | undefined {
  if (!isZip(file)) return undefined
  const { manifest, layers: contents } = parseBundle(file, hostDigest)
  return { layers: manifest.layers, policies: manifest.policies, contents }
}

function isZip(file: Uint8Array): boolean {
  return file[0] === 0x50 && file[1] === 0x4b
}

/** The layer for the start of the application's flash. */
function layerOf(file: Uint8Array): Uint8Array {
  const { manifest, layers } = parseBundle(file, hostDigest)
  const first = manifest.layers.find(({ place, start }) => place === 'internal' && start === 0)
  const content = first && layers.get(toHex(first.fetchHash))
  if (content !== undefined) return content
  throw new ImageError('IMAGE_EMPTY', 'The bundle has no layer for the start of the flash.')
}

/** The symbol that holds an address: for reports. */
export function functionAt(symbols: readonly ElfSymbol[], address: number): string | undefined {
  const found = symbols.findLast(
    ({ kind, address: from, bytes }) =>
      kind === 'function' && from <= address && address < from + Math.max(bytes, 2),
  )
  return found?.name
}
