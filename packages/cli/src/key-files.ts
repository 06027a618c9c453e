/** Keys in files of the user's: pairs that sign manifests (PEM), and keys that encrypt layers (hexadecimal). */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { formatKeyId, keyIdOf, LAYER_KEY_BYTES } from '@microvisor/protocol'
import { readLayerKey } from './bundle-contents.ts'
import { sha256 } from './bundling.ts'
import { readKey } from './policies.ts'

export interface MadeKey {
  readonly kind: 'signer' | 'layer'
  readonly key_id: string
  readonly files: readonly string[]
}

/** Throws where a file of that name exists: a key that is overwritten is lost. */
export function createSigningKey(name: string): MadeKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const files = [`${name}.pem`, `${name}.pub.pem`]
  const secret = privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(files[0]!, secret, { mode: 0o600, flag: 'wx' })
  writeFileSync(files[1]!, publicKey.export({ type: 'spki', format: 'pem' }), { flag: 'wx' })
  return { ...keyOfFile(files[1]!), files }
}

export function createLayerKey(name: string): MadeKey {
  const files = [`${name}.layerkey`]
  const text = `${randomBytes(LAYER_KEY_BYTES).toString('hex')}\n`
  writeFileSync(files[0]!, text, { mode: 0o600, flag: 'wx' })
  return { ...keyOfFile(files[0]!), files }
}

export function keyOfFile(file: string): Pick<MadeKey, 'kind' | 'key_id'> {
  if (!readFileSync(file, 'utf8').includes('-----BEGIN'))
    return { kind: 'layer', key_id: formatKeyId(keyIdOf('layer', readLayerKey(file), sha256)) }
  const key = readKey(file) ?? new Uint8Array(0)
  return { kind: 'signer', key_id: formatKeyId(keyIdOf('signer', key, sha256)) }
}
