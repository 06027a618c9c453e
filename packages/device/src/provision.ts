/**
 * Makes a new device: its key, its certificate, its fuses and option bytes, its flash with preboot,
 * bootrom and a kernel in it.
 *
 * Everything is prepared in FOLDER.partial, which becomes FOLDER in one step at the end. Stopped at
 * any moment, it can be called again: the key is kept, and so is the answer of the cloud once it
 * has come, so that no second device is enrolled for it.
 */
import 'reflect-metadata'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type webcrypto,
  X509Certificate,
} from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EXTERNAL_FLASH_BYTES, encodeOptionBytes, INTERNAL_FLASH_BYTES, RDP } from '@microvisor/mcu'
import {
  encodeFuses,
  internalLayout,
  type KernelImage,
  layOutBoot,
  layOutKernel,
} from '@microvisor/microvisor'
import { parseKernelBundle, parseSid, toHex } from '@microvisor/protocol'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { DeviceError } from './errors.ts'
import {
  type DeviceRecord,
  devicePath,
  isDeviceFolder,
  writeDeviceFile,
  writeJson,
} from './folder/device-folder.ts'
import { createFlashFile } from './folder/flash-file.ts'
import { hostDigest } from './hardware/engines.ts'
import { buildBootImage } from './kernel-image.ts'

const ENROLMENT_FILE = 'enrolment.json'
const KERNEL_FILE = 'kernel.zip'
const FLASH_PAGE_BYTES = 0x2000

/** What the cloud gives a device that shows it a certificate request. */
export interface Enrolment {
  readonly sid: string
  readonly accountSid: string
  readonly name: string | undefined
  /** PEM. */
  readonly certificate: string
  /** PEM: what the gateway's certificate goes back to. */
  readonly caCertificate: string
  readonly gateway: { readonly host: string; readonly port: number }
  /** P-256 public keys, X9.62 uncompressed, in hexadecimal. */
  readonly kernelSigner: string
  readonly applicationSigner: string
}

export interface ProvisionOptions {
  readonly folder: string
  /** Shows the request (PKCS #10, PEM) to the cloud. Called at most once for a device that gets made. */
  readonly enrol: (certificateRequest: string) => Promise<Enrolment>
  /** The kernel bundle, signed by the key that `Enrolment.kernelSigner` names. */
  readonly fetchKernel: () => Promise<Uint8Array>
}

export async function provisionDevice(options: ProvisionOptions): Promise<DeviceRecord> {
  const { folder } = options
  if (existsSync(folder)) {
    const what = isDeviceFolder(folder) ? 'already holds a device' : 'exists and is no device'
    throw new DeviceError('DEVICE_FOLDER_TAKEN', `${folder} ${what}.`)
  }
  const partial = `${folder}.partial`
  mkdirSync(partial, { recursive: true, mode: 0o700 })
  const key = deviceKey(partial)
  const enrolment = await enrolOnce(partial, key, options.enrol)
  checkEnrolment(enrolment, key)
  const kernel = await kernelOnce(partial, options.fetchKernel)
  const record = fill(partial, enrolment, kernel, await buildBootImage())
  for (const name of [ENROLMENT_FILE, KERNEL_FILE]) rmSync(join(partial, name), { force: true })
  mkdirSync(dirname(folder), { recursive: true })
  renameSync(partial, folder)
  return record
}

function deviceKey(partial: string): KeyObject {
  const path = devicePath(partial, 'key')
  if (existsSync(path)) return createPrivateKey(readFileSync(path))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeDeviceFile(partial, 'key', privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
  return privateKey
}

async function enrolOnce(
  partial: string,
  key: KeyObject,
  enrol: ProvisionOptions['enrol'],
): Promise<Enrolment> {
  const path = join(partial, ENROLMENT_FILE)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Enrolment
  const enrolment = await enrol(await certificateRequest(key))
  writeWhole(path, JSON.stringify(enrolment))
  return enrolment
}

async function kernelOnce(
  partial: string,
  fetchKernel: ProvisionOptions['fetchKernel'],
): Promise<KernelImage> {
  const path = join(partial, KERNEL_FILE)
  if (!existsSync(path)) writeWhole(path, await fetchKernel())
  const { manifest, manifestBytes, layers } = parseKernelBundle(readFileSync(path), hostDigest)
  const content = (region: 'Kernel' | 'NSC') => {
    const layer = manifest.layers.find((candidate) => candidate.region === region)
    const bytes = layer && layers.get(toHex(layer.fetchHash))
    if (bytes !== undefined) return bytes
    throw new DeviceError('DEVICE_ENROLMENT_INVALID', `The kernel bundle has no layer ${region}.`)
  }
  return { manifest: manifestBytes, kernel: content('Kernel'), nsc: content('NSC') }
}

/** The files of the device, in the partial folder. */
function fill(
  partial: string,
  enrolment: Enrolment,
  kernel: KernelImage,
  boot: Uint8Array,
): DeviceRecord {
  const flash = new Uint8Array(INTERNAL_FLASH_BYTES).fill(0xff)
  for (const { offset, bytes } of [layOutBoot(boot), ...layOutKernel(kernel)])
    flash.set(bytes, offset)
  createFlashFile({ path: devicePath(partial, 'internalFlash'), isInverted: false }, flash)
  const external = new Uint8Array(EXTERNAL_FLASH_BYTES).fill(0xff)
  createFlashFile({ path: devicePath(partial, 'externalFlash'), isInverted: true }, external)
  writeDeviceFile(partial, 'fuses', fusesOf(enrolment, boot))
  writeDeviceFile(partial, 'optionBytes', closedOptionBytes())
  writeDeviceFile(partial, 'certificate', enrolment.certificate)
  writeDeviceFile(partial, 'ca', enrolment.caCertificate)
  const { sid, accountSid, name, gateway } = enrolment
  const record = { sid, accountSid, name, gateway }
  writeJson(partial, 'record', record)
  return record
}

/** Everything closed that can be, for ever: readout protection of level 2 locks the option bytes, too. */
export function closedOptionBytes(): Uint8Array {
  const bootPages = internalLayout.boot.size / FLASH_PAGE_BYTES
  return encodeOptionBytes({ readoutProtection: RDP.level2, isTrustZoneOn: true, bootPages })
}

function fusesOf(enrolment: Enrolment, boot: Uint8Array): Uint8Array {
  const { raw } = new X509Certificate(enrolment.caCertificate)
  return encodeFuses({
    deviceSid: parseSid(enrolment.sid, 'UV'),
    accountSid: parseSid(enrolment.accountSid, 'AC'),
    deviceType: 'Imp201c',
    deviceCaSha256: createHash('sha256').update(raw).digest(),
    bootSha256: hostDigest([boot]),
    kernelSigner: Buffer.from(enrolment.kernelSigner, 'hex'),
    applicationSigner: Buffer.from(enrolment.applicationSigner, 'hex'),
  })
}

function checkEnrolment({ certificate, caCertificate }: Enrolment, key: KeyObject): void {
  const refuse = (why: string): never => {
    throw new DeviceError('DEVICE_ENROLMENT_INVALID', `The cloud's answer cannot be used: ${why}.`)
  }
  try {
    const own = new X509Certificate(certificate)
    const authority = new X509Certificate(caCertificate)
    if (!own.checkPrivateKey(key)) refuse("the certificate is not for this device's key")
    if (!own.verify(authority.publicKey)) refuse('the certificate is not signed by its authority')
  } catch (error) {
    if (error instanceof DeviceError) throw error
    refuse('it holds no certificates')
  }
}

async function certificateRequest(key: KeyObject): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
  const { subtle } = crypto
  const secret = new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }))
  const open = new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }))
  const keys: webcrypto.CryptoKeyPair = {
    privateKey: await subtle.importKey('pkcs8', secret, algorithm, false, ['sign']),
    publicKey: await subtle.importKey('spki', open, algorithm, true, ['verify']),
  }
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=Microvisor device',
    keys,
    signingAlgorithm: algorithm,
  })
  return request.toString('pem')
}

function writeWhole(path: string, content: Uint8Array | string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
