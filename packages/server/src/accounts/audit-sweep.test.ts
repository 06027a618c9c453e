/** Every route of the contract that changes something leaves its entry: who, what, before, after, from where. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { answering, evidenceOf, tokenOf } from '../testing/attesting.ts'
import { authorization, type TestCloud, testCloud } from '../testing/cloud.ts'
import { TestDevice } from '../testing/device.ts'
import { type Estate, makeEstate, PASSWORD } from '../testing/estate.ts'

let cloud: TestCloud
let estate: Estate
let link: TestDevice
before(async () => {
  cloud = await testCloud()
  estate = await makeEstate(cloud)
  link = await TestDevice.join(estate.device)
})
after(async () => {
  await link.close()
  await cloud.close()
})

/** What is made is made in the contract's order, and goes in the reverse; what ends sessions comes last. */
function inOrder(): api.Route[] {
  const changes = api.routes.filter(({ method }) => method !== 'GET')
  const last = new Set<api.Route>([api.changePassword, api.deleteSession, api.deleteUser])
  const ordinary = changes.filter((route) => !last.has(route))
  const isEnd = ({ method }: api.Route) => method === 'DELETE'
  return [
    ...ordinary.filter((route) => !isEnd(route)),
    ...ordinary.filter(isEnd).toReversed(),
    ...[api.deleteSession, api.changePassword, api.deleteUser],
  ]
}

/** What one does about oneself takes a user, everything else is done with the account's token. */
async function credentialsFor(route: api.Route): Promise<Record<string, string>> {
  if (route.access === 'anyone') return {}
  if (!route.path.startsWith('/v1/Self')) return authorization(cloud.server)
  if (route !== api.changePassword) return { authorization: `Bearer ${estate.values.token}` }
  const form = { Name: estate.values.name!, Password: PASSWORD }
  const { token } = await cloud.client.call(api.createSession, { form })
  return { authorization: `Bearer ${token}` }
}

async function call(route: api.Route): Promise<{ id: string; text: string; fields: object }> {
  const fields = await estate.fieldsOf(route)
  const headers = await credentialsFor(route)
  const init: RequestInit = { method: route.method, headers }
  if (route.file) {
    const body = new FormData()
    for (const [name, value] of Object.entries(fields)) body.append(name, value)
    body.append('File', new Blob([Buffer.from(estate.fileOf(route))]), 'x')
    init.body = body
  } else if (Object.keys(fields).length > 0) init.body = new URLSearchParams(fields)
  const sent = fetch(`${cloud.server.url}${estate.pathOf(route)}`, init)
  if (route === api.createAttestation)
    await answering(link, (nonce) => tokenOf(estate.device, evidenceOf(estate.device, nonce)))
  const answer = await sent
  const text = await answer.text()
  assert.equal(answer.status, route.status, `${route.name}: ${text}`)
  return { id: answer.headers.get('request-id')!, text, fields }
}

/** What the log must not have: secrets of the answer, and of the form. */
function secretsOf(route: api.Route, text: string, fields: Record<string, string>): string[] {
  const answer = text === '' ? {} : (JSON.parse(text) as Record<string, string>)
  const isValue = /Secret$/.test(route.name) && route !== api.rotateWebhookSecret
  // The contract's own list of what is not logged would not tell what is missing from it.
  const shown = route === api.createAttestation ? [] : ['secret', 'token', 'link', 'uri']
  return [
    ...shown.map((name) => answer[name] ?? ''),
    ...['Password', 'NewPassword', 'Secret', 'Invitation'].map((name) => fields[name] ?? ''),
    route === api.createLayerKey ? fields.Key! : '',
    isValue ? (fields.Value ?? '') : '',
  ].filter((secret) => secret !== '')
}

/** Not there before; not shown by anything: what somebody does with a session is not on show. */
const UNSEEN: readonly api.Route[] = [api.endDeviceDebug]

function check(route: api.Route, entry: api.AuditEntry): void {
  const { name, status, method } = route
  const { accountSid } = cloud.server.account
  const isUsers = route.access === 'anyone' || route.path.startsWith('/v1/Self')
  if (isUsers) assert.match(entry.actor, /^US/, name)
  else assert.equal(entry.actor, accountSid, name)
  assert.match(entry.address, /127\.0\.0\.1/, name)
  assert.match(entry.object, /^\/v1\/[A-Z]/, name)
  const seen = { before: status !== 201, after: method !== 'DELETE' }
  for (const when of ['before', 'after'] as const) {
    const has = seen[when] && !UNSEEN.includes(route)
    assert.equal(entry[when] !== '', has, `${name}: ${when} is ${entry[when]}`)
    if (has) assert.equal(typeof JSON.parse(entry[when]), 'object', name)
  }
}

test('every route that changes something leaves one entry, and no secret in it', async () => {
  const routes = inOrder()
  assert.ok(routes.length > 45)
  for (const route of routes) {
    const { id, text, fields } = await call(route)
    const { entries } = await cloud.client.call(api.listAudit, { query: { PageSize: 5 } })
    const mine = entries.filter(({ request_id }) => request_id === id)
    assert.equal(mine.length, 1, route.name)
    const [entry] = mine
    assert.ok(entry)
    const [action, ...given] = entry.action.split(' ')
    assert.equal(action, route.name)
    if (route.access === 'account')
      for (const name of Object.keys(fields)) assert.ok(given.includes(name), `${action}: ${name}`)
    check(route, entry)
    const shown = JSON.stringify(entry)
    for (const secret of secretsOf(route, text, fields as Record<string, string>))
      assert.ok(!shown.includes(secret), `${route.name}: ${secret}`)
  }
  assert.equal((await cloud.client.call(api.verifyAudit)).intact, true)
})
