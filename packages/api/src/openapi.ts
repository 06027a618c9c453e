/**
 * The contract as an OpenAPI 3.1 document, made from the routes.
 */
import { z } from 'zod'
import { ErrorBody, type ErrorCode, errors, generalErrors } from './errors.ts'
import { mediaTypes, type Route } from './route.ts'
import { routes } from './routes.ts'

type Json = Record<string, unknown>

const REF = '#/components/schemas/'

/** The document for a server at `url`. */
export function openApiDocument(url: string, version: string): Json {
  const schemas: Json = {}
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = operation(route, schemas)
  }
  schema(ErrorBody, 'output', schemas)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Microvisor',
      version,
      description: 'Errors carry a permanent code and what to do in `details`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        account: { type: 'http', scheme: 'basic', description: 'Account SID and Auth Token' },
      },
    },
  }
}

function operation(route: Route, schemas: Json): Json {
  return {
    operationId: route.name,
    summary: route.summary,
    security: route.access === 'account' ? [{ account: [] }] : [],
    parameters: [
      ...parameters(route.params, 'path', schemas),
      ...parameters(route.query, 'query', schemas),
    ],
    ...requestBody(route, schemas),
    responses: { [route.status]: success(route, schemas), ...failures(route) },
  }
}

function parameters(object: z.ZodObject, place: 'path' | 'query', schemas: Json): Json[] {
  const { properties = {}, required = [] } = schema(object, 'input', schemas) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }))
}

function requestBody(route: Route, schemas: Json): Json {
  if (route.method !== 'POST') return {}
  const form = schema(route.form, 'input', schemas) as { properties?: Json; required?: string[] }
  const type = route.file ? 'multipart/form-data' : 'application/x-www-form-urlencoded'
  const withFile = {
    ...form,
    properties: {
      File: { type: 'string', format: 'binary', description: route.file?.what },
      ...form.properties,
    },
    required: ['File', ...(form.required ?? [])],
  }
  return {
    requestBody: { required: true, content: { [type]: { schema: route.file ? withFile : form } } },
  }
}

function success(route: Route, schemas: Json): Json {
  if (route.answer === 'nothing') return { description: 'done' }
  const content =
    route.answer === 'bytes'
      ? { type: 'string', format: 'binary' }
      : schema(route.returns, 'output', schemas)
  return { description: 'success', content: { [mediaTypes[route.answer]]: { schema: content } } }
}

function failures(route: Route): Json {
  const codes: ErrorCode[] = [...route.errors]
  if (route.access === 'account') codes.push(...generalErrors)
  const byStatus = Map.groupBy(codes, (code) => errors[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.join(', '),
        content: { 'application/json': { schema: { $ref: `${REF}Error` } } },
      },
    ]),
  )
}

/** JSON schema of `type`; what has a name of its own goes to `schemas`. */
function schema(type: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const made = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
    // Answers may come to have more members; clients are not to mind.
    override: ({ jsonSchema }) => {
      if (io === 'output') delete jsonSchema.additionalProperties
    },
  })
  const text = JSON.stringify(made).replaceAll('#/$defs/', REF)
  const { $schema, $defs, ...rest } = JSON.parse(text) as Json & { $defs?: Json }
  Object.assign(schemas, $defs)
  const id = rest.id
  if (typeof id !== 'string') return rest
  schemas[id] = rest
  return { $ref: `${REF}${id}` }
}
