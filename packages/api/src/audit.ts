/**
 * The audit log: every change in an account, who made it, and from where. It only grows, and each
 * entry's hash covers the entry before it, so that whoever remembers a hash can tell whether anything
 * up to it was altered.
 *
 * hash = SHA-256 over the UTF-8 of a JSON array: the hash of the entry before (of the first: an empty
 * text), number, timestamp, actor, address, request_id, action, object, before, after.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AccountSid, Hash } from './values.ts'

export const AuditEntry = z
  .object({
    account_sid: AccountSid,
    number: z.int().min(1),
    timestamp: z.string().meta({ format: 'date-time', description: 'UTC with milliseconds' }),
    actor: z.string().meta({ description: 'SID of an account (by its token), API key or user' }),
    address: z.string().meta({ description: 'where the request came from' }),
    request_id: z.string(),
    action: z.string().meta({ description: "a route's operation id, or what the server did" }),
    object: z.string().meta({ description: 'path of what was changed' }),
    before: z.string().meta({ description: 'JSON; empty: it was not there' }),
    after: z.string().meta({
      description:
        'JSON; empty: it is no longer there; with `unfinished` alone: the server was gone, or failed, before it could confirm the change',
    }),
    hash: Hash,
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.output<typeof AuditEntry>

export const AuditVerdict = z
  .object({
    entries: z.int(),
    intact: z.boolean(),
    broken_at: z.int().nullable().meta({ description: 'number of the first entry that is wrong' }),
    last_hash: Hash.nullable().meta({ description: 'to be kept where nobody can change it' }),
  })
  .meta({ id: 'AuditVerdict' })

export const listAudit = route({
  name: 'listAudit',
  method: 'GET',
  path: '/v1/Audit',
  scope: 'admin',
  summary: 'The audit log, newest first',
  query: PageQuery,
  returns: pageOf('entries', AuditEntry),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const verifyAudit = route({
  name: 'verifyAudit',
  method: 'GET',
  path: '/v1/Audit/Verify',
  scope: 'admin',
  summary: 'Go through the whole audit log and check its hashes',
  returns: AuditVerdict,
})

/** What `after` says of a change that the server could not confirm. */
export const unfinished = {
  unfinished: 'The server was gone, or failed, before this was confirmed. It may have been done.',
} as const

export function isUnfinished({ after }: Pick<AuditEntry, 'after'>): boolean {
  return after.startsWith('{"unfinished":')
}

/** What an entry's hash is taken over. */
export function auditText(previous: string, entry: Omit<AuditEntry, 'hash' | 'account_sid'>) {
  const { number, timestamp, actor, address, request_id, action, object, before, after } = entry
  return JSON.stringify([
    previous,
    number,
    timestamp,
    actor,
    address,
    request_id,
    action,
    object,
    before,
    after,
  ])
}
