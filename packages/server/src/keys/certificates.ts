/**
 * The installation's certificate authority (X.509, RFC 5280; P-256): it issues the certificates of
 * devices and of the gateway. A device's says who it is; the gateway's says by which names it can be
 * reached.
 *
 * The authority's has no well-defined end (RFC 5280, section 4.1.2.5): devices have it burnt in. A
 * device's lasts as long as the settings say and is renewed over the link (`device-certificates.ts`);
 * the gateway's lasts a year and is renewed in time.
 */
import 'reflect-metadata'
import { createPublicKey, randomBytes, type webcrypto, X509Certificate } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { Problem } from '@microvisor/api'
import * as x509 from '@peculiar/x509'
import { createDurably, writeDurably } from '../storage/durable-file.ts'
import type { Keyring, SigningKey } from './keyring.ts'

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const
const NO_END = new Date('9999-12-31T23:59:59Z')
const DAY_MS = 86_400_000
const GATEWAY_DAYS = 397
const RENEW_DAYS = 30
/** Of the key's identifier, in the name of the authority: one name for each key. */
const NAME_BYTES = 4
/** Devices whose clocks run behind accept a new certificate, too. */
const BACKDATED_MS = DAY_MS

export interface Authority {
  /** PEM. */
  readonly certificate: string
  /**
   * For a request in PEM or DER. `shown`: the certificate that the device has, whose key it keeps.
   * Throws Problem.
   */
  issueForDevice(
    csr: string | Uint8Array,
    deviceSid: string,
    shown?: X509Certificate,
  ): Promise<DeviceCertificate>
  /** A certificate for `names` (host names and addresses), renewed if the last is due or names others. */
  gatewayCertificate(names: readonly string[], now: Date): Promise<string>
}

export interface DeviceCertificate {
  readonly pem: string
  readonly der: Uint8Array
  /** Null: it has no end. */
  readonly expiresAt: Date | null
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string
}

/** `deviceDays`: how long certificates of devices last; 0: without an end. */
export async function openAuthority(
  keyring: Keyring,
  now: Date,
  deviceDays = 0,
): Promise<Authority> {
  const path = join(keyring.folder, 'device-ca.crt')
  let certificate = await readCertificate(path, keyring.deviceCa)
  if (certificate === undefined) {
    await rm(path, { force: true })
    const made = await makeOwnCertificate(keyring.deviceCa, now)
    await createDurably(path, made.toString('pem'), { mode: 0o644 })
    // Another server that starts at the same time may have been faster, or may replace this one yet:
    // what one of them vouches for stands with the other, as name and key are the same.
    certificate = (await readCertificate(path, keyring.deviceCa)) ?? made
  }
  const issuer = { certificate, key: await privateKeyOf(keyring.deviceCa) }
  return {
    certificate: certificate.toString('pem'),
    issueForDevice: (csr, deviceSid, shown) =>
      issueForDevice(issuer, parseRequest(csr), { deviceSid, deviceDays, shown }),
    gatewayCertificate: (names, at) => gatewayCertificate(issuer, keyring, names, at),
  }
}

async function makeOwnCertificate(key: SigningKey, now: Date): Promise<x509.X509Certificate> {
  const publicKey = await publicKeyOf(key)
  const { value } = await x509.SubjectKeyIdentifierExtension.create(publicKey)
  const name = Buffer.from(value).subarray(-NAME_BYTES).toString('hex')
  return x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Microvisor device CA ${name}`,
    keys: { privateKey: await privateKeyOf(key), publicKey },
    serialNumber: randomSerial(),
    notBefore: new Date(now.getTime() - BACKDATED_MS),
    notAfter: NO_END,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  })
}

interface Issuer {
  readonly certificate: x509.X509Certificate
  readonly key: webcrypto.CryptoKey
}

interface ForWhom {
  readonly deviceSid: string
  readonly deviceDays: number
  readonly shown: X509Certificate | undefined
}

interface Facts {
  readonly subject: string
  readonly publicKey: x509.PublicKey | webcrypto.CryptoKey
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: x509.Extension[]
}

async function issueForDevice(
  issuer: Issuer,
  request: x509.Pkcs10CertificateRequest,
  { deviceSid, deviceDays, shown }: ForWhom,
): Promise<DeviceCertificate> {
  const { name, namedCurve }: { name?: string; namedCurve?: string } = request.publicKey.algorithm
  if (name !== CURVE.name || namedCurve !== CURVE.namedCurve)
    throw new Problem(
      'CSR_KEY_UNSUPPORTED',
      `The certificate request has a key of type ${[name, namedCurve].filter(Boolean).join(' ')}.`,
    )
  if (!(await request.verify().catch(() => false)))
    throw new Problem(
      'CSR_SIGNATURE_WRONG',
      'The certificate request is not signed by its own key.',
    )
  const own = shown?.publicKey.export({ type: 'spki', format: 'der' })
  if (own !== undefined && !own.equals(Buffer.from(request.publicKey.rawData)))
    throw new Problem('CSR_KEY_UNSUPPORTED', 'The certificate request is for another key.')
  const expiresAt = deviceDays > 0 ? new Date(Date.now() + deviceDays * DAY_MS) : null
  const issued = await issue(issuer, {
    subject: `CN=${deviceSid}`,
    publicKey: request.publicKey,
    notBefore: new Date(Date.now() - BACKDATED_MS),
    notAfter: expiresAt ?? NO_END,
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  })
  const pem = issued.toString('pem')
  const certificate = new X509Certificate(pem)
  return { pem, der: certificate.raw, fingerprint: fingerprintOf(certificate), expiresAt }
}

/** As the database knows certificates. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

function parseRequest(csr: string | Uint8Array): x509.Pkcs10CertificateRequest {
  if (typeof csr === 'string' && !/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(csr))
    throw new Problem('CSR_MALFORMED', `Csr (${csr.length} characters) is no certificate request.`)
  try {
    return new x509.Pkcs10CertificateRequest(typeof csr === 'string' ? csr : csr.slice())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem('CSR_MALFORMED', `The certificate request cannot be read: ${reason}.`)
  }
}

async function gatewayCertificate(
  issuer: Issuer,
  { folder, gateway }: Keyring,
  names: readonly string[],
  now: Date,
): Promise<string> {
  const path = join(folder, 'gateway.crt')
  const last = await readCertificate(path, gateway)
  const due = now.getTime() + RENEW_DAYS * DAY_MS
  const how = { publicKey: issuer.certificate, signatureOnly: true }
  const isOfIssuer = last && (await last.verify(how).catch(() => false))
  if (isOfIssuer && last.notAfter.getTime() > due && sameNames(last, names))
    return last.toString('pem')
  const made = await issue(issuer, {
    subject: 'CN=Microvisor gateway',
    publicKey: await publicKeyOf(gateway),
    notBefore: new Date(now.getTime() - BACKDATED_MS),
    notAfter: new Date(now.getTime() + GATEWAY_DAYS * DAY_MS),
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternativeNames(names)),
    ],
  })
  await writeDurably(path, made.toString('pem'), { mode: 0o644 })
  return made.toString('pem')
}

async function issue(
  issuer: Issuer,
  { extensions, ...facts }: Facts,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    ...facts,
    serialNumber: randomSerial(),
    issuer: issuer.certificate.subject,
    signingKey: issuer.key,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      ...extensions,
    ],
  })
}

/** The certificate in a file; undefined if it is missing, unreadable or for another key. */
async function readCertificate(
  path: string,
  key: SigningKey,
): Promise<x509.X509Certificate | undefined> {
  try {
    const pem = await readFile(path, 'utf8')
    const spki = createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' })
    const certificate = new x509.X509Certificate(pem)
    return spki.equals(Buffer.from(certificate.publicKey.rawData)) ? certificate : undefined
  } catch {
    // It is made anew; the keys are what must not be lost.
    return undefined
  }
}

function alternativeNames(names: readonly string[]): x509.JsonGeneralNames {
  return names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))
}

function sameNames(certificate: x509.X509Certificate, names: readonly string[]): boolean {
  const made = new x509.SubjectAlternativeNameExtension(alternativeNames(names))
  const had = certificate.getExtension(x509.SubjectAlternativeNameExtension)
  return had !== null && Buffer.from(had.rawData).equals(Buffer.from(made.rawData))
}

function privateKeyOf(key: SigningKey): Promise<webcrypto.CryptoKey> {
  const der = key.privateKey.export({ type: 'pkcs8', format: 'der' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), CURVE, false, ['sign'])
}

function publicKeyOf(key: SigningKey): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('raw', new Uint8Array(key.publicKey), CURVE, true, ['verify'])
}

/** RFC 5280, section 4.1.2.2: positive, at most 20 bytes. */
function randomSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes.toString('hex')
}
