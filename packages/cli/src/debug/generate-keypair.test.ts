/** The command under its two spellings, as a user types it. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCommandLines } from '../testing/command-lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'keypair-'))
after(() => rmSync(folder, { recursive: true }))

test('either spelling writes a pair, keeps it, and replaces it with --force', async () => {
  const spellings = [['debug:generate_keypair'], ['debug', 'generate-keypair']]
  const cases = spellings.map((words) => {
    const [key, half] = ['key', 'half'].map((name) => join(folder, `${words.join()}.${name}.pem`))
    return { words, key: key!, half: half! }
  })
  const run = (...more: string[]) =>
    runCommandLines(
      cases.map(({ words, key, half }) => ({
        words: [...words, '--debug-auth-privkey', key, '--debug-auth-pubkey', half, ...more],
      })),
    )
  const halves = () => cases.map(({ half }) => readFileSync(half, 'utf8'))

  for (const { code, stderr } of await run()) assert.equal(code, 0, stderr)
  const made = halves()
  for (const [index, { key }] of cases.entries()) {
    const own = createPublicKey(createPrivateKey(readFileSync(key)))
    assert.equal(own.export({ type: 'spki', format: 'pem' }), made[index])
    assert.equal(statSync(key).mode & 0o777, 0o600)
  }
  for (const { code, stderr } of await run()) {
    assert.equal(code, 1)
    assert.match(stderr, /^error KEY_EXISTS: /)
  }
  assert.deepEqual(halves(), made)
  for (const { code, stderr } of await run('--force')) assert.equal(code, 0, stderr)
  for (const [index, half] of halves().entries()) assert.notEqual(half, made[index])
})
