import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeFuses } from '@microvisor/microvisor'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import type { DeviceError } from './errors.ts'
import { readDeviceOverview } from './folder/device-status.ts'
import { type Enrolment, provisionDevice } from './provision.ts'
import { TestCloud } from './testing/cloud.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { testKernel } from './testing/test-kernel.ts'

async function cloudAndKernel() {
  const cloud = await TestCloud.make()
  return { cloud, kernel: cloud.signKernel(await testKernel()) }
}

test('a device has its key, certificate, fuses and kernel, and nothing else lies about', async (context) => {
  const folder = join(temporaryFolder(context), 'deep', 'device')
  const { cloud, kernel } = await cloudAndKernel()
  const fetchKernel = async () => kernel
  const record = await provisionDevice({ folder, enrol: (r) => cloud.enrol(r), fetchKernel })
  const read = (name: string) => readFileSync(join(folder, name))
  assert.equal(statSync(join(folder, 'device.key')).mode & 0o777, 0o600)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  const certificate = new X509Certificate(read('device.crt'))
  assert.equal(certificate.subject, `CN=${record.sid}`)
  const ownPublic = createPublicKey(read('device.key')).export({ type: 'spki', format: 'der' })
  assert.deepEqual(certificate.publicKey.export({ type: 'spki', format: 'der' }), ownPublic)
  const fuses = decodeFuses(new Uint8Array(read('fuses.bin')))
  assert.equal(fuses?.deviceSid, record.sid)
  assert.deepEqual(fuses?.kernelSigner, cloud.kernelSigner.publicKey)
  assert.equal(read('internal-flash.bin').length, 0x20_0000)
  assert.equal(read('internal-flash.bin').includes('var kernel'), true)
  assert.equal(read('internal-flash.bin').toString('latin1', 0x10_0000, 0x10_0004), 'MVB1')
  const options = read('option-bytes.bin')
  assert.equal(options.length, 48)
  assert.equal(options[0], 0xcc, 'readout protection level 2')
  assert.equal(read('external-flash.bin').length, 0x80_0000)
  assert.equal(existsSync(`${folder}.partial`), false)
  assert.deepEqual(readDeviceOverview(folder).record, { ...record })
})

test('stopped anywhere, it goes on where it was, with the same key and the same device', async (context) => {
  const folder = join(temporaryFolder(context), 'device')
  const { cloud, kernel } = await cloudAndKernel()
  const requests: string[] = []
  const attempt = (fail: { enrol?: boolean; kernel?: boolean }) =>
    provisionDevice({
      folder,
      enrol: async (request) => {
        requests.push(request)
        if (fail.enrol) throw new Error('no cloud')
        return cloud.enrol(request)
      },
      fetchKernel: async () => {
        if (fail.kernel) throw new Error('no kernel')
        return kernel
      },
    })
  await assert.rejects(attempt({ enrol: true }), /no cloud/)
  await assert.rejects(attempt({ kernel: true }), /no kernel/)
  assert.equal(existsSync(folder), false)
  await attempt({})
  assert.equal(requests.length, 2, 'enrolled once')
  const [first, second] = requests.map((request) => new Pkcs10CertificateRequest(request))
  assert.deepEqual(first.publicKey.rawData, second.publicKey.rawData, 'the same key')
  const certificate = new X509Certificate(readFileSync(join(folder, 'device.crt')))
  assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(folder, 'device.key')))))
})

test('an answer that does not fit is refused, with what is wrong', async (context) => {
  const { cloud, kernel } = await cloudAndKernel()
  const other = await TestCloud.make()
  const request = async (change: (enrolment: Enrolment) => Promise<Enrolment> | Enrolment) => {
    const folder = join(temporaryFolder(context), 'device')
    const enrol = async (csr: string) => change(await cloud.enrol(csr))
    await provisionDevice({ folder, enrol, fetchKernel: async () => kernel })
  }
  const refused = (pattern: RegExp) => (error: DeviceError) =>
    error.code === 'DEVICE_ENROLMENT_INVALID' && pattern.test(error.message)
  await assert.rejects(
    request((e) => ({ ...e, certificate: 'x' })),
    refused(/no certificates/),
  )
  await assert.rejects(
    request((e) => ({ ...e, caCertificate: other.caCertificate })),
    refused(/not signed by its authority/),
  )
  await assert.rejects(
    request((e) => ({ ...e, certificate: e.caCertificate })),
    refused(/not for this device's key/),
  )
  await assert.rejects(
    request((e) => ({ ...e, sid: 'UVnonsense' })),
    /SID/,
  )
})

test('a folder that exists is left alone', async (context) => {
  const folder = temporaryFolder(context)
  const options = { folder, enrol: assert.fail, fetchKernel: assert.fail }
  await assert.rejects(provisionDevice(options), { code: 'DEVICE_FOLDER_TAKEN' })
  mkdirSync(join(folder, 'a'))
  writeFileSync(join(folder, 'a', 'device.json'), '{}')
  await assert.rejects(
    provisionDevice({ ...options, folder: join(folder, 'a') }),
    /already holds a device/,
  )
})
