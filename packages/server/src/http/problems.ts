/** What to answer for whatever a request ran into. */
import { Problem, type Route } from '@microvisor/api'
import { BundleError } from '@microvisor/protocol'
import { StorageFull } from '../storage/blobs.ts'
import { isUnavailable, SqlState, sqlStateOf } from '../storage/database.ts'

/** Undefined for what is a fault of ours. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (error instanceof BundleError) return new Problem(error.code, error.message)
  if (error instanceof StorageFull || sqlStateOf(error) === SqlState.diskFull)
    return new Problem('STORAGE_FULL', 'The server has no room left to keep this.')
  if (isUnavailable(error))
    return new Problem('DATABASE_UNAVAILABLE', 'The database does not answer at the moment.')
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  if (code === 'FST_ERR_MAX_PARAM_LENGTH')
    return new Problem('PARAMETER_INVALID', 'A part of the path is longer than any name may be.')
  const framework = typeof code === 'string' ? frameworkErrors[code] : undefined
  if (framework) return new Problem(framework, `${error.message}.`)
  return undefined
}

/** Codes of fastify and of its multipart plug-in. */
const frameworkErrors: Record<
  string,
  'BODY_TOO_LARGE' | 'BODY_MALFORMED' | 'CONTENT_TYPE_UNSUPPORTED'
> = {
  FST_ERR_BAD_URL: 'BODY_MALFORMED',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_EMPTY_TYPE: 'CONTENT_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BODY_MALFORMED',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'CONTENT_TYPE_UNSUPPORTED',
  FST_FIELDS_LIMIT: 'BODY_TOO_LARGE',
  FST_FILES_LIMIT: 'BODY_TOO_LARGE',
  FST_INVALID_JSON_FIELD_ERROR: 'BODY_MALFORMED',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'CONTENT_TYPE_UNSUPPORTED',
  FST_MP_PREMATURE_CLOSE: 'BODY_MALFORMED',
  FST_PARTS_LIMIT: 'BODY_TOO_LARGE',
  FST_PROTO_VIOLATION: 'BODY_MALFORMED',
}

/** The route of a path under another method, to tell a wrong method from a wrong path. */
export function routesAt(path: string, routes: readonly Route[]): Route[] {
  return routes.filter((route) =>
    new RegExp(`^${route.path.replace(/:[A-Za-z]+/g, '[^/]+')}$`).test(path),
  )
}
