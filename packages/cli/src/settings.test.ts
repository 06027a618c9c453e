import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { EXIT, Failure } from './errors.ts'
import { resolveConnection } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'microvisor-settings-'))
after(() => rmSync(folder, { recursive: true }))

const profile = { url: 'http://profile:1', accountSid: 'AC-profile', authToken: 'profile' }
mkdirSync(join(folder, 'microvisor/profiles'), { recursive: true })
writeFileSync(join(folder, 'microvisor/profiles/local.json'), JSON.stringify(profile))
writeFileSync(join(folder, 'microvisor/profiles/broken.json'), '{"url":')

const home = { XDG_CONFIG_HOME: folder }
const variables = {
  ...home,
  MICROVISOR_URL: 'http://variable:2',
  MICROVISOR_ACCOUNT_SID: 'AC-variable',
  MICROVISOR_AUTH_TOKEN: 'variable',
}
const fromVariables = { url: 'http://variable:2', accountSid: 'AC-variable', authToken: 'variable' }

test('flags win over variables, variables over the profile', () => {
  assert.deepEqual(resolveConnection({}, home), profile)
  assert.deepEqual(resolveConnection({}, variables), fromVariables)
  assert.deepEqual(resolveConnection({ url: 'http://flag:3' }, variables), {
    ...fromVariables,
    url: 'http://flag:3',
  })
  assert.deepEqual(resolveConnection({ 'auth-token': 'flag' }, home), {
    ...profile,
    authToken: 'flag',
  })
})

test("a profile's credentials go to no other server", () => {
  assertUsage({ url: 'http://elsewhere:4' }, home, /no account SID is given for http:\/\/elsewhere/)
  assert.deepEqual(resolveConnection({ url: 'http://profile:1/' }, home), {
    ...profile,
    url: 'http://profile:1/',
  })
})

test('settings that cannot be used are wrong usage, and the message says which', () => {
  assertUsage({}, { XDG_CONFIG_HOME: join(folder, 'none') }, /there is no profile `local`/)
  assertUsage({ profile: 'absent' }, home, /there is no profile `absent`/)
  assertUsage({ profile: '../local' }, home, /`..\/local` cannot name a profile/)
  assertUsage({ url: 'localhost:8700' }, home, /`localhost:8700` is not the address of a server/)
})

test('a broken profile is named with what to do', () => {
  assert.throws(() => resolveConnection({ profile: 'broken' }, home), {
    code: 'PROFILE_UNREADABLE',
    message: /broken\.json is not a profile/,
  })
})

function assertUsage(
  flags: Parameters<typeof resolveConnection>[0],
  environment: NodeJS.ProcessEnv,
  message: RegExp,
): void {
  assert.throws(
    () => resolveConnection(flags, environment),
    (error: unknown) => {
      assert.ok(error instanceof Failure)
      assert.match(error.message, message)
      assert.equal(error.exitCode, EXIT.usage)
      return true
    },
  )
}
