import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type AppPolicies, parseBundle, plainPolicies } from '@microvisor/protocol'
import { Parser } from '@oclif/core'
import { contentsOf } from './bundle-contents.ts'
import { bundleImage, inputKind, sha256 } from './bundling.ts'
import { AppsBundle } from './commands/apps/bundle.ts'
import { policiesOf, readKey } from './policies.ts'

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

const debugKeyOf = ({ debugKey }: AppPolicies) => debugKey

/** What the original tools took, early and late, and what of a manifest each sets. */
const flagsOfTheOriginal: readonly [
  flag: string,
  value: string,
  read: (policies: AppPolicies) => unknown,
][] = [
  ['--connection-grace-time', '11', ({ connectivity }) => connectivity.connectionGraceSeconds],
  ['--minimum-check-in-time', '12', ({ connectivity }) => connectivity.minimumCheckInSeconds],
  ['--maximum-politeness-time', '13', ({ update }) => update.maximumPolitenessSeconds],
  ['--minimum-kernel-version', '14', ({ update }) => update.minimumKernelVersion],
  ['--minimum-restart-interval', '15', ({ crash }) => crash.minimumRestartMs],
  ['--maximum-restart-interval', '16', ({ crash }) => crash.maximumRestartMs],
  ['--crash-stack-bytes', '17', ({ crash }) => crash.includeStackBytes],
  ['-k', 'KEY', debugKeyOf],
  ['--debug-auth-pubkey', 'KEY', debugKeyOf],
  ['--debug-auth-key', 'KEY', debugKeyOf],
  ['--crash-report-key', 'KEY', ({ crash }) => crash.reportKey],
]

test('every flag of the original tools reaches its field of the manifest, and no other', async () => {
  const { publicKey } = writeKey('some.pem', 'P-256')
  const untouched = await policiesMadeBy([])
  for (const [flag, value, read] of flagsOfTheOriginal) {
    const policies = await policiesMadeBy([flag, value === 'KEY' ? publicKey : value])
    const expected = value === 'KEY' ? readKey(publicKey) : Number(value)
    assert.deepEqual(read(policies), expected && plain(expected), flag)
    for (const [other, , readOther] of flagsOfTheOriginal) {
      const isSame = readOther(policies) === readOther(untouched)
      assert.ok(isSame || readOther === read, `${flag} sets ${other}`)
    }
  }
})

test('all of them together, with an image, a layer, keys and --unsigned, are one command', async () => {
  const { publicKey } = writeKey('together.pem', 'P-256')
  const words = flagsOfTheOriginal
    .filter(([flag]) => flag.startsWith('--') && flag !== '--debug-auth-key')
    .flatMap(([flag, value]) => [flag, value === 'KEY' ? publicKey : value])
  const policies = await policiesMadeBy([...words, '--unsigned', '-l', 'none', '-o', 'json'])
  for (const [flag, , read] of flagsOfTheOriginal) assert.ok(read(policies), flag)
})

/** By way of what the command understands of its words. */
async function policiesMadeBy(words: string[]): Promise<AppPolicies> {
  const { flags } = await Parser.parse(['blink.elf', 'out.zip', ...words], {
    ...{ args: AppsBundle.args, flags: { ...AppsBundle.baseFlags, ...AppsBundle.flags } },
  })
  const bundle = bundleImage('blink.elf', elf, policiesOf(flags), contentsOf(flags))
  return parseBundle(bundle, sha256).manifest.policies
}

function plain(value: Uint8Array | number): Uint8Array | number {
  return typeof value === 'number' ? value : Uint8Array.from(value)
}

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
