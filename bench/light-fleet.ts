/**
 * Thousands of devices that a server knows, made without asking it: enrolling them one by one over REST
 * takes longer than what is to be measured. Their rows are written before the server starts, and their
 * certificates are one real certificate with other names, signed by the installation's authority.
 */
import { createHash, randomBytes, sign } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, createSecureContext, type SecureContext } from 'node:tls'
import { makeSid } from '@microvisor/protocol'
import { Accounts, type Credentials } from '../packages/server/src/accounts/accounts.ts'
import { openAuthority } from '../packages/server/src/keys/certificates.ts'
import { openKeyring } from '../packages/server/src/keys/keyring.ts'
import { openDatabase } from '../packages/server/src/storage/database.ts'
import { deviceCertificates, devices } from '../packages/server/src/storage/schema.ts'
import { makeRequest } from '../packages/server/src/testing/device.ts'
import type { Line } from './light-device.ts'

const ROWS = 500

export interface LightIdentity {
  readonly sid: string
  /** DER. */
  readonly certificate: Buffer
}

export interface Fleet {
  readonly identities: readonly LightIdentity[]
  /** The one key of all of them, and the authority's certificate; PEM. */
  readonly key: string
  readonly ca: string
}

export interface GatewayAddress {
  readonly host: string
  readonly port: number
}

/** Connections over real TLS, with certificates on both sides. */
export function tlsDialler({ identities, key, ca }: Fleet) {
  const contexts = new Map<string, SecureContext>(
    identities.map(({ sid, certificate }) => {
      const own = { key, ca, cert: pem(certificate), minVersion: 'TLSv1.3' } as const
      return [sid, createSecureContext(own)]
    }),
  )
  return (gateway: GatewayAddress, sid: string, session: Buffer | undefined): Line =>
    connect({ ...gateway, secureContext: contexts.get(sid), ...(session && { session }) })
}

/** Writes the devices into the data folder of a server that does not run. `database`: its address, if it is not in the folder. */
export async function makeFleet(
  folder: string,
  count: number,
  databaseUrl?: string,
): Promise<Fleet> {
  await mkdir(folder, { recursive: true })
  const silent = { info: () => undefined } as unknown as Parameters<typeof openKeyring>[1]
  const keyring = await openKeyring(join(folder, 'keys'), silent)
  const authority = await openAuthority(keyring, new Date())
  const database = await openDatabase(databaseUrl ?? join(folder, 'db'))
  const account: Credentials = await new Accounts(database.db).openFirst(
    join(folder, 'credentials.json'),
  )
  const { csr, key } = await makeRequest()
  const sids = Array.from({ length: count }, () => makeSid('UV', randomBytes(16)))
  const first = await authority.issueForDevice(csr, sids[0]!)
  const forge = renamer(first.pem, sids[0]!, keyring.deviceCa.privateKey)
  const ders = sids.map(forge)
  const { accountSid } = account
  for (let at = 0; at < count; at += ROWS) {
    const some = sids.slice(at, at + ROWS)
    await database.db.insert(devices).values(some.map((sid) => ({ sid, accountSid })))
    await database.db.insert(deviceCertificates).values(
      some.map((deviceSid, i) => ({
        ...{ accountSid, deviceSid },
        fingerprint: createHash('sha256')
          .update(ders[at + i]!)
          .digest('hex'),
      })),
    )
  }
  await database.close()
  const identities = sids.map((sid, i) => ({ sid, certificate: ders[i]! }))
  return { identities, key, ca: authority.certificate }
}

type Key = Parameters<typeof sign>[2]

/** The certificate (X.509: SEQUENCE of what is signed, algorithm, signature) for another device. */
function renamer(original: string, name: string, authority: Key): (sid: string) => Buffer {
  const der = Buffer.from(original.replace(/-----.*-----|\s/g, ''), 'base64')
  const signed = element(der, element(der, 0).content)
  const algorithm = element(der, signed.end)
  const toBeSigned = der.subarray(signed.start, signed.end)
  const at = toBeSigned.indexOf(name)
  return (sid) => {
    const content = Buffer.from(toBeSigned)
    content.write(sid, at, 'latin1')
    const signature = sign('sha256', content, authority)
    const bits = Buffer.concat([Buffer.from([0x03, signature.length + 1, 0]), signature])
    const parts = [content, der.subarray(algorithm.start, algorithm.end), bits]
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    return Buffer.concat([Buffer.from([0x30, 0x82, length >> 8, length & 0xff]), ...parts])
  }
}

/** One element of DER (X.690, 8.1): where it begins, where its content does, where it ends. */
function element(der: Buffer, start: number) {
  const first = der[start + 1]!
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  const content = start + 2 + lengthBytes
  const length = lengthBytes === 0 ? first : der.readUIntBE(start + 2, lengthBytes)
  return { start, content, end: content + length }
}

function pem(der: Buffer): string {
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
