/** The OpenAPI document: every route is in it, and everything it points at exists. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiDocument } from './openapi.ts'
import { routes } from './routes.ts'

type Operation = { operationId: string; responses: Record<string, unknown> }

const document = openApiDocument('http://localhost:8700', '0.1.0') as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}
const operations = Object.values(document.paths).flatMap((path) => Object.values(path))

test('every route is one operation, and no two share a name', () => {
  assert.deepEqual(
    operations.map((operation) => operation.operationId).sort(),
    routes.map((route) => route.name).sort(),
  )
  assert.equal(new Set(routes.map((route) => route.name)).size, routes.length)
})

test('every reference points at a schema that is there', () => {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)
  const names = [...references].map((match) => match[1] ?? '')
  assert.ok(names.length > routes.length)
  for (const name of names) assert.ok(name in document.components.schemas, name)
})

test('every parameter of a path is described', () => {
  for (const route of routes) {
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
    assert.deepEqual(Object.keys(route.params.shape), inPath, route.name)
  }
})

test('a route that answers errors says under which status', () => {
  for (const route of routes.filter((one) => one.access === 'account')) {
    const operation = operations.find((one) => one.operationId === route.name)
    assert.ok(operation && '401' in operation.responses && '400' in operation.responses, route.name)
  }
})
