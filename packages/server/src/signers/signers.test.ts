/** An account's own signers: who may sign, who is refused, and what devices are told. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import {
  encodeManifest,
  formatKeyId,
  keyId,
  packBundle,
  parseBundle,
  parseNewKeys,
  SIGNERS_MAX,
  signBody,
  verifySignature,
} from '@microvisor/protocol'
import { digest, verify } from '../keys/engines.ts'
import { appBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

function makeSigner() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
  const id = keyId(point, digest)
  return {
    ...{ id, publicKey: point, name: formatKeyId(id) },
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    secret: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sign: (m: Uint8Array) => sign('sha256', m, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
}

const add = (PublicKey: string) =>
  cloud.client.call(api.createSigner, { form: { PublicKey, FriendlyName: 'release' } })
const remove = (KeyId: string) => cloud.client.call(api.deleteSigner, { params: { KeyId } })

function signedBy(key: ReturnType<typeof makeSigner>): Uint8Array {
  const { manifest, layers } = parseBundle(appBundle(randomBytes(300)), digest)
  return packBundle(encodeManifest(signBody(manifest.body, key, digest)), layers)
}

const upload = (bytes: Uint8Array) =>
  cloud.client.upload(api.createApp, { file: { bytes, fileName: 'a.zip' } })

test('a bundle is taken while its signer is registered, and refused before and after', async () => {
  const key = makeSigner()
  const file = signedBy(key)
  await assert.rejects(upload(file), { code: 'MANIFEST_SIGNER_UNKNOWN' })
  const signer = await add(key.pem)
  assert.equal(signer.key_id, key.name)
  const app = await upload(file)
  const params = { Sid: app.sid }
  const kept = parseBundle(await cloud.client.call(api.fetchAppBundle, { params }), digest)
  assert.deepEqual(kept.manifestBytes, parseBundle(file, digest).manifestBytes)
  const { signers } = await cloud.client.call(api.listSigners)
  assert.deepEqual(signers, [signer])
  await assert.rejects(add(key.pem), { code: 'SIGNER_KNOWN' })
  await remove(key.name)
  await assert.rejects(upload(file), { code: 'MANIFEST_SIGNER_UNKNOWN' })
  await assert.rejects(remove(key.name), { code: 'SIGNER_NOT_FOUND' })
  await assert.rejects(add(key.pem), { code: 'SIGNER_KNOWN' })
  assert.deepEqual((await cloud.client.call(api.listSigners)).signers, [])
})

test('what is no public key of the right kind is refused, and no more than a device keeps', async () => {
  for (const wrong of [makeSigner().secret, 'nonsense', rsa(), ''])
    await assert.rejects(add(wrong), { code: 'PUBLIC_KEY_INVALID' }, wrong)
  const made: string[] = []
  for (let i = 0; i < SIGNERS_MAX; i++) made.push((await add(makeSigner().pem)).key_id)
  await assert.rejects(add(makeSigner().pem), { code: 'SIGNERS_TOO_MANY' })
  for (const id of made) await remove(id)
})

test('a device is told of a signer when it comes and goes, one signed change at a time', async () => {
  const device = await provision(cloud.client)
  const root = rootOf(device)
  const link = await TestDevice.join(device)
  const first = makeSigner()
  const second = makeSigner()
  const tell = (signers: readonly bigint[], refusal = '') =>
    link.send({
      case: 'keyState',
      value: {
        manifestSigners: [...signers],
        layerKeys: [],
        receiverKey: randomBytes(65),
        refusal,
      },
    })
  const told = async () => {
    const newKeys = parseNewKeys((await link.expect('newKeys')).signed)
    verifySignature(newKeys, [root], { digest, verify })
    const { addSigners, deleteSigners } = newKeys.change
    return [addSigners.map((k) => formatKeyId(keyId(k, digest))), deleteSigners.map(formatKeyId)]
  }
  const rootId = keyId(root, digest)
  tell([rootId])
  await link.settle()
  await add(first.pem)
  assert.deepEqual(await told(), [[first.name], []])
  tell([rootId, first.id])
  await link.settle()
  // Gone and another come at once: additions first, by themselves.
  await link.close()
  await remove(first.name)
  await add(second.pem)
  const again = await TestDevice.join(device)
  again.send({
    case: 'keyState',
    value: {
      manifestSigners: [rootId, first.id],
      layerKeys: [],
      receiverKey: randomBytes(65),
      refusal: '',
    },
  })
  const next = parseNewKeys((await again.expect('newKeys')).signed).change
  assert.deepEqual([next.addSigners.length, next.deleteSigners], [1, []])
  const state = { layerKeys: [], receiverKey: randomBytes(65) }
  const has = [rootId, first.id, second.id]
  again.send({ case: 'keyState', value: { ...state, manifestSigners: has, refusal: '' } })
  const last = parseNewKeys((await again.expect('newKeys')).signed).change
  assert.deepEqual(last.deleteSigners, [first.id])
  // Refused: it is not sent again and again, but once more when the device runs something else.
  again.send({ case: 'keyState', value: { ...state, manifestSigners: has, refusal: 'in use' } })
  await again.settle()
  again.send({ case: 'deviceState', value: { running: false } })
  const retried = parseNewKeys((await again.expect('newKeys')).signed).change
  assert.deepEqual(retried.deleteSigners, [first.id])
  await again.close()
  await remove(second.name)
})

function rootOf({ answer }: NewDevice): Uint8Array {
  return Buffer.from(answer.application_signer_public_key, 'hex')
}

function rsa(): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}
