/** The command under its two spellings, as a user runs it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/microvisor.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'keypair-'))
after(() => rmSync(folder, { recursive: true }))

const spellings = [['debug:generate_keypair'], ['debug', 'generate-keypair']]
for (const words of spellings) {
  test(`\`${words.join(' ')}\` writes a pair, keeps it, and replaces it with --force`, () => {
    const [key, half] = ['key.pem', 'half.pem'].map((name) => join(folder, words.join(), name))
    mkdirSync(join(folder, words.join()))
    const line = [BIN, ...words, '--debug-auth-privkey', key!, '--debug-auth-pubkey', half!]
    const run = (...more: string[]) => spawnSync(process.execPath, [...line, ...more])
    assert.equal(run().status, 0)
    const made = readFileSync(half!, 'utf8')
    const own = createPublicKey(createPrivateKey(readFileSync(key!))).export({
      type: 'spki',
      format: 'pem',
    })
    assert.equal(own, made)
    assert.equal(statSync(key!).mode & 0o777, 0o600)
    const again = run()
    assert.equal(again.status, 1)
    assert.match(again.stderr.toString(), /^error KEY_EXISTS: /)
    assert.equal(readFileSync(half!, 'utf8'), made)
    assert.equal(run('--force').status, 0)
    assert.notEqual(readFileSync(half!, 'utf8'), made)
  })
}
