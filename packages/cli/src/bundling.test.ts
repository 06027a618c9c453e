import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseBundle, plainPolicies } from '@microvisor/protocol'
import { bundleImage, inputKind, sha256 } from './bundling.ts'
import { policiesOf } from './policies.ts'

const PREBUILT = fileURLToPath(new URL('../../../samples/prebuilt/', import.meta.url))
const elf = readFileSync(join(PREBUILT, 'blink.elf'))
const bin = readFileSync(join(PREBUILT, 'blink.bin'))
const folder = mkdtempSync(join(tmpdir(), 'microvisor-bundling-'))
after(() => rmSync(folder, { recursive: true }))

test('an ELF file and the raw image made from it give the same bundle', () => {
  const fromElf = bundleImage('blink.elf', elf, plainPolicies)
  assert.deepEqual(bundleImage('blink.bin', bin, plainPolicies), fromElf)
  const { layers, manifest } = parseBundle(fromElf, sha256)
  assert.deepEqual([...layers.values()].map(Buffer.from), [bin])
  assert.deepEqual(manifest.layers[0]?.size, 0x10_0000)
})

test('an input is known by its content', () => {
  assert.equal(inputKind('blink.bin', elf), 'elf')
  assert.equal(inputKind('blink.bin', bundleImage('blink.elf', elf, plainPolicies)), 'bundle')
  assert.equal(inputKind('blink.bin', bin), 'raw image')
  assert.throws(() => inputKind('main.c', Buffer.from('int main')), { code: 'INPUT_UNKNOWN' })
})

test('an image that no device could start is refused with the name of its file', () => {
  const other = Buffer.from(elf)
  other.writeUInt16LE(62, 18)
  const cases = [
    ['x86.elf', other, 'ELF_MACHINE'],
    ['cut.elf', elf.subarray(0, 60), 'ELF_TRUNCATED'],
    ['text.bin', Buffer.from('#include <stdio.h>'), 'IMAGE_STACK_POINTER'],
    ['empty.bin', Buffer.alloc(0), 'IMAGE_EMPTY'],
  ] as const
  for (const [name, content, code] of cases) {
    assert.throws(() => bundleImage(name, content, plainPolicies), {
      code,
      message: new RegExp(`^${name}: `),
    })
  }
})

test('every policy flag reaches the manifest', () => {
  const debug = writeKey('debug.pem', 'P-256').publicKey
  const report = writeKey('report.pem', 'P-256').publicKey
  const policies = policiesOf({
    'debug-auth-pubkey': debug,
    'connection-grace-time': 1,
    'minimum-check-in-time': 2,
    'maximum-politeness-time': 3,
    'minimum-kernel-version': 4,
    'minimum-restart-interval': 5,
    'maximum-restart-interval': 6,
    'crash-report-key': report,
    'crash-stack-bytes': 7,
  })
  const { manifest } = parseBundle(bundleImage('blink.elf', elf, policies), sha256)
  assert.deepEqual(manifest.policies.connectivity, {
    connectionGraceSeconds: 1,
    minimumCheckInSeconds: 2,
  })
  assert.deepEqual(manifest.policies.update, {
    maximumPolitenessSeconds: 3,
    minimumKernelVersion: 4,
  })
  const { minimumRestartMs, maximumRestartMs, includeStackBytes } = manifest.policies.crash
  assert.deepEqual([minimumRestartMs, maximumRestartMs, includeStackBytes], [5, 6, 7])
  assert.equal(manifest.policies.debugKey?.length, 65)
  assert.equal(manifest.policies.crash.reportKey?.length, 65)
})

test('a key file that is no public P-256 key is refused, a private one above all', () => {
  const { privateKey } = writeKey('own.pem', 'P-256')
  const { publicKey: otherCurve } = writeKey('other.pem', 'P-384')
  const text = join(folder, 'text.pem')
  writeFileSync(text, 'hello')
  const cases = [
    [privateKey, /holds a private key; a bundle must never carry one/],
    [otherCurve, /holds a key of type P-384/],
    [text, /is not a public key in PEM form/],
  ] as const
  for (const [file, message] of cases) {
    const flags = { 'debug-auth-pubkey': file }
    assert.throws(() => policiesOf(flags), { code: 'KEY_UNUSABLE', message })
  }
})

function writeKey(name: string, namedCurve: string): { publicKey: string; privateKey: string } {
  const pair = generateKeyPairSync('ec', {
    namedCurve,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const files = { publicKey: join(folder, name), privateKey: join(folder, `private-${name}`) }
  writeFileSync(files.publicKey, pair.publicKey)
  writeFileSync(files.privateKey, pair.privateKey)
  return files
}
