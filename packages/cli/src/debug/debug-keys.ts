/** Debug keys: P-256 pairs in PEM. The public half goes into a bundle, the private one stays. */
import 'reflect-metadata'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  webcrypto,
} from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { X509CertificateGenerator } from '@peculiar/x509'
import { Failure } from '../errors.ts'
import { publicPoint, readKey } from '../policies.ts'

/** What TLS needs of a debugger: its key, and a certificate around the public half of it. */
export interface DebugIdentity {
  readonly privateKey: string
  readonly certificate: string
}

export interface KeyFiles {
  readonly privateKey: string
  readonly publicKey: string
}

/** Writes a new pair. Throws Failure rather than replace a file, unless `force`. */
export async function generateKeyPair(files: KeyFiles, force: boolean): Promise<void> {
  const existing = [files.privateKey, files.publicKey].filter((file) => existsSync(file))
  if (existing.length > 0 && !force) {
    throw new Failure({
      code: 'KEY_EXISTS',
      message: `${existing.join(' and ')} ${existing.length > 1 ? 'exist' : 'exists'} already.`,
      fix: 'name other files, or replace them with --force: devices that run with the old key can then no longer be debugged.',
    })
  }
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' })
  await writeFile(files.privateKey, privatePem, { mode: 0o600 })
  await writeFile(files.publicKey, publicPem)
}

/** Keeps a pair that is there, and makes what is missing. Throws Failure. */
export async function keepOrMakePair(files: KeyFiles): Promise<'kept' | 'made'> {
  if (existsSync(files.privateKey)) {
    await demandPair(files)
    return 'kept'
  }
  for (const file of [files.privateKey, files.publicKey]) {
    await mkdir(dirname(file), { recursive: true })
  }
  await generateKeyPair(files, false)
  return 'made'
}

/** Writes the public half where it is missing. Throws Failure if the halves are of two pairs. */
export async function demandPair({ privateKey, publicKey }: KeyFiles): Promise<void> {
  const key = privateKeyOf(await readFile(privateKey, 'utf8'), privateKey)
  const half = createPublicKey(key)
  if (!existsSync(publicKey)) {
    return writeFile(publicKey, half.export({ type: 'spki', format: 'pem' }))
  }
  const [given, own] = [readKey(publicKey), publicPoint(half)]
  if (given !== undefined && Buffer.from(own).equals(given)) return
  throw new Failure({
    code: 'DEBUG_KEYS_DIFFER',
    message: `${publicKey} is not the public half of ${privateKey}.`,
    fix: 'name the two halves of one pair, or remove the public half: it is made again.',
  })
}

/** What a bundle carries of the pair that a private key belongs to. Throws Failure. */
export async function publicHalf(privateKey: string): Promise<Uint8Array> {
  return publicPoint(createPublicKey(privateKeyOf(await readFile(privateKey, 'utf8'), privateKey)))
}

/** Reads a private key, and makes a certificate for it that lives as long as a session may. */
export async function debugIdentity(file: string): Promise<DebugIdentity> {
  const key = privateKeyOf(await readFile(file, 'utf8'), file)
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
  }
  const now = Date.now()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=microvisor debugger',
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + 2 * DAY_MS),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    keys,
  })
  return {
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: certificate.toString('pem'),
  }
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' }
const DAY_MS = 86_400_000

function privateKeyOf(pem: string, file: string): KeyObject {
  const wrong = (message: string) =>
    new Failure({
      code: 'DEBUG_KEY_UNREADABLE',
      message: `${file} ${message}`,
      fix: 'make a pair with `microvisor debug generate-keypair`; this command takes the private half.',
    })
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw wrong(`holds no private key in PEM: ${error instanceof Error ? error.message : error}.`)
  }
  const { namedCurve } = key.asymmetricKeyDetails ?? {}
  if (namedCurve === 'prime256v1') return key
  throw wrong(`holds a key of ${namedCurve ?? key.asymmetricKeyType}, not of P-256.`)
}
