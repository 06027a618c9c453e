/** People, keys and the audit log, by the command line alone. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { World } from './world.ts'

describe('accounts by the command line', () => {
  const world = new World()
  let url: string
  before(async () => {
    await world.startServer()
    url = `http://127.0.0.1:${(await world.ports()).port}`
  })
  after(() => world.end())

  test('an API key does what its scopes say, until it is removed', async () => {
    const words = ['api-keys', 'create', 'ci', '--scopes', 'read,debug', '--expires-in-days', '3']
    const key = (await world.succeedJson(...words)) as { sid: string; secret: string }
    const asKey = ['--url', url, '--account-sid', key.sid, '--auth-token', key.secret]
    await world.succeed('devices', 'list', ...asKey)
    const refused = await world.run('api-keys', 'list', ...asKey)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /admin/)
    const list = await world.succeed('api-keys', 'list')
    assert.match(list, new RegExp(`${key.sid} +ci +read,debug `))
    assert.ok(!list.includes(key.secret))
    await world.succeed('api-keys', 'remove', key.sid)
    assert.equal((await world.run('devices', 'list', ...asKey)).code, 1)
  })

  test('somebody who is invited becomes a user, whose role changes, who is removed', async () => {
    const { token } = (await world.succeedJson('users', 'invite', 'developer')) as { token: string }
    const body = { Invitation: token, Name: 'ada@example.com', Password: 'a long enough one' }
    const made = await fetch(`${url}/v1/Users`, {
      method: 'POST',
      body: new URLSearchParams(body),
    })
    assert.equal(made.status, 201, await made.text())
    await world.succeed('users', 'update', 'Ada@example.com', 'viewer')
    assert.match(await world.succeed('users', 'list'), /US\w{32} +ada@example\.com +viewer +no/)
    await world.succeed('users', 'remove', 'ada@example.com')
    const { code, stderr } = await world.run('users', 'remove', 'ada@example.com')
    assert.equal(code, 1)
    assert.match(stderr, /^error USER_NOT_FOUND: .*ada@example\.com.*\n {2}fix: /)
    assert.equal((await world.run('users', 'invite', 'king')).code, 2)
  })

  test('the audit log has all that, is intact, and goes into a file', async () => {
    const list = await world.succeed('audit', 'list', '--limit', '3')
    assert.equal(list.split('\n').length - 1, 4)
    assert.match(list, /deleteUser +\/v1\/Users\/US/)
    const verdict = (await world.succeedJson('audit', 'verify')) as {
      entries: number
      last_hash: string
    }
    const file = join(world.folder, 'audit.jsonl')
    await world.succeed('audit', 'export', file)
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    assert.equal(lines.length, verdict.entries)
    assert.equal(JSON.parse(lines[0] ?? '').hash, verdict.last_hash)
    const again = await world.run('audit', 'export', file)
    assert.match(again.stderr, /^error EEXIST: /)
    assert.equal(await world.succeed('audit', 'export'), readFileSync(file, 'utf8'))
  })
})
