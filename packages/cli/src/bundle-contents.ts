/** What a bundle carries besides its image, made of the flags in content-flags.ts. */
import { createCipheriv, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type BundleLayer,
  type CounterCipher,
  encryptLayer,
  INTERNAL_FLASH_BYTES,
  keyIdOf,
  LAYER_KEY_BYTES,
  LAYER_NONCE_BYTES,
  places,
  type Region,
} from '@microvisor/protocol'
import { type BundleContents, readInput, sha256 } from './bundling.ts'
import type { ContentFlags } from './content-flags.ts'
import { Failure, usageError } from './errors.ts'

export function contentsOf(flags: ContentFlags): BundleContents {
  const size = flags['image-size']
  return {
    layers: (flags.layer ?? []).map(readLayer),
    imageBytes: size === undefined ? INTERNAL_FLASH_BYTES : number(size, '--image-size'),
    encrypt: encryption(flags['layer-key']),
    signer: readSigner(flags['signing-key']),
  }
}

/** PLACE@OFFSET[+SIZE]=FILE */
function readLayer(text: string): BundleLayer {
  const [, place, start = '', size, file = ''] =
    /^(internal|external)@(\w+)(?:\+(\w+))?=(.+)$/.exec(text) ?? []
  if (place !== 'internal' && place !== 'external')
    throw usageError(
      `--layer ${text} is not of the form PLACE@OFFSET[+SIZE]=FILE.`,
      'PLACE is internal or external: --layer external@0x1000+0x8000=files.img',
    )
  const content = readInput(file)
  const { eraseBytes } = places[place]
  const region: Region = {
    place,
    start: number(start, '--layer'),
    size: size === undefined ? roundUp(content.length, eraseBytes) : number(size, '--layer'),
  }
  return { region, content }
}

function encryption(file: string | undefined): BundleContents['encrypt'] {
  if (file === undefined) return undefined
  const key = readLayerKey(file)
  const keyId = keyIdOf('layer', key, sha256)
  return (content) => ({
    keyId,
    carried: encryptLayer(counterCipher, key, randomBytes(LAYER_NONCE_BYTES), content),
  })
}

const counterCipher: CounterCipher = (key, counter, bytes) => {
  bytes.set(createCipheriv('aes-256-ctr', key, counter).update(bytes))
}

/** A layer key file: 64 hexadecimal digits. */
export function readLayerKey(file: string): Uint8Array {
  const text = readFileSync(file, 'utf8').trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  throw new Failure({
    code: 'KEY_UNUSABLE',
    message: `${file} holds no layer key: ${LAYER_KEY_BYTES} bytes in hexadecimal.`,
    fix: 'make one with `microvisor keys create NAME --layer`.',
  })
}

function readSigner(file: string | undefined): BundleContents['signer'] {
  if (file === undefined) return undefined
  try {
    const key = createPrivateKey(readFileSync(file))
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('not P-256')
    return {
      publicKey: new Uint8Array(
        createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-65),
      ),
      sign: (message) => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
    }
  } catch (cause) {
    throw new Failure({
      code: 'KEY_UNUSABLE',
      message: `${file} cannot be used as a private key for signing: ${cause instanceof Error ? cause.message : cause}.`,
      fix: 'give a P-256 private key in PEM form: `microvisor keys create NAME`.',
      cause,
    })
  }
}

function number(text: string, flag: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value
  throw usageError(`${flag}: \`${text}\` is no number of bytes.`, 'write 4096 or 0x1000.')
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit
}
