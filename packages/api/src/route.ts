/**
 * What a route is: one value that says everything server, client, OpenAPI document and reference
 * pages need to know. Nothing about HTTP is written anywhere else.
 *
 * Names as in the original API: paths and parameters in UpperCamelCase, answers in snake_case.
 * Parameters arrive as text (path, query string, form), so their schemas accept text; the client
 * turns what it is given into text.
 */
import { z } from 'zod'
import type { ErrorCode } from './errors.ts'

/** What a key may be made for. Each one but `read` includes `read`; `admin` includes all. */
export const scopes = ['read', 'deploy', 'debug', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** Whether somebody with these scopes may do what needs `needed`. */
export function allows(held: readonly string[], needed: Scope): boolean {
  return held.includes('admin') || held.includes(needed) || (needed === 'read' && held.length > 0)
}

/** How an answer travels. `events` is a text/event-stream whose data are `returns` as JSON. */
export type Answer = 'json' | 'nothing' | 'bytes' | 'events' | 'text' | 'csv'

/** Of the answers that have a body. */
export const mediaTypes = {
  json: 'application/json',
  bytes: 'application/zip',
  events: 'text/event-stream',
  text: 'text/plain',
  csv: 'text/csv',
} as const satisfies Record<Exclude<Answer, 'nothing'>, string>

export interface Route<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  F extends z.ZodObject = z.ZodObject,
  R extends z.ZodType = z.ZodType,
> {
  /** Unique; the OpenAPI operation id. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** `:Name` marks a parameter. */
  readonly path: string
  readonly summary: string
  /** Whether anyone may call it, or only somebody with an account's credentials. */
  readonly access: 'account' | 'anyone'
  /** What it takes to call it. Not given: `read` for GET, `deploy` for all others. */
  readonly scope: Scope
  /** Members of the answer that the audit log does not keep. */
  readonly unlogged: readonly string[]
  /** What shows what it changes, where that is not the same path: the audit log's before and after. */
  readonly subject: Route | undefined
  readonly status: 200 | 201 | 204
  readonly answer: Answer
  readonly params: P
  readonly query: Q
  /** application/x-www-form-urlencoded; multipart/form-data where the route takes a file. */
  readonly form: F
  /** The part named `File`, and the most bytes it may have. */
  readonly file: { readonly maxBytes: number; readonly what: string } | undefined
  readonly returns: R
  /** Beside those that every route may answer (`generalErrors`). */
  readonly errors: readonly ErrorCode[]
}

type Optional =
  | 'access'
  | 'scope'
  | 'unlogged'
  | 'subject'
  | 'status'
  | 'answer'
  | 'params'
  | 'query'
  | 'form'
  | 'file'
  | 'errors'
type None = z.ZodObject<Record<never, never>, z.core.$strict>

/** Describes a route; what is left out means: JSON, 200, for account holders, no parameters. */
export function route<
  R extends z.ZodType,
  P extends z.ZodObject = None,
  Q extends z.ZodObject = None,
  F extends z.ZodObject = None,
>(
  facts: Omit<Route<P, Q, F, R>, Optional> & Partial<Pick<Route<P, Q, F, R>, Optional>>,
): Route<P, Q, F, R> {
  const none = z.strictObject({})
  return {
    access: 'account',
    scope: facts.method === 'GET' ? 'read' : 'deploy',
    unlogged: [],
    subject: undefined,
    status: 200,
    answer: 'json',
    // Where P, Q or F was not given it is None, which is what `none` is.
    params: none as unknown as P,
    query: none as unknown as Q,
    form: none as unknown as F,
    file: undefined,
    errors: [],
    ...facts,
  }
}

/** What a caller hands in: only the parts that the route has, optional where all of it is. */
export type Input<T extends Route> = Part<'params', T['params']> &
  Part<'query', T['query']> &
  Part<'form', T['form']>

type Part<Name extends string, S extends z.ZodObject> = keyof z.output<S> extends never
  ? { readonly [N in Name]?: Record<never, never> }
  : Record<never, never> extends Given<S>
    ? { readonly [N in Name]?: Given<S> }
    : { readonly [N in Name]: Given<S> }

/** Typed values for parameters: required where the text form is, of the type that it parses to. */
type Given<S extends z.ZodObject> = {
  readonly [K in keyof z.output<S> as K extends OptionalInput<S> ? never : K]: z.output<S>[K]
} & { readonly [K in OptionalInput<S> & keyof z.output<S>]?: z.output<S>[K] | undefined }

type OptionalInput<S extends z.ZodObject> = {
  [K in keyof z.input<S>]-?: Record<never, never> extends Pick<z.input<S>, K> ? K : never
}[keyof z.input<S>]

export type Output<T extends Route> = z.output<T['returns']>

/** Fills a path's parameters in: `/v1/Apps/:Sid` to `/v1/Apps/KA…`. */
export function fillPath(path: string, params: Readonly<Record<string, unknown>>): string {
  return path.replace(/:([A-Za-z]+)/g, (_, name: string) =>
    encodeURIComponent(String(params[name])),
  )
}
