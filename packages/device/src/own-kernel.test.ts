import assert from 'node:assert/strict'
import { createPublicKey, verify as verifyWith, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { encodeFrame, FrameDecoder, type Verify, verifyToken } from '@microvisor/protocol'
import { hostDigest } from './hardware/engines.ts'
import { buildBootImage, buildKernelBundle } from './kernel-image.ts'
import { provisionDevice } from './provision.ts'
import { TestCloud } from './testing/cloud.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { openDevice } from './virtual-device.ts'

test("the platform's own kernel boots, starts the clocks, and introduces itself to the cloud", async (context) => {
  const cloud = await TestCloud.make()
  const { key, certificate } = await cloud.gatewayIdentity()
  const options = { key, cert: certificate, ca: cloud.caCertificate, requestCert: true }
  const server = createServer({ ...options, rejectUnauthorized: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  cloud.gateway = { host: 'localhost', port: (server.address() as AddressInfo).port }
  const folder = join(temporaryFolder(context), 'device')
  const kernel = cloud.signKernel(await buildKernelBundle())
  await provisionDevice({ folder, enrol: (r) => cloud.enrol(r), fetchKernel: async () => kernel })
  const device = openDevice(folder, { clock: 'real' })
  context.after(() => device.stop())
  const connection = once(server, 'secureConnection') as Promise<[TLSSocket]>
  device.start()
  assert.equal(device.board.chip.rcc.frequencies.hclk, 160_000_000)
  assert.equal(device.board.chip.optionBytes.isHidden, true)
  const page = new Uint8Array(16)
  assert.throws(() => device.board.chip.internalFlash.read(0x10_0000, page), /hidden/)
  const [socket] = await connection
  context.after(() => socket.destroy())
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  const { frames } = new FrameDecoder().push(bytes)
  assert.equal(frames[0]?.case, 'hello')
  const nonce = new Uint8Array(16).fill(9)
  const decoder = new FrameDecoder()
  socket.write(encodeFrame({ case: 'welcome', value: { heartbeatSeconds: 60, settings: {} } }))
  socket.write(encodeFrame({ case: 'attestationRequest', value: { nonce } }))
  const answer = await attestation(socket, decoder)
  const own = new X509Certificate(readFileSync(join(folder, 'device.crt')))
  const evidence = verifyToken(answer, { publicKey: pointOf(own), verify, nonce })
  assert.equal(`CN=${evidence.deviceSid}`, own.subject)
  assert.equal(evidence.boot.isHidden, true)
  assert.deepEqual(Buffer.from(evidence.boot.measurement), hostDigest([await buildBootImage()]))
  device.stop()
  await once(socket, 'close')
})

async function attestation(socket: TLSSocket, decoder: FrameDecoder): Promise<Uint8Array> {
  for (;;) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    for (const frame of decoder.push(bytes).frames)
      if (frame.case === 'attestation') return frame.value.token
  }
}

function pointOf({ publicKey }: X509Certificate): Uint8Array {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const coordinates = [x, y].map((part) => Buffer.from(part, 'base64url'))
  return new Uint8Array(Buffer.concat([Buffer.of(4), ...coordinates]))
}

const verify: Verify = (publicKey, message, signature) => {
  const part = (from: number) =>
    Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: part(1), y: part(33) }
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verifyWith('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}
