/** Addresses in answers: each leads to what it names. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type Estate, makeEstate } from '../testing/estate.ts'

let cloud: TestCloud
let estate: Estate
before(async () => {
  cloud = await testCloud()
  estate = await makeEstate(cloud)
})
after(() => cloud.close())

/** All addresses of this service in an answer. */
function* addressesIn(value: unknown): Generator<string> {
  if (typeof value === 'string' && value.startsWith(cloud.server.url)) yield value
  else if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) yield* addressesIn(member)
}

test('every address in every answer leads somewhere', async () => {
  const seen = new Map<string, string>()
  const readers = api.routes.filter(
    ({ method, answer, path }) =>
      method === 'GET' && answer === 'json' && path !== '/v1/openapi.json',
  )
  for (const route of readers) {
    const isList = 'PageSize' in route.query.shape
    const answer = await cloud.request(estate.pathOf(route) + (isList ? '?PageSize=1' : ''))
    if (answer.ok)
      for (const address of addressesIn(await answer.json())) seen.set(address, route.name)
  }
  assert.ok(seen.size > 40, `${seen.size} addresses`)
  for (const [address, where] of seen) {
    const answer = await cloud.request(address.slice(cloud.server.url.length))
    await answer.body?.cancel()
    assert.equal(answer.status, 200, `${where}: ${address}`)
  }
})

test('what a resource says of its own address shows the same resource', async () => {
  for (const route of api.routes) {
    if (route.method !== 'GET' || route.answer !== 'json' || !route.path.includes(':')) continue
    const answer = await cloud.request(estate.pathOf(route))
    const shown = (await answer.json()) as { url?: string }
    if (!answer.ok || shown.url === undefined) continue
    const again = await cloud.request(shown.url.slice(cloud.server.url.length))
    assert.deepEqual(await again.json(), shown, route.name)
  }
})
