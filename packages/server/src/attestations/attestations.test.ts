/** Attestations over REST, from a device that answers over the link. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { fromHex, openToken, parseBundle } from '@microvisor/protocol'
import { digest } from '../keys/engines.ts'
import { answering, evidenceOf, tokenOf } from '../testing/attesting.ts'
import { appBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision, TestDevice } from '../testing/device.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud({ limits: { attestationMs: 1_000, attestationsPerDevice: 3 } })
})
after(() => cloud.close())

const attest = (DeviceSid: string, Nonce?: string) =>
  cloud.client.call(api.createAttestation, { params: { DeviceSid }, form: { Nonce } })

test('a device that is there answers; what it says is verified, judged, shown and kept', async () => {
  const device = await provision(cloud.client)
  const file = { bytes: appBundle(), fileName: 'a.zip' }
  const app = await cloud.client.upload(api.createApp, { file })
  const link = await TestDevice.join(device)
  const nonce = randomBytes(16).toString('hex')
  const asked = attest(device.sid, nonce)
  const { manifest } = parseBundle(file.bytes, digest)
  const [layer] = manifest.layers
  await answering(link, (given) => {
    const application = {
      manifestHash: fromHex(app.hash.replace('sha256:', ''))!,
      signerId: new Uint8Array(8),
      ...{ state: 'running' as const, debugger: 'none' as const, isIntact: true },
      layers: [{ ...layer!, hash: layer!.measurementHash }],
    }
    return tokenOf(device, { ...evidenceOf(device, given), application })
  })
  const shown = await asked
  assert.equal(shown.nonce, nonce)
  assert.equal(shown.application?.app_sid, app.sid)
  assert.deepEqual(
    shown.findings.map(({ subject, verdict }) => `${subject} ${verdict}`),
    ['boot expected', 'kernel unknown', 'application expected'],
  )
  assert.equal(shown.trusted, false, 'this service has no such kernel')
  const token = Buffer.from(shown.token, 'base64url')
  assert.ok(openToken(token).certificate, 'its certificate is in it')
  const { attestations } = await cloud.client.call(api.listAttestations, {
    params: { DeviceSid: device.sid },
    query: {},
  })
  assert.deepEqual(attestations, [shown])
  await link.close()
})

test('a layer that is not what the App has there is found', async () => {
  const device = await provision(cloud.client)
  const file = { bytes: appBundle(), fileName: 'a.zip' }
  const app = await cloud.client.upload(api.createApp, { file })
  const link = await TestDevice.join(device)
  const asked = attest(device.sid)
  const [layer] = parseBundle(file.bytes, digest).manifest.layers
  await answering(link, (given) => {
    const application = {
      manifestHash: fromHex(app.hash.replace('sha256:', ''))!,
      signerId: new Uint8Array(8),
      ...{ state: 'running' as const, debugger: 'none' as const, isIntact: false },
      layers: [{ ...layer!, hash: new Uint8Array(32) }],
    }
    return tokenOf(device, { ...evidenceOf(device, given), application })
  })
  const finding = (await asked).findings.find(({ subject }) => subject === 'application')
  assert.equal(finding?.verdict, 'unexpected')
  assert.match(finding?.detail ?? '', /internal 0x0 is not what/)
  await link.close()
})

test('malice: another device’s key, another device’s name, a replayed token', async () => {
  const [device, other] = [await provision(cloud.client), await provision(cloud.client)]
  const link = await TestDevice.join(device)
  let last = new Uint8Array(0)
  const cases: [RegExp, string, (nonce: Uint8Array) => Uint8Array][] = [
    [/not by this key/, 'ATTESTATION_INVALID', (n) => tokenOf(other, evidenceOf(device, n))],
    [/is of UV/, 'ATTESTATION_INVALID', (n) => tokenOf(device, evidenceOf(other, n))],
    [/cannot be read/, 'ATTESTATION_INVALID', (n) => new Uint8Array([...n, 1])],
  ]
  for (const [message, code, answer] of cases) {
    const asked = attest(device.sid)
    const refused = assert.rejects(asked, { code, message })
    await answering(link, (nonce) => {
      last = new Uint8Array(tokenOf(device, evidenceOf(device, nonce)))
      return answer(nonce)
    })
    await refused
  }
  // A token from before has another nonce in it: it is no answer at all.
  const refused = assert.rejects(attest(device.sid), { code: 'ATTESTATION_OVERDUE' })
  await answering(link, () => last)
  await refused
  await link.close()
})

test('a device that is away, or says nothing, is named as such; nonces are checked', async () => {
  const device = await provision(cloud.client)
  await assert.rejects(attest(device.sid), { code: 'DEVICE_NOT_CONNECTED' })
  const link = await TestDevice.join(device)
  await assert.rejects(attest(device.sid, '0011'), { code: 'PARAMETER_INVALID' })
  await assert.rejects(attest(device.sid), { code: 'ATTESTATION_OVERDUE' })
  await link.close()
})

test('an attestation that nobody has asked for ends the connection', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  link.send({ case: 'attestation', value: { token: new Uint8Array(9) } })
  assert.equal(await link.farewell(), 'PROTOCOL_ERROR')
})

test('only so many are kept', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  for (let i = 0; i < 5; i++) {
    const asked = attest(device.sid)
    await answering(link, (nonce) => tokenOf(device, evidenceOf(device, nonce)))
    await asked
  }
  const params = { DeviceSid: device.sid }
  const page = await cloud.client.call(api.listAttestations, { params, query: {} })
  assert.equal(page.attestations.length, 3)
  await link.close()
})
