/** API keys and the audit log over HTTP. */
import * as api from '@microvisor/api'
import { formatDate, formatDateOrNull } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { ApiKeyRow, ApiKeys } from './api-keys.ts'
import { type Audit, showEntry } from './audit.ts'

export function addApiKeyRoutes(rest: Rest, keys: ApiKeys): void {
  rest.handle(api.listApiKeys, async ({ query, caller, home }) =>
    showPage('keys', `${home}/v1/Keys`, await keys.list(caller.accountSid, query), (key) =>
      showKey(key, home),
    ),
  )
  rest.handle(api.createApiKey, async ({ form, caller, home }) => {
    const { key, secret } = await keys.create(caller.accountSid, form)
    return { ...showKey(key, home), secret }
  })
  rest.handle(api.fetchApiKey, async ({ params, caller, home }) =>
    showKey(await keys.fetch(caller.accountSid, params.Sid), home),
  )
  rest.handle(api.updateApiKey, async ({ params, form, caller, home }) =>
    showKey(await keys.update(caller.accountSid, params.Sid, form), home),
  )
  rest.handle(api.deleteApiKey, ({ params, caller }) => keys.remove(caller.accountSid, params.Sid))
}

export function addAuditRoutes(rest: Rest, audit: Audit): void {
  rest.handle(api.listAudit, async ({ query, caller, home }) =>
    showPage('entries', `${home}/v1/Audit`, await audit.list(caller.accountSid, query), showEntry),
  )
  rest.handle(api.verifyAudit, ({ caller }) => audit.verify(caller.accountSid))
}

function showKey(key: ApiKeyRow, home: string): api.ApiKey {
  return {
    sid: key.sid,
    account_sid: key.accountSid,
    friendly_name: key.friendlyName,
    scopes: key.scopes as api.Scope[],
    date_created: formatDate(key.createdAt),
    date_updated: formatDate(key.updatedAt),
    date_expires: formatDateOrNull(key.expiresAt),
    date_used: formatDateOrNull(key.usedAt),
    url: `${home}/v1/Keys/${key.sid}`,
  }
}
