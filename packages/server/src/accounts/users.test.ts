/** People: invited, signed in with or without a code, limited by their role, signed out. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { sql } from 'drizzle-orm'
import { Secret, TOTP } from 'otpauth'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { hashPassword, isPassword } from './passwords.ts'

const PASSWORD = 'correct horse battery'

let cloud: TestCloud
let first: string
before(async () => {
  cloud = await testCloud()
  first = new URL(cloud.server.welcomeUrl!).hash.slice(1)
})
after(() => cloud.close())

const join = (Invitation: string, Name: string, Password = PASSWORD) =>
  cloud.client.call(api.createUser, { form: { Invitation, Name, Password } })

const signIn = (Name: string, Password = PASSWORD, Code?: string) =>
  cloud.client.call(api.createSession, { form: { Name, Password, Code } })

/** A request with a session's token. */
async function as(token: string, path: string, method = 'GET', form?: Record<string, string>) {
  const headers = { authorization: `Bearer ${token}` }
  const body = form && new URLSearchParams(form)
  const answer = await fetch(`${cloud.server.url}${path}`, {
    method,
    headers,
    ...(body && { body }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

test('a password is kept as Argon2id, and no two hashes are the same', async () => {
  const [one, two] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)]
  assert.match(one, /^argon2id\$19456\$2\$[0-9a-f]{32}\$[0-9a-f]{64}$/)
  assert.notEqual(one, two)
  assert.equal(await isPassword(PASSWORD, one), true)
  assert.equal(await isPassword(`${PASSWORD} `, one), false)
  assert.equal(await isPassword(PASSWORD, undefined), false)
})

test('a sign-in takes as long for somebody who is no user', async () => {
  const hash = await hashPassword(PASSWORD)
  const leastMs = async (known: string | undefined) => {
    const took: number[] = []
    for (let i = 0; i < 5; i++) {
      const started = performance.now()
      await isPassword('wrong', known)
      took.push(performance.now() - started)
    }
    return Math.min(...took)
  }
  const [user, nobody] = [await leastMs(hash), await leastMs(undefined)]
  assert.ok(nobody > user / 3 && nobody < user * 3, `${user} ms for a user, ${nobody} ms for none`)
})

test('the first start’s link makes one owner; after that there is none', async () => {
  await assert.rejects(join('0'.repeat(32), 'ann'), { code: 'INVITATION_INVALID' })
  await assert.rejects(join(first, 'ann', 'short'), { code: 'PARAMETER_INVALID' })
  const user = await join(first, 'Ann@Example.com')
  assert.deepEqual([user.name, user.role, user.one_time_codes], ['ann@example.com', 'owner', false])
  await assert.rejects(join(first, 'bob'), { code: 'INVITATION_INVALID' })
  cloud = await cloud.restart()
  assert.equal(cloud.server.welcomeUrl, undefined)
})

test('a session acts with its user’s role, until it ends', async () => {
  for (const role of api.roles) {
    const { token: invitation } = await cloud.client.call(api.createInvitation, {
      form: { Role: role },
    })
    await join(invitation, role)
    const { token, sid } = await signIn(role)
    const self = await as(token, '/v1/Self')
    assert.deepEqual(self.body.scopes, api.scopesOfRole[role])
    assert.equal((await as(token, '/v1/Devices')).status, 200)
    assert.equal((await as(token, '/v1/Users')).status, role === 'owner' ? 200 : 403)
    const deploy = await as(token, '/v1/Devices/x', 'POST', { RestartApp: 'true' })
    assert.equal(deploy.status, role === 'viewer' ? 403 : 404)
    assert.equal((await as(token, `/v1/Sessions/${sid}`, 'DELETE')).status, 204)
    assert.equal((await as(token, '/v1/Self')).status, 401)
  }
  await assert.rejects(signIn('viewer', 'wrong'), { code: 'SIGN_IN_WRONG' })
  await assert.rejects(signIn('nobody'), { code: 'SIGN_IN_WRONG' })
  const viewer = await signIn('viewer')
  const other = await signIn('developer')
  assert.equal((await as(viewer.token, `/v1/Sessions/${other.sid}`, 'DELETE')).status, 404)
  const { users } = await cloud.client.call(api.listUsers)
  const { sid: Sid } = users.find(({ name }) => name === 'viewer')!
  const raised = await cloud.client.call(api.updateUser, {
    params: { Sid },
    form: { Role: 'owner' },
  })
  assert.equal(raised.role, 'owner')
  assert.equal((await as(viewer.token, `/v1/Sessions/${other.sid}`, 'DELETE')).status, 204)
  await cloud.client.call(api.deleteUser, { params: { Sid } })
  assert.equal((await as(viewer.token, '/v1/Self')).status, 401)
})

test('one-time codes: set up, asked for, good once, taken off again', async () => {
  const name = 'ann@example.com'
  const { token } = await signIn(name)
  const proposed = (await as(token, '/v1/Self/OneTimeCodes/Secret', 'POST')).body
  assert.match(proposed.uri, /^otpauth:\/\/totp\/Microvisor:ann%40example\.com\?/)
  const totp = new TOTP({ secret: Secret.fromBase32(proposed.secret) })
  // One more step is allowed either way, so both hold for half a minute at least.
  const [now, next] = [totp.generate(), totp.generate({ timestamp: Date.now() + 30_000 })]
  const form = { Secret: proposed.secret as string, Code: '000000' }
  const set = (Code: string) => as(token, '/v1/Self/OneTimeCodes', 'POST', { ...form, Code })
  if (now !== form.Code && next !== form.Code) assert.equal((await set(form.Code)).status, 401)
  assert.equal((await set(now)).status, 204)
  await assert.rejects(signIn(name), { code: 'ONE_TIME_CODE_MISSING' })
  await assert.rejects(signIn(name, PASSWORD, now), { code: 'SIGN_IN_WRONG' })
  await signIn(name, PASSWORD, next)
  await assert.rejects(signIn(name, PASSWORD, next), { code: 'SIGN_IN_WRONG' })
  // Three steps away: beyond the clocks that may differ, also if a step ends meanwhile.
  for (const steps of [-3, 3]) {
    const Code = totp.generate({ timestamp: Date.now() + steps * 30_000 })
    await assert.rejects(signIn(name, PASSWORD, Code), { code: 'SIGN_IN_WRONG' }, `${steps} steps`)
  }
  const off = (Password: string) => as(token, '/v1/Self/OneTimeCodes/Off', 'POST', { Password })
  assert.equal((await off('wrong')).status, 401)
  assert.equal((await off(PASSWORD)).status, 204)
  await signIn(name)
})

test('a new password ends all sessions; keys have none to change', async () => {
  const name = 'ann@example.com'
  const { token } = await signIn(name)
  const form = { Password: PASSWORD, NewPassword: `${PASSWORD} staple` }
  const path = '/v1/Self/Password'
  assert.equal((await as(token, path, 'POST', { ...form, Password: 'wrong' })).status, 401)
  assert.equal((await as(token, path, 'POST', form)).status, 204)
  assert.equal((await as(token, '/v1/Self')).status, 401)
  await assert.rejects(signIn(name), { code: 'SIGN_IN_WRONG' })
  await signIn(name, form.NewPassword)
  await assert.rejects(cloud.client.call(api.changePassword, { form }), { code: 'USERS_ONLY' })
  const { entries } = await cloud.client.call(api.listAudit, { query: { PageSize: 1000 } })
  const text = JSON.stringify(entries)
  assert.ok(entries.some(({ action }) => action === 'createSession'))
  for (const secret of [PASSWORD, token]) assert.ok(!text.includes(secret))
})

test('who lost password and authenticator is removed and invited anew, under the same name', async () => {
  const { users } = await cloud.client.call(api.listUsers)
  const lost = users.find(({ name }) => name === 'ann@example.com')!
  await cloud.client.call(api.deleteUser, { params: { Sid: lost.sid } })
  const { token } = await cloud.client.call(api.createInvitation, { form: { Role: lost.role } })
  const again = await join(token, lost.name)
  assert.notEqual(again.sid, lost.sid)
  assert.equal(again.one_time_codes, false)
  await signIn(lost.name)
})

test('sessions and invitations that are not used up end by themselves', async () => {
  const { token } = await signIn('ann@example.com')
  const invitation = await cloud.client.call(api.createInvitation, { form: { Role: 'viewer' } })
  await cloud.server.close()
  const { db, close } = await cloud.openDatabase()
  for (const table of ['user_sessions', 'invitations'])
    await db.execute(sql.raw(`UPDATE ${table} SET expires_at = now()`))
  await close()
  cloud = await cloud.restart()
  assert.equal((await as(token, '/v1/Self')).status, 401)
  assert.deepEqual((await cloud.client.call(api.listSessions)).sessions, [])
  await assert.rejects(join(invitation.token, 'late'), { code: 'INVITATION_INVALID' })
})
