import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readKey } from '../policies.ts'
import { debugCommand } from './debug-command.ts'
import { generateKeyPair } from './debug-keys.ts'
import { deployKeys, type KeyFlags } from './deploy-keys.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
async function keysFor(flags: Partial<KeyFlags>, path = folder) {
  const said: string[] = []
  const keys = await deployKeys(path, { genkeys: false, ...flags }, (line) => said.push(line))
  return { ...keys, said: said.join() }
}
async function pair(name: string) {
  const files = { privateKey: at(`${name}.pem`), publicKey: at(`${name}.pub.pem`) }
  await generateKeyPair(files, false)
  return files
}

test('--genkeys makes a pair in the build folder, and keeps it the next time', async () => {
  const first = await keysFor({ genkeys: true })
  assert.equal(first.privateKey, at('build/debug_auth_prv_key.pem'))
  assert.deepEqual(first.debugKey, readKey(at('build/debug_auth_pub_key.pem')))
  assert.equal(statSync(first.privateKey).mode & 0o777, 0o600)
  assert.match(first.said, /^Made the debug keys/)
  const second = await keysFor({ genkeys: true })
  assert.deepEqual(second.debugKey, first.debugKey)
  assert.match(second.said, /^Using the debug keys/)
})

test('a public half that is missing is made from the private one', async () => {
  const { debugKey } = await keysFor({ genkeys: true })
  rmSync(at('build/debug_auth_pub_key.pem'))
  assert.deepEqual((await keysFor({ genkeys: true })).debugKey, debugKey)
  assert.deepEqual(readKey(at('build/debug_auth_pub_key.pem')), debugKey)
})

test('a public half without its private one is not replaced', async () => {
  await keysFor({ genkeys: true })
  const before = readFileSync(at('build/debug_auth_pub_key.pem'), 'utf8')
  rmSync(at('build/debug_auth_prv_key.pem'))
  await assert.rejects(keysFor({ genkeys: true }), { code: 'KEY_EXISTS' })
  assert.equal(readFileSync(at('build/debug_auth_pub_key.pem'), 'utf8'), before)
})

test('--genkeys beside an image, and under names of the user', async () => {
  writeFileSync(at('app.bin'), 'image')
  const beside = await keysFor({ genkeys: true }, at('app.bin'))
  assert.equal(beside.privateKey, at('debug_auth_prv_key.pem'))
  const named = { genkeys: true, privatekey: at('k/a.pem'), publickey: at('k/b.pem') }
  const { privateKey, debugKey } = await keysFor(named)
  assert.equal(privateKey, at('k/a.pem'))
  assert.deepEqual(debugKey, readKey(at('k/b.pem')))
})

test('keys that the user has: one half, the other, both', async () => {
  const { privateKey, publicKey } = await pair('mine')
  const debugKey = readKey(publicKey)
  const both = await keysFor({ publickey: publicKey, privatekey: privateKey })
  assert.deepEqual(both, { privateKey, debugKey, said: '' })
  assert.deepEqual(await keysFor({ privatekey: privateKey }), both)
  const half = await keysFor({ publickey: publicKey })
  assert.deepEqual(half, { privateKey: undefined, debugKey, said: '' })
  const none = { privateKey: undefined, debugKey: undefined, said: '' }
  assert.deepEqual(await keysFor({}), none)
})

test('halves of two pairs, files that are missing, the wrong half', async () => {
  const [mine, yours] = [await pair('mine'), await pair('yours')]
  const mixed = { publickey: mine.publicKey, privatekey: yours.privateKey }
  await assert.rejects(keysFor(mixed), { code: 'DEBUG_KEYS_DIFFER' })
  await assert.rejects(keysFor({ ...mixed, genkeys: true }), { code: 'DEBUG_KEYS_DIFFER' })
  await assert.rejects(keysFor({ privatekey: at('none.pem') }), { code: 'ENOENT' })
  const lacking = { publickey: at('none.pem'), privatekey: mine.privateKey }
  await assert.rejects(keysFor(lacking), { code: 'ENOENT' })
  await assert.rejects(keysFor({ publickey: mine.privateKey }), { code: 'KEY_UNUSABLE' })
  await assert.rejects(keysFor({ privatekey: mine.publicKey }), { code: 'DEBUG_KEY_UNREADABLE' })
})

test('a bundle has its key already', async () => {
  mkdirSync(at('out'))
  const bundle = at('out/app.zip')
  writeFileSync(bundle, 'PK and so on')
  const { privateKey, publicKey } = await pair('mine')
  await assert.rejects(keysFor({ genkeys: true }, bundle), { code: 'INPUT_IS_BUNDLE' })
  await assert.rejects(keysFor({ publickey: publicKey }, bundle), { code: 'INPUT_IS_BUNDLE' })
  const opened = await keysFor({ privatekey: privateKey }, bundle)
  assert.deepEqual(opened, { privateKey, debugKey: undefined, said: '' })
})

test('the command to go on with can be typed as it stands', () => {
  assert.equal(debugCommand('greenhouse', 'build/k.pem'), 'microvisor debug greenhouse build/k.pem')
  assert.equal(debugCommand('a', "it's my.pem"), "microvisor debug a 'it'\\''s my.pem'")
})
