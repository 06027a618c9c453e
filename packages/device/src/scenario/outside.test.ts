/** The world outside of a scenario: what its files may say, and what the device is answered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeUtf8, encodeUtf8, type HttpRequest, plainPolicies } from '@microvisor/protocol'
import { DescriptionError } from '../board/problems.ts'
import { DescriptionFile } from '../board/yaml-reader.ts'
import { Outside } from './outside.ts'
import { readOutside } from './outside-plan.ts'
import { readPolicies } from './policies.ts'

function read(text: string) {
  const file = new DescriptionFile('test.yaml', text, 'SCENARIO_INVALID')
  const plan = readOutside(file.root)
  file.check()
  return plan
}

function outside(text: string) {
  const timers: { ms: number; action: () => void }[] = []
  const told: string[] = []
  const unit = new Outside({
    plan: read(text),
    after(ms, action) {
      timers.push({ ms, action })
      return () => void timers.splice(0)
    },
    tell: (source, line) => told.push(`${source} ${line}`),
  })
  /** What comes of a request, and after how long. */
  const ask = (method: string, url: string, more: Partial<HttpRequest> = {}) => {
    let answer = ''
    const request = {
      ...{ method: encodeUtf8(method), url: encodeUtf8(url), headers: [] },
      ...{ body: new Uint8Array(0), timeoutMs: 5000, ...more },
    } as unknown as HttpRequest
    unit.perform(request, ({ result, statusCode = 0, headers = [], body }) => {
      const lines = headers.map((line) => decodeUtf8(line as Uint8Array))
      answer = `${result} ${statusCode} ${lines.join('; ')} ${decodeUtf8(body ?? new Uint8Array(0))}`
    })
    const { ms, action } = timers.shift()!
    action()
    return `${ms} ms: ${answer.trim()}`
  }
  return { unit, told, ask }
}

const web = `web:
  https://a.test/: hello
  https://a.test/slow: { after: 4 s, body: late }
  POST https://a.test/items: { status: 201, headers: { location: /items/1 } }
`

test('requests are answered as the plan says, and everything else as the cloud would', () => {
  const { ask, told } = outside(web)
  const cases: readonly (readonly [string, string, string, Partial<HttpRequest>?])[] = [
    ['GET', 'https://a.test/', '20 ms: 0 200 content-length: 5 hello'],
    ['GET', 'https://a.test', '20 ms: 0 200 content-length: 5 hello'],
    ['GET', 'https://a.test/slow', '4020 ms: 0 200 content-length: 4 late'],
    ['POST', 'https://a.test/items', '20 ms: 0 201 content-length: 0; location: /items/1'],
    ['GET', 'https://a.test/items', '20 ms: 0 404 content-length: 0'],
    ['GET', 'https://b.test/', '20 ms: 5 0'],
    ['GET', 'http://a.test/', '0 ms: 1 0'],
    ['GET', 'nonsense', '0 ms: 1 0'],
    ['TRACE', 'https://a.test/', '0 ms: 2 0'],
    ['GET', 'https://a.test/', '0 ms: 3 0', { headers: [encodeUtf8('no colon')] }],
    ['GET', 'https://a.test/', '0 ms: 4 0', { timeoutMs: 4999 }],
    ['GET', 'https://a.test/', '0 ms: 4 0', { timeoutMs: 10_001 }],
  ]
  for (const [method, url, expected, more] of cases) {
    assert.equal(ask(method, url, more), expected, `${method} ${url}`)
  }
  assert.deepEqual(told.slice(0, 2), ['web GET https://a.test/', 'web GET https://a.test/'])
})

test('HEAD has the length of what it leaves out; a request that takes too long fails at its limit', () => {
  const { ask, unit } = outside(
    'web:\n  HEAD https://a.test/: hello\n  https://a.test/: { after: 1 min }\n',
  )
  assert.equal(ask('HEAD', 'https://a.test/'), '20 ms: 0 200 content-length: 5')
  assert.equal(ask('GET', 'https://a.test/'), '5000 ms: 5 0')
  unit.answer(new Map([['GET https://a.test/', undefined]]))
  assert.equal(ask('GET', 'https://a.test/'), '20 ms: 0 404 content-length: 0')
})

const wrong: readonly (readonly [string, RegExp])[] = [
  ['webs: {}', /no key `webs`.*`web`/],
  ['web: { http://a.test/: x }', /belongs to `https/],
  ['web: { TRACE https://a.test/: x }', /belongs to `https/],
  ['web: { https://a.test/: { status: 199 } }', /200 to 599/],
  ['web: { https://a.test/: { statuss: 200 } }', /`statuss`.*`status`/],
  ['web: { https://a.test/: [1] }', /text, not a list/],
  ['web: { https://a.test/: { after: 5 } }', /`after` has to be a number with a unit/],
  ['values: { config: { a: b } }', /no kind of value `config`/],
  ['values: { device config: { a: [1] } }', /text, not a list/],
  ['brokers: ["mqtts://a.test"]', /`host:port`/],
]

for (const [text, message] of wrong) {
  test(`${text} is refused with what is wrong`, () => {
    assert.throws(
      () => read(text),
      (error) => error instanceof DescriptionError && message.test(error.message),
    )
  })
}

test('policies are read with their units, and the others stay', () => {
  const text =
    'minimum-check-in-time: 1 h\nminimum-restart-interval: 250 ms\ncrash-stack-bytes: 64\n'
  const file = new DescriptionFile('test.yaml', text, 'SCENARIO_INVALID')
  const given = {
    ...plainPolicies,
    update: { maximumPolitenessSeconds: 9, minimumKernelVersion: 1 },
  }
  assert.deepEqual(readPolicies(file.root)(given), {
    ...given,
    connectivity: { connectionGraceSeconds: 0, minimumCheckInSeconds: 3600 },
    crash: { ...given.crash, minimumRestartMs: 250, includeStackBytes: 64 },
  })
  const bad = new DescriptionFile('test.yaml', 'politeness: 1 s', 'SCENARIO_INVALID')
  readPolicies(bad.root)
  assert.throws(() => bad.check(), /no policy `politeness`/)
})
