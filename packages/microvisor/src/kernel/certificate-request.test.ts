/** The request that the kernel makes is one that others can read, and that its key has signed. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import type { Engines } from '../hardware.ts'
import { makeCertificateRequest } from './certificate-request.ts'

function enginesOf(signature?: Uint8Array): { engines: Engines; pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
  const engines = {
    devicePublicKey: (into: Uint8Array) => into.set(point),
    signAsDevice: (message: Uint8Array, into: Uint8Array) =>
      into.set(
        signature ?? sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
      ),
  }
  // The two engines that it takes.
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { engines: engines as Engines, pem }
}

test('a request has the key of the device, and its signature', { skip: missing('openssl') }, () => {
  for (let i = 0; i < 3; i++) {
    const { engines, pem } = enginesOf()
    const words = ['req', '-inform', 'DER', '-verify', '-noout', '-pubkey', '-subject']
    const said = execFileSync('openssl', words, {
      input: makeCertificateRequest(engines),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    assert.ok(said.includes(pem))
    assert.match(said, /CN ?= ?Microvisor device/)
  }
})

test('the halves of a signature are numbers: never negative, and as short as they can be', () => {
  const signature = new Uint8Array(64).fill(0xff, 0, 32)
  signature[63] = 5
  const request = makeCertificateRequest(enginesOf(signature).engines)
  const end = Buffer.from(request.subarray(-38)).toString('hex')
  assert.equal(end, `0221${'00'}${'ff'.repeat(32)}020105`)
})
