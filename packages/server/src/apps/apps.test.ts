/** Uploads over HTTP: what is taken, what is refused and why, and that a refusal keeps nothing. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import {
  BUNDLE_BYTES_MAX,
  encodeManifest,
  INTERNAL_FLASH_BYTES,
  packBundle,
  parseBundle,
  signBody,
  unsigned,
  verifySignature,
} from '@microvisor/protocol'
import { digest, sha256Hex, verify } from '../keys/engines.ts'
import { appBundle, kernelBundle, layeredBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision } from '../testing/device.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

const create = (bytes: Uint8Array, UniqueName?: string) =>
  cloud.client.upload(api.createApp, { file: { bytes, fileName: 'a.zip' }, form: { UniqueName } })
const bundleOf = (Sid: string) => cloud.client.call(api.fetchAppBundle, { params: { Sid } })

test('an unsigned bundle is signed; everything else in it stays', async () => {
  const file = layeredBundle([randomBytes(5000), randomBytes(70)])
  const app = await create(file, 'first')
  const { answer } = await provision(cloud.client)
  const given = parseBundle(file, digest)
  const signed = parseBundle(await bundleOf('first'), digest)
  assert.deepEqual(signed.manifest.body, given.manifest.body)
  assert.deepEqual([...signed.layers], [...given.layers])
  const key = Buffer.from(answer.application_signer_public_key, 'hex')
  verifySignature(signed.manifest, [key], { digest, verify })
  const manifest = await cloud.client.call(api.fetchAppManifest, { params: { AppSid: app.sid } })
  assert.equal(manifest.encoded_bytes, Buffer.from(signed.manifestBytes).toString('base64'))
  assert.equal(manifest.hash, `sha256:${sha256Hex(signed.manifestBytes)}`)
  assert.equal(app.hash, manifest.hash)
})

test('a bundle signed here is taken as it is, and every upload makes a new App', async () => {
  const first = await create(appBundle())
  const again = await create(await bundleOf(first.sid))
  assert.notEqual(again.sid, first.sid)
  assert.equal(again.hash, first.hash)
  assert.deepEqual(await bundleOf(again.sid), await bundleOf(first.sid))
})

test('a faulty bundle is refused with what is wrong with it, and nothing of it is kept', async () => {
  const good = appBundle(randomBytes(3000))
  const { manifest, layers } = parseBundle(good, digest)
  const [name, content] = [...layers][0]!
  const changed = Uint8Array.from(content, (byte, i) => (i === 9 ? byte ^ 1 : byte))
  const stranger = { publicKey: randomBytes(65).fill(4, 0, 1), sign: () => randomBytes(64) }
  const wrongly = signBody(manifest.body, stranger, digest)
  const signer = parseBundle(await bundleOf((await create(good)).sid), digest).manifest.signerId
  const forged = { ...wrongly, signerId: signer }
  // A region of 64 KiB that begins at the end of the application's flash: 0x10_0000, as varints.
  const place = Buffer.from('0a060a0410808040', 'hex')
  const at = Buffer.from(manifest.body).indexOf(place)
  assert.ok(at > 0)
  const outside = Buffer.concat([
    manifest.body.subarray(0, 1),
    Buffer.from([manifest.body[1]! + 4]),
    manifest.body.subarray(2, at),
    Buffer.from('0a0a0a080880804010808040', 'hex'),
    manifest.body.subarray(at + place.length),
  ])
  const unknownField = Buffer.concat([manifest.body, Buffer.from([0xf8, 0x01, 0x01])])
  const before = await cloud.blobNames()
  const cases: [string, Uint8Array][] = [
    ['BUNDLE_NOT_ZIP', new Uint8Array(0)],
    ['BUNDLE_NOT_ZIP', randomBytes(1000).fill(0, 0, 2)],
    ['BUNDLE_NOT_ZIP', Buffer.from('\x7fELF not a bundle')],
    ['BUNDLE_TRUNCATED', good.subarray(0, good.length - 1)],
    ['BUNDLE_TRUNCATED', good.subarray(0, good.length >> 1)],
    ['BUNDLE_MANIFEST_MISSING', Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex')],
    ['MANIFEST_MALFORMED', packBundle(Buffer.from([0xff, 0xff]), layers)],
    ['MANIFEST_FIELD_UNKNOWN', packBundle(encodeManifest(unsigned(unknownField)), layers)],
    ['BUNDLE_LAYER_MISSING', packBundle(encodeManifest(manifest), new Map())],
    ['LAYER_HASH_MISMATCH', packBundle(encodeManifest(manifest), new Map([[name, changed]]))],
    ['LAYER_OUTSIDE_FLASH', packBundle(encodeManifest(unsigned(outside)), layers)],
    ['MANIFEST_SIGNER_UNKNOWN', packBundle(encodeManifest(wrongly), layers)],
    ['MANIFEST_SIGNATURE_WRONG', packBundle(encodeManifest(forged), layers)],
    ['BUNDLE_TOO_LARGE', new Uint8Array(BUNDLE_BYTES_MAX + 1)],
  ]
  for (const [code, file] of cases) {
    const error = await create(file).then(
      () => assert.fail(`${code}: it was taken`),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof api.ApiError, String(error))
    assert.equal(error.code, code, error.message)
  }
  await assert.rejects(create(kernelBundle(1)), { code: /^(MANIFEST|LAYERS?)_/ })
  assert.deepEqual(await cloud.blobNames(), before)
})

test('the largest bundle and the largest layer are taken', async () => {
  const app = await create(appBundle(randomBytes(INTERNAL_FLASH_BYTES)))
  assert.equal(app.unique_name, null)
  const padded = new Uint8Array(BUNDLE_BYTES_MAX)
  await assert.rejects(create(padded), { code: 'BUNDLE_NOT_ZIP' })
})

test('an upload without its file, or with parts of other names, is refused', async () => {
  const send = async (form: FormData) => {
    const response = await cloud.request('/v1/Apps', { method: 'POST', body: form })
    return api.ErrorBody.parse(await response.json()).details.code
  }
  const form = (...parts: [string, string | Blob][]) => {
    const made = new FormData()
    for (const [name, value] of parts)
      if (typeof value === 'string') made.append(name, value)
      else made.append(name, value, 'x.zip')
    return made
  }
  const file = new Blob([appBundle() as Uint8Array<ArrayBuffer>])
  assert.equal(await send(form(['UniqueName', 'x'])), 'UPLOAD_FILE_MISSING')
  assert.equal(await send(form(['file', file])), 'PARAMETER_UNKNOWN')
  assert.equal(await send(form(['File', file], ['File', file])), 'PARAMETER_INVALID')
  assert.equal(await send(form(['File', file], ['Name', 'x'])), 'PARAMETER_UNKNOWN')
  assert.equal(await send(form(['UniqueName', 'a/b'], ['File', file])), 'PARAMETER_INVALID')
  const cut = await cloud.request('/v1/Apps', {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: '--b\r\nContent-Disposition: form-data; name="File"; filename="x"\r\n\r\nPK',
  })
  assert.equal(api.ErrorBody.parse(await cut.json()).details.code, 'BODY_MALFORMED')
  const unbounded = await cloud.request('/v1/Apps', {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data' },
    body: 'x',
  })
  assert.equal(api.ErrorBody.parse(await unbounded.json()).details.code, 'BODY_MALFORMED')
})

test('too many uploads at once are told to come back', async () => {
  const stop = new AbortController()
  const slow = (signal: AbortSignal) =>
    cloud.request('/v1/Apps', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: new ReadableStream({
        start: (c) => c.enqueue(Buffer.from('--b\r\nContent-Disposition: form-data; name="File"')),
      }),
      duplex: 'half',
      signal,
    } as RequestInit)
  const slows = Array.from({ length: 4 }, () => slow(stop.signal).catch(() => undefined))
  const refused = async () => {
    for (;;) {
      const error = await create(appBundle()).catch((thrown: unknown) => thrown)
      if (error instanceof api.ApiError) return error
    }
  }
  const { code, status } = await refused()
  assert.deepEqual([code, status], ['TOO_MANY_REQUESTS', 429])
  stop.abort()
  await Promise.all(slows)
  for (;;) if (await create(appBundle()).catch(() => undefined)) break
})

test('the same kernel uploaded again is the one that is there', async () => {
  const upload = (bytes: Uint8Array) =>
    cloud.client.upload(api.createKernel, { file: { bytes, fileName: 'k.zip' } })
  const file = kernelBundle(12)
  const [first, second] = await Promise.all([upload(file), upload(file)])
  assert.deepEqual(second, first)
  const signed = await cloud.client.call(api.fetchKernelBundle, { params: { Hash: first.hash } })
  assert.deepEqual(await upload(signed), first, 'also once it is signed')
  const other = await upload(kernelBundle(13))
  assert.notEqual(other.hash, first.hash)
  const { kernels } = await cloud.client.call(api.listKernels)
  assert.deepEqual(kernels, [other, first])
  await assert.rejects(upload(appBundle()), api.ApiError)
})
