/**
 * Hostile requests: any path and method of the contract with any body, of any kind. Whatever comes, the
 * answer is one of the documented errors; the server never fails itself.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { routes } from '@microvisor/api'
import { sampled } from '../../../../tools/sampling.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { Random } from '../testing/random.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

const REQUESTS = sampled(300, 20_000)
/** Streams do not end. */
const open = routes.filter(({ answer }) => answer !== 'events')
const words = [
  '',
  'first',
  '../..',
  '%00',
  `UV${'0'.repeat(32)}`,
  "'; DROP TABLE devices; --",
  '𐍈',
  'x'.repeat(2000),
]
const types = [
  'application/x-www-form-urlencoded',
  'application/json',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'text/plain; charset=nonsense',
]

function body(random: Random): Uint8Array {
  const name = random.pick([
    'UniqueName',
    'Key',
    'Value',
    'File',
    'Csr',
    'TargetApp',
    '__proto__',
    '',
  ])
  const value = random.pick(words)
  const texts = [
    `${name}=${encodeURIComponent(value)}&${name}=${value}`,
    `{"${name}": ["${value}"]`,
    `--b\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\n\r\n${value}\r\n--b--\r\n`,
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`,
    `--b\r\n\r\n${value}\r\n--b--`,
  ]
  return random.chance(0.2) ? random.bytes(random.below(3000)) : Buffer.from(random.pick(texts))
}

test('no request makes the server fail', async () => {
  const random = Random.fresh()
  for (let i = 0; i < REQUESTS; i++) {
    const { method, path } = random.pick(open)
    const filled = path.replace(/:[A-Za-z]+/g, () => encodeURIComponent(random.pick(words)))
    const query = random.chance(0.3)
      ? `?PageSize=${random.pick(words)}&PageToken=${random.pick(words)}`
      : ''
    const headers = { 'content-type': random.pick(types) }
    const sent = method === 'GET' ? {} : { headers, body: Buffer.from(body(random)) }
    const response = await cloud.request(filled + query, { method, ...sent })
    const answer = await response.text()
    assert.ok(
      response.status < 500,
      `seed ${random.seed}: ${method} ${filled} ${response.status} ${answer}`,
    )
    if (response.status >= 400) assert.match(answer, /"code":/, `seed ${random.seed}: ${filled}`)
  }
})
