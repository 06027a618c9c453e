/** Webhooks against real HTTPS targets: signed, retried, given up, and nobody's burden but their own. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, afterEach, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { Egress } from '../managed/egress.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision } from '../testing/device.ts'
import { httpsServer, TestAuthority, type TestServer } from '../testing/outside-world.ts'
import { until } from '../testing/until.ts'
import { WebhookSender } from './sender.ts'

interface Post {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let authority: TestAuthority
let target: TestServer
let cloud: TestCloud
let posts: Post[] = []
/** What the target answers at a path; undefined: nothing, ever. */
const answers: Record<string, (response: ServerResponse) => void> = {}
const held: ServerResponse[] = []

before(async () => {
  authority = await TestAuthority.make()
  target = await httpsServer(await authority.issue(), (request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      const path = request.url ?? ''
      posts.push({ path, headers: request.headers, body })
      const answer = answers[path]
      if (path === '/silent') held.push(response)
      else if (answer) answer(response)
      else response.end('thank you')
    })
  })
  cloud = await testCloud({
    egress: { open: [`localhost:${target.port}`], authorities: [authority.pem] },
    limits: { webhookRetrySeconds: [0.01, 0.01], webhookMs: 30_000 },
  })
})
afterEach(async () => {
  for await (const { sid } of cloud.client.each(api.listWebhooks))
    await cloud.client.call(api.deleteWebhook, { params: { Sid: sid } })
  posts = []
})
after(async () => {
  for (const response of held) response.destroy()
  await cloud.close()
  await target.close()
})

const at = (path: string) => `https://localhost:${target.port}${path}`
const make = (path: string, Events = ['*']) =>
  cloud.client.call(api.createWebhook, {
    form: { TargetUrl: at(path), Events, FriendlyName: path },
  })

/** As Standard Webhooks says; throws for a post that is not signed with this secret. */
function verify({ headers, body }: Post, secret: string): void {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = `v1,${createHmac('sha256', key).update(text).digest('base64')}`
  const given = String(headers['webhook-signature']).split(' ')
  assert.ok(given.includes(expected), `none of ${given.length} signatures is by this secret`)
  const age = Date.now() / 1000 - Number(headers['webhook-timestamp'])
  assert.ok(Math.abs(age) < 300)
}

async function deliveriesOf(Sid: string, State?: api.Delivery['state']) {
  const found = await cloud.client.call(api.listDeliveries, { params: { Sid }, query: { State } })
  return found.deliveries
}

test('events of the chosen types are posted once, signed, with the event as its body', async () => {
  const hook = await make('/chosen', ['device.provisioned'])
  const device = await provision(cloud.client)
  await cloud.client.call(api.deleteDevice, { params: { Sid: device.sid } })
  await provision(cloud.client)
  await until(async () => (await deliveriesOf(hook.sid, 'delivered')).length === 2, 'two')
  assert.equal(posts.length, 2)
  for (const post of posts) verify(post, hook.secret)
  const [first] = posts
  const event = JSON.parse(first?.body ?? '') as api.AccountEvent
  assert.deepEqual([event.type, event.device_sid], ['device.provisioned', device.sid])
  const listed = await cloud.client.call(api.listEvents, { query: { PageSize: 3 } })
  assert.deepEqual(event, listed.events.at(-1))
  const shown = await cloud.client.call(api.fetchWebhook, { params: { Sid: hook.sid } })
  assert.equal('secret' in shown, false)
  assert.equal(shown.failures, 0)
  assert.match(shown.date_delivered ?? '', /Z$/)
})

test('a failed post is tried again with the same id; after the last attempt it is dead, until sent again', async () => {
  let failures = 1
  answers['/shaky'] = (response) => response.writeHead(failures-- > 0 ? 500 : 204).end()
  const shaky = await make('/shaky')
  await provision(cloud.client)
  await until(async () => (await deliveriesOf(shaky.sid, 'delivered')).length === 1, 'delivered')
  assert.equal(posts.length, 2)
  assert.equal(new Set(posts.map(({ headers }) => headers['webhook-id'])).size, 1)
  await cloud.client.call(api.deleteWebhook, { params: { Sid: shaky.sid } })
  answers['/broken'] = (response) => response.writeHead(302, { location: at('/chosen') }).end()
  const broken = await make('/broken')
  posts = []
  await provision(cloud.client)
  const [dead] = await until(async () => {
    const list = await deliveriesOf(broken.sid, 'dead')
    return list.length === 1 ? list : undefined
  }, 'given up')
  assert.deepEqual([dead?.attempts, dead?.status, posts.length], [3, 302, 3])
  assert.match(dead?.error ?? '', /redirects are not followed/)
  assert.deepEqual(new Set(posts.map(({ path }) => path)), new Set(['/broken']))
  const { failures: failed } = await cloud.client.call(api.fetchWebhook, {
    params: { Sid: broken.sid },
  })
  assert.equal(failed, 3)
  answers['/broken'] = (response) => response.end()
  const params = { Sid: broken.sid, DeliverySid: dead?.sid ?? '' }
  await cloud.client.call(api.retryDelivery, { params })
  await until(
    async () => (await cloud.client.call(api.fetchDelivery, { params })).state === 'delivered',
    'sent again',
  )
})

test('a target that never answers keeps nobody else waiting', async () => {
  const silent = await make('/silent')
  const quick = await make('/quick')
  for (let i = 0; i < 6; i++) await provision(cloud.client)
  await until(async () => (await deliveriesOf(quick.sid, 'delivered')).length === 6, 'all of them')
  assert.equal((await deliveriesOf(silent.sid, 'pending')).length, 6)
  assert.equal(posts.filter(({ path }) => path === '/silent').length, 4, 'four at once')
})

test('a secret is replaced while both sign; master keys, too', async () => {
  const hook = await make('/rotated')
  const params = { Sid: hook.sid }
  const next = await cloud.client.call(api.rotateWebhookSecret, { params })
  assert.notEqual(next.secret, hook.secret)
  assert.match(next.previous_secret_expires ?? '', /Z$/)
  const ping = await cloud.client.call(api.pingWebhook, { params })
  assert.deepEqual([ping.state, ping.type, ping.status], ['delivered', 'webhook.ping', 200])
  for (const secret of [hook.secret, next.secret]) verify(posts[0]!, secret)
  const last = await cloud.client.call(api.rotateWebhookSecret, {
    params,
    form: { OverlapHours: 0 },
  })
  await cloud.client.call(api.pingWebhook, { params })
  verify(posts[1]!, last.secret)
  assert.throws(() => verify(posts[1]!, next.secret))
})

test('what waits when the server stops is posted by the next one, and a switched-off webhook is not', async () => {
  const silent = await make('/silent')
  const off = await make('/off')
  await cloud.client.call(api.updateWebhook, {
    params: { Sid: off.sid },
    form: { Enabled: false },
  })
  await provision(cloud.client)
  await until(() => posts.some(({ path }) => path === '/silent'), 'the post that hangs')
  cloud = await cloud.restart()
  await until(() => posts.filter(({ path }) => path === '/silent').length === 2, 'again')
  const [first, second] = posts.filter(({ path }) => path === '/silent')
  assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id'])
  assert.equal((await deliveriesOf(silent.sid))[0]?.attempts, 1, 'one attempt, not two')
  assert.equal((await deliveriesOf(off.sid)).length, 0)
})

test('a target inside is refused when it is named and when a name leads there later', async () => {
  const hosts = `
    127.0.0.1 127.1 2130706433 0x7f.1 017700000001 localhost:1 LOCALHOST localhost.
    169.254.169.254 10.0.0.1 192.168.1.1 100.64.0.1 0.0.0.0
    [::1]:8443 [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::7f00:1]
    [2002:7f00:1::] [fd12:3456::1] [fe80::1] [::ffff:a9fe:a9fe]
  `
  for (const TargetUrl of hosts
    .trim()
    .split(/\s+/)
    .map((host) => `https://${host}/x`))
    await assert.rejects(
      cloud.client.call(api.createWebhook, {
        form: { TargetUrl, Events: ['*'], FriendlyName: '' },
      }),
      { code: 'WEBHOOK_TARGET_REFUSED' },
      TargetUrl,
    )
  for (const TargetUrl of ['http://example.com/', 'https://u:p@example.com/', 'ftp://x', 'x'])
    await assert.rejects(
      cloud.client.call(api.createWebhook, {
        form: { TargetUrl, Events: ['*'], FriendlyName: '' },
      }),
      { code: 'PARAMETER_INVALID' },
    )
  const rebound = new Egress({ open: [], authorities: [authority.pem] }, async () => ['127.0.0.1'])
  const sender = new WebhookSender(rebound, { timeoutMs: 5000, perTarget: 1 })
  const url = `https://rebind.example:${target.port}/`
  const outcome = await sender.post(url, {}, '{}', new AbortController().signal)
  assert.match(outcome.error ?? '', /not a public address/)
  await sender.close()
  assert.deepEqual(posts, [])
})

test('there are only so many webhooks, and none of another account', async () => {
  for (let i = 0; i < api.WEBHOOKS_MAX; i++) await make(`/${i}`)
  await assert.rejects(make('/more'), { code: 'WEBHOOKS_TOO_MANY' })
  const params = { Sid: `WH${'0'.repeat(32)}` }
  for (const route of [api.fetchWebhook, api.deleteWebhook, api.pingWebhook, api.listDeliveries])
    await assert.rejects(cloud.client.call(route, { params }), { code: 'WEBHOOK_NOT_FOUND' })
})
