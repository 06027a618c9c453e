/** Certificates: for whom, by which names, how long, and when they are made anew. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pino } from 'pino'
import { testFolder } from '../testing/cloud.ts'
import { makeRequest } from '../testing/device.ts'
import { fingerprintOf, openAuthority } from './certificates.ts'
import { openKeyring } from './keyring.ts'

const log = pino({ enabled: false })
const DAY_MS = 86_400_000
const now = new Date('2026-06-01T00:00:00Z')
const later = (days: number) => new Date(now.getTime() + days * DAY_MS)
const names = ['localhost', '127.0.0.1', '::1', 'cloud.example']

let folder: string
before(async () => {
  folder = await testFolder()
})
after(() => rm(folder, { recursive: true }))

const open = async () => openAuthority(await openKeyring(folder, log), now)

test('the authority stays the same, and its certificate does not end', async () => {
  const [one, two] = [await open(), await open()]
  assert.equal(two.certificate, one.certificate)
  const certificate = new X509Certificate(one.certificate)
  assert.ok(certificate.ca)
  assert.equal(certificate.validToDate.getUTCFullYear(), 9999)
  assert.ok(certificate.verify(certificate.publicKey))
})

test('of servers that start at once each vouches for what another has issued', async () => {
  const first = await open()
  await rm(join(folder, 'device-ca.crt'))
  const second = new X509Certificate((await open()).certificate)
  const { pem } = await first.issueForDevice((await makeRequest()).csr, 'UV1')
  assert.notEqual(second.serialNumber, new X509Certificate(first.certificate).serialNumber)
  assert.ok(new X509Certificate(pem).checkIssued(second))
})

test("a device's certificate says who it is and is no server's", async () => {
  const authority = await open()
  const ca = new X509Certificate(authority.certificate)
  const { csr } = await makeRequest()
  const { pem, fingerprint } = await authority.issueForDevice(csr, 'UV1')
  const certificate = new X509Certificate(pem)
  assert.equal(certificate.subject, 'CN=UV1', 'not what the request says')
  assert.ok(certificate.checkIssued(ca) && certificate.verify(ca.publicKey) && !certificate.ca)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.equal(fingerprint, fingerprintOf(certificate))
  assert.match(fingerprint, /^[0-9a-f]{64}$/)
  const again = await authority.issueForDevice(csr, 'UV2')
  assert.notEqual(new X509Certificate(again.pem).serialNumber, certificate.serialNumber)
})

test("the gateway's certificate lasts until a month before its end, for the same names", async () => {
  const authority = await open()
  const first = await authority.gatewayCertificate(names, now)
  const certificate = new X509Certificate(first)
  for (const name of names)
    assert.ok(
      name.match(/^[\d.:]+$/) ? certificate.checkIP(name) : certificate.checkHost(name),
      name,
    )
  assert.equal(certificate.checkHost('other.example'), undefined)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.ok(certificate.validFromDate < now)
  const again = await open()
  assert.equal(await again.gatewayCertificate(names, later(366)), first)
  const renewed = await again.gatewayCertificate(names, later(368))
  assert.notEqual(renewed, first)
  assert.ok(new X509Certificate(renewed).validToDate > later(700))
  const other = await again.gatewayCertificate([...names, 'new.example'], later(368))
  assert.ok(new X509Certificate(other).checkHost('new.example'))
  assert.equal(await again.gatewayCertificate([...names, 'new.example'], later(368)), other)
})

test('a certificate of another authority or key is not kept', async () => {
  const first = await (await open()).gatewayCertificate(names, now)
  await rm(join(folder, 'gateway.pem'))
  const rekeyed = await (await open()).gatewayCertificate(names, now)
  assert.notEqual(rekeyed, first)
  await rm(join(folder, 'device-ca.pem'))
  const authority = await open()
  const made = new X509Certificate(await authority.gatewayCertificate(names, now))
  assert.ok(made.verify(new X509Certificate(authority.certificate).publicKey))
})
