/**
 * The least of a cloud that a device can be made by: an authority, the two signing keys, and a
 * gateway's certificate. Real keys and certificates, made for one test.
 */
import 'reflect-metadata'
import { generateKeyPairSync, type KeyObject, randomBytes, sign, type webcrypto } from 'node:crypto'
import { encodeManifest, packBundle, parseKernelBundle, signBody } from '@microvisor/protocol'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { hostDigest } from '../hardware/engines.ts'
import type { Enrolment } from '../provision.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

const VALIDITY: Validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('9999-12-31') }

interface SigningKey {
  readonly privateKey: KeyObject
  /** X9.62 uncompressed. */
  readonly publicKey: Uint8Array
}

export class TestCloud {
  readonly kernelSigner = signingKey()
  readonly applicationSigner = signingKey()
  readonly #caKeys: webcrypto.CryptoKeyPair
  readonly #ca: X509Certificate
  /** Where devices are told to connect. */
  gateway = { host: 'localhost', port: 1 }

  private constructor(caKeys: webcrypto.CryptoKeyPair, ca: X509Certificate) {
    this.#caKeys = caKeys
    this.#ca = ca
  }

  static async make(): Promise<TestCloud> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const ca = await X509CertificateGenerator.createSelfSigned({
      ...{ name: 'CN=Test CA', keys, signingAlgorithm: ALGORITHM, ...VALIDITY },
      extensions: [new BasicConstraintsExtension(true, 0, true)],
    })
    return new TestCloud(keys, ca)
  }

  get caCertificate(): string {
    return this.#ca.toString('pem')
  }

  async enrol(request: string): Promise<Enrolment> {
    const { publicKey } = new Pkcs10CertificateRequest(request)
    const sid = `UV${randomBytes(16).toString('hex')}`
    return {
      ...{ sid, accountSid: `AC${'0'.repeat(32)}`, name: undefined, gateway: this.gateway },
      certificate: await this.#issue(`CN=${sid}`, await publicKey.export(), 'clientAuth'),
      caCertificate: this.caCertificate,
      kernelSigner: Buffer.from(this.kernelSigner.publicKey).toString('hex'),
      applicationSigner: Buffer.from(this.applicationSigner.publicKey).toString('hex'),
    }
  }

  /** The same kernel bundle, signed. */
  signKernel(bundle: Uint8Array): Uint8Array {
    const { manifest, layers } = parseKernelBundle(bundle, hostDigest)
    return packBundle(signManifest(manifest.body, this.kernelSigner), layers)
  }

  /** Key and certificate of a gateway on this machine. */
  async gatewayIdentity(
    validity: Validity = VALIDITY,
    usage: keyof typeof ExtendedKeyUsage = 'serverAuth',
  ): Promise<{ key: string; certificate: string }> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`
    const certificate = await this.#issue('CN=Test gateway', keys.publicKey, usage, validity)
    return { key, certificate }
  }

  async #issue(
    subject: string,
    publicKey: webcrypto.CryptoKey,
    usage: keyof typeof ExtendedKeyUsage,
    validity: Validity = VALIDITY,
  ): Promise<string> {
    const issued = await X509CertificateGenerator.create({
      ...{ subject, publicKey, ...validity, signingAlgorithm: ALGORITHM },
      ...{ issuer: this.#ca.subject, signingKey: this.#caKeys.privateKey },
      serialNumber: randomBytes(8).toString('hex'),
      extensions: [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage[usage]]),
        new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
      ],
    })
    return issued.toString('pem')
  }
}

function signManifest(body: Uint8Array, key: SigningKey): Uint8Array {
  const signer = {
    publicKey: key.publicKey,
    sign: (message: Uint8Array) =>
      sign('sha256', message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }),
  }
  return encodeManifest(signBody(body, signer, hostDigest))
}

function signingKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const bytes = [Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')]
  return { privateKey, publicKey: new Uint8Array(Buffer.concat(bytes)) }
}
