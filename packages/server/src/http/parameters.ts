/** Parameters checked by the contract; what does not fit is a Problem that names the parameter. */
import { Problem, type Route } from '@microvisor/api'
import type { z } from 'zod'

export function parseParameters<S extends z.ZodObject>(
  route: Route,
  schema: S,
  given: Readonly<Record<string, unknown>>,
): z.output<S> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return withoutNul(parsed.data, given)
  const issue = parsed.error.issues[0]
  if (issue?.code === 'unrecognized_keys') throw unknown(route, schema, issue.keys[0] ?? '')
  const name = String(issue?.path[0] ?? '')
  if (given[name] === undefined)
    throw new Problem('PARAMETER_MISSING', `${name} is missing.`, { parameter: name })
  const value = String(given[name])
  const shown = value.length > 80 ? `${value.slice(0, 80)}…` : value
  throw new Problem('PARAMETER_INVALID', `${name} is "${shown}": ${issue?.message}.`, {
    parameter: name,
  })
}

/** No text of PostgreSQL's can hold it, and no parameter means it. */
function withoutNul<T>(parsed: T, given: Readonly<Record<string, unknown>>): T {
  for (const [name, value] of Object.entries(given))
    if (String(value).includes('\0'))
      throw new Problem('PARAMETER_INVALID', `${name} has a NUL character in it.`, {
        parameter: name,
      })
  return parsed
}

function unknown(route: Route, schema: z.ZodObject, name: string): Problem {
  const known = Object.keys(schema.shape)
  const knows = known.length === 0 ? 'takes none there' : `knows ${known.join(', ')}`
  return new Problem(
    'PARAMETER_UNKNOWN',
    `${route.method} ${route.path} has no parameter ${name}; it ${knows}.`,
    { parameter: name },
  )
}

/** What stands for bytes that are no UTF-8; as it is encoded where it was meant. */
const REPLACEMENT = '\ufffd'
const REPLACEMENT_ENCODED = /%EF%BF%BD/i

/** Fields of a query string or form. A field that comes twice has no meaning here. */
export function fieldsOf(text: string): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  const isMeant = REPLACEMENT_ENCODED.test(text)
  for (const [name, value] of new URLSearchParams(text)) {
    if (!isMeant && `${name}${value}`.includes(REPLACEMENT))
      throw new Problem('PARAMETER_INVALID', `${name} is not UTF-8.`, { parameter: name })
    if (name in fields)
      throw new Problem('PARAMETER_INVALID', `${name} is given twice.`, { parameter: name })
    fields[name] = value
  }
  return fields
}
