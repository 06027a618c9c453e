import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { FrameDecoder } from '@microvisor/protocol'
import { buildKernelBundle } from './kernel-image.ts'
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
  device.stop()
  await once(socket, 'close')
})
