/** The error table: what clients rely on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorBody, type ErrorCode, errors, generalErrors, Problem } from './errors.ts'
import { routes } from './routes.ts'

const rows = Object.entries(errors) as [ErrorCode, (typeof errors)[ErrorCode]][]

test('every error has a code in capitals, a number, a status and a sentence to act on', () => {
  for (const [code, { number, status, fix }] of rows) {
    assert.match(code, /^[A-Z][A-Z0-9_]+$/)
    assert.ok(number > 20000 && status >= 400 && status < 600, code)
    assert.match(fix, /^[A-Z].*\.$/, code)
  }
})

test('a number of ours belongs to one code', () => {
  const own = rows.map(([, { number }]) => number).filter((number) => number > 70000)
  assert.equal(new Set(own).size, own.length)
})

test('every error can come from some route, or from any', () => {
  const anywhere: readonly string[] = [...generalErrors, 'ROUTE_NOT_FOUND']
  const used = new Set([...routes.flatMap((route) => route.errors), ...anywhere])
  for (const [code] of rows) assert.ok(used.has(code), code)
})

test('the body has the shape of the original API, with our code and the fix in details', () => {
  const body = new Problem('APP_NOT_FOUND', 'No App KA0.', { Sid: 'KA0' }).toBody('http://x')
  assert.deepEqual(ErrorBody.parse(body), {
    code: 20404,
    message: 'No App KA0.',
    more_info: 'http://x/errors/APP_NOT_FOUND',
    status: 404,
    details: { Sid: 'KA0', code: 'APP_NOT_FOUND', fix: errors.APP_NOT_FOUND.fix },
  })
})
