/** What people call things by: a SID of either case, or the unique name. */
import { isSid, parseSid, type SidPrefix } from '@microvisor/protocol'
import { and, eq, type SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

export function byReference(
  prefix: SidPrefix,
  columns: { sid: PgColumn; accountSid: PgColumn; uniqueName: PgColumn },
  accountSid: string,
  reference: string,
): SQL | undefined {
  const isMeant = isSid(reference, prefix)
    ? eq(columns.sid, parseSid(reference, prefix))
    : eq(columns.uniqueName, reference)
  return and(eq(columns.accountSid, accountSid), isMeant)
}
