/**
 * The installation's own keys, in the folder `keys/`: P-256, PKCS #8 PEM, readable by the owner
 * alone. Made at the first start.
 *
 * Devices have the public halves burnt in. A database that belongs to other keys, or keys that went
 * missing, would turn every device away; so the database remembers them (`checkKeys`).
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatKeyId, keyId, type Sign } from '@microvisor/protocol'
import type { Logger } from 'pino'
import type { Database } from '../storage/database.ts'
import { createDurably, makeFolder, removeTemporaries } from '../storage/durable-file.ts'
import { installation } from '../storage/schema.ts'
import { UsageError } from '../usage-error.ts'
import { digest } from './engines.ts'

export interface SigningKey {
  readonly name: string
  readonly privateKey: KeyObject
  /** X9.62 uncompressed point, 65 bytes. */
  readonly publicKey: Uint8Array
  readonly sign: Sign
}

export interface Keyring {
  readonly folder: string
  readonly kernelSigner: SigningKey
  readonly applicationSigner: SigningKey
  readonly deviceCa: SigningKey
  readonly gateway: SigningKey
}

/** Other servers may be writing to the folder. */
const SHARED_MS = 60_000

export async function openKeyring(folder: string, log: Logger): Promise<Keyring> {
  try {
    await makeFolder(folder, 0o700)
    await removeTemporaries(folder, SHARED_MS)
  } catch (error) {
    throw new UsageError(
      'KEYS_UNREADABLE',
      `The keys folder ${folder} cannot be used: ${(error as Error).message}.`,
      'Name a folder that this user may read and write with MICROVISOR_KEYS_FOLDER, or correct its permissions.',
      error,
    )
  }
  return {
    folder,
    kernelSigner: await openKey(folder, 'kernel-signer', log),
    applicationSigner: await openKey(folder, 'application-signer', log),
    deviceCa: await openKey(folder, 'device-ca', log),
    gateway: await openKey(folder, 'gateway', log),
  }
}

/** Remembers the keys that devices rely on, or refuses to run with others. */
export async function checkKeys(db: Database, keyring: Keyring): Promise<void> {
  for (const key of [keyring.kernelSigner, keyring.applicationSigner, keyring.deviceCa]) {
    const row = { name: `key ${key.name}`, value: formatKeyId(keyId(key.publicKey, digest)) }
    await db.insert(installation).values(row).onConflictDoNothing()
    const rows = await db.select().from(installation)
    const known = rows.find((one) => one.name === row.name)?.value
    if (known === row.value) continue
    throw new UsageError(
      'KEYS_MISSING',
      `${join(keyring.folder, `${key.name}.pem`)} holds key ${row.value}; the devices of this database know ${known}.`,
      'Put the keys folder that belongs to this database back, or begin with a new data folder.',
    )
  }
}

async function openKey(folder: string, name: string, log: Logger): Promise<SigningKey> {
  const path = join(folder, `${name}.pem`)
  const pem = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return makeKey(path, name, log)
    throw unreadable(path, error)
  })
  try {
    return signingKey(name, createPrivateKey(pem))
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function makeKey(path: string, name: string, log: Logger): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await createDurably(path, pem, { mode: 0o600 })
  log.info({ event: 'key made', key: name })
  return readFile(path, 'utf8')
}

function signingKey(name: string, privateKey: KeyObject): SigningKey {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('not a P-256 key')
  return {
    name,
    privateKey,
    // RFC 5480: the point is the last thing in a P-256 SubjectPublicKeyInfo.
    publicKey: new Uint8Array(der.subarray(-65)),
    sign: (message) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
}

function unreadable(path: string, cause: unknown): UsageError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UsageError(
    'KEYS_UNREADABLE',
    `${path} cannot be used as a private key: ${reason}.`,
    'Put the original file back; devices trust only that key.',
    cause,
  )
}
