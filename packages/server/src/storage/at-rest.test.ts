/** What somebody finds who has the database alone: nothing that opens anything, and no Secret. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { sql } from 'drizzle-orm'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { PASSWORD } from '../testing/estate.ts'
import type { Database } from './database.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

test('no secret, token or password lies in the database as it is', async () => {
  const { client, server } = cloud
  const secrets: Record<string, string> = {
    'the Auth Token': server.account.authToken,
    'the first invitation': new URL(server.welcomeUrl!).hash.slice(1),
    'a password': PASSWORD,
    'a Secret': 'a value that no application shows',
    'a layer key': 'ab'.repeat(32),
  }
  const form = { Key: 'at-rest', Value: secrets['a Secret']! }
  await client.call(api.accountSecrets.create, { form })
  const key = { Key: secrets['a layer key']!, FriendlyName: 'l' }
  await client.call(api.createLayerKey, { form: key })
  const made = await client.call(api.createApiKey, {
    form: { FriendlyName: 'k', Scopes: ['read'] },
  })
  secrets['the secret of an API key'] = made.secret
  const hook = await client.call(api.createWebhook, {
    form: { TargetUrl: 'https://hook.invalid/', Events: ['*'], FriendlyName: '' },
  })
  secrets['the secret of a webhook'] = hook.secret.replace('whsec_', '')
  const who = { Name: 'ann', Password: PASSWORD }
  const Invitation = secrets['the first invitation']!
  await client.call(api.createUser, { form: { ...who, Invitation } })
  secrets['the token of a session'] = (await client.call(api.createSession, { form: who })).token
  await server.close()
  const { db, close } = await cloud.openDatabase()
  const text = await contentOf(db)
  await close()
  cloud = await cloud.restart()
  assert.ok(text.includes(made.sid) && text.includes('at-rest'), 'everything is looked at')
  for (const [what, secret] of Object.entries(secrets)) {
    assert.ok(!text.includes(secret), what)
    const encoded = Buffer.from(secret).toString('hex')
    assert.ok(!text.includes(encoded), `${what}, as bytes`)
  }
})

/** Every row of every table, as text. */
async function contentOf(db: Database): Promise<string> {
  const tables = await db.execute<{ name: string }>(
    sql`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )
  assert.ok(tables.rows.length > 15)
  let text = ''
  for (const { name } of tables.rows) {
    const { rows } = await db.execute<{ row: string }>(
      sql`SELECT t::text AS row FROM ${sql.identifier(name)} t`,
    )
    text += rows.map(({ row }) => row).join('\n')
  }
  return text
}
