/**
 * Hostile values in every parameter of every route, all others being right: a value stays a value. It
 * is refused or kept as it is, and nothing else of the account or the answer changes.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { isComplete } from '../../../../tools/sampling.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type Estate, makeEstate } from '../testing/estate.ts'
import { Random } from '../testing/random.ts'

const hostile = [
  "' OR '1'='1",
  "'; DROP TABLE devices; --",
  '1); SELECT pg_sleep(9); --',
  "\\'; DELETE FROM audit; --",
  '$1',
  '%',
  '../../etc/passwd',
  '..\\..\\boot.ini',
  '%2e%2e%2f',
  'a\r\nX-Injected: 1',
  'a\n\nevent: x\ndata: y',
  '\0',
  '\u202e\u0000\u001b[2J',
  '<script>alert(1)</script>',
  '{{7*7}}#{7*7}',
  '__proto__',
  'constructor',
  '[object Object]',
  '-1',
  '1e999',
  '99999999999999999999',
  'x'.repeat(5000),
] as const
/** Of them, for each parameter in each run. */
const SAMPLE = 2
/** What one request may take: nothing of a value is carried out. */
const PATIENCE_MS = 8000

let cloud: TestCloud
let estate: Estate
before(async () => {
  cloud = await testCloud()
  estate = await makeEstate(cloud)
})
after(() => cloud.close())

type Place = 'params' | 'query' | 'form'

interface Attempt {
  readonly route: api.Route
  readonly place: Place
  readonly name: string
}

/** Every parameter of the contract. */
function* attempts(): Generator<Attempt> {
  for (const route of api.routes)
    for (const place of ['params', 'query', 'form'] as const)
      for (const name of Object.keys(route[place].shape)) yield { route, place, name }
}

async function send({ route, place, name }: Attempt, value: string): Promise<Response> {
  const fields = await estate.fieldsOf(route)
  const form = place === 'form' ? { ...fields, [name]: value } : fields
  const path =
    place === 'params'
      ? estate.pathOf({ ...route, path: route.path.replace(`:${name}`, '\u0001') })
      : estate.pathOf(route)
  const query = place === 'query' ? `?${new URLSearchParams({ [name]: value })}` : ''
  const init: RequestInit = { method: route.method, signal: AbortSignal.timeout(PATIENCE_MS) }
  if (route.file) {
    const body = new FormData()
    for (const [key, text] of Object.entries(form)) body.append(key, text)
    body.append('File', new Blob([Buffer.from(estate.fileOf(route))]), 'x')
    init.body = body
  } else if (route.method === 'POST' && Object.keys(route.form.shape).length > 0)
    init.body = new URLSearchParams(form)
  return cloud.request(path.replace('\u0001', encodeURIComponent(value)) + query, init)
}

async function check(attempt: Attempt, value: string): Promise<void> {
  const { route, place, name } = attempt
  const what = `${route.name} ${place} ${name} = ${JSON.stringify(value.slice(0, 40))}`
  const answer = await send(attempt, value)
  assert.ok(answer.status < 500, `${what}: ${answer.status}`)
  assert.equal(answer.headers.get('x-injected'), null, what)
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', what)
  if (route.answer === 'events' && answer.ok) {
    await answer.body?.cancel()
    return
  }
  const text = await answer.text()
  if (answer.status >= 400) {
    const { details } = api.ErrorBody.parse(JSON.parse(text))
    assert.ok(Object.hasOwn(api.errors, details.code), what)
    return
  }
  // What is kept is kept as it came: only what people read is free text.
  const kept = place === 'form' && route.answer === 'json' ? JSON.parse(text) : {}
  for (const [member, shown] of Object.entries(kept))
    if (member === snake(name) && typeof shown === 'string')
      assert.ok(shown === value || shown === value.toLowerCase(), `${what}: ${shown.slice(0, 40)}`)
}

const snake = (name: string) => name.replace(/(?<!^)[A-Z]/g, (c) => `_${c}`).toLowerCase()

test('a hostile value in any parameter of any route is refused or kept as it is', async () => {
  const random = Random.fresh()
  const all = [...attempts()]
  assert.ok(all.length > 200)
  for (const attempt of all) {
    const values = isComplete ? hostile : Array.from({ length: SAMPLE }, () => random.pick(hostile))
    for (const value of values)
      await check(attempt, value).catch((error: Error) => {
        error.message += ` (seed ${random.seed})`
        throw error
      })
  }
  const Sid = estate.values.Devices!
  assert.equal((await cloud.client.call(api.fetchDevice, { params: { Sid } })).sid, Sid)
  assert.equal((await cloud.client.call(api.verifyAudit)).intact, true)
})
