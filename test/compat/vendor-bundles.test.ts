/**
 * Bundles that the vendor's published bundler made (see bundles/README.md): the cloud takes them
 * unchanged, and from the same input with the same options we make the same manifest and entries.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createSigner, fetchAppBundle } from '@microvisor/api'
import { type Bundle, parseBundle } from '@microvisor/protocol'
import { bundleImage, sha256 } from '../../packages/cli/src/bundling.ts'
import { type PolicyFlags, policiesOf } from '../../packages/cli/src/policies.ts'
import { type TestCloud, testCloud } from '../../packages/server/src/testing/cloud.ts'

const at = (file: string) => join(import.meta.dirname, 'bundles', file)
const bundle = (name: string) => readFileSync(at(`${name}.zip`))
const parse = (bytes: Uint8Array) => parseBundle(bytes, sha256)

const latePolicies: PolicyFlags = {
  'debug-auth-pubkey': at('key.pub.pem'),
  'minimum-kernel-version': 5,
  'connection-grace-time': 30,
  'minimum-check-in-time': 86_400,
}
const earlyPolicies: PolicyFlags = {
  ...latePolicies,
  'crash-report-key': at('key.pub.pem'),
  'crash-stack-bytes': 64,
  'minimum-restart-interval': 100,
  'maximum-restart-interval': 60_000,
  'maximum-politeness-time': 600,
}

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

const late: readonly [string, PolicyFlags][] = [
  ['late-plain', {}],
  ['late-policies', latePolicies],
]
for (const [name, flags] of late) {
  test(`we make ${name}.zip from the same input: the same manifest, the same entries`, () => {
    const ours = parse(bundleImage('tiny.elf', readFileSync(at('tiny.elf')), policiesOf(flags)))
    const theirs = parse(bundle(name))
    assert.deepEqual(ours.manifestBytes, theirs.manifestBytes)
    assert.deepEqual(ours.layers, theirs.layers)
  })
}

test('what the earlier tool made means what we make from the same options', () => {
  for (const [name, flags] of [
    ['early-plain', {}] as const,
    ['early-policies', earlyPolicies] as const,
  ]) {
    const ours = parse(bundleImage('tiny.elf', readFileSync(at('tiny.elf')), policiesOf(flags)))
    const theirs = parse(bundle(name))
    assert.deepEqual(theirs.manifest.policies, ours.manifest.policies, name)
    assert.deepEqual(theirs.manifest.layers, ours.manifest.layers, name)
    assert.deepEqual(theirs.layers, ours.layers, name)
  }
})

test('the cloud takes each unchanged: body and layers as they came, a signature as it was', async () => {
  assert.equal((await upload('early-policies')).status, 400)
  const PublicKey = readFileSync(at('key.pub.pem'), 'utf8')
  await cloud.client.call(createSigner, { form: { PublicKey, FriendlyName: 'vendor' } })
  for (const name of ['late-plain', 'late-policies', 'early-plain', 'early-policies']) {
    const answer = await upload(name)
    assert.equal(answer.status, 201, `${name}: ${await answer.clone().text()}`)
    const { sid: Sid } = (await answer.json()) as { sid: string }
    const kept = parse(await cloud.client.call(fetchAppBundle, { params: { Sid } }))
    const sent = parse(bundle(name))
    assert.deepEqual(kept.layers, sent.layers, name)
    assert.deepEqual(bodyOf(kept), bodyOf(sent), name)
    if (name === 'early-policies') assert.deepEqual(kept.manifestBytes, sent.manifestBytes)
  }
})

function bodyOf({ manifest }: Bundle): Uint8Array {
  return manifest.body
}

async function upload(name: string): Promise<Response> {
  const body = new FormData()
  const type = 'application/zip'
  body.append('File', new Blob([Uint8Array.from(bundle(name))], { type }), `${name}.zip`)
  return cloud.request('/v1/Apps', { method: 'POST', body })
}
