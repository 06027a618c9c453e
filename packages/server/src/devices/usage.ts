/** Usage over HTTP: which devices connected in a month, as JSON and as CSV. */
import * as api from '@microvisor/api'
import { and, asc, eq } from 'drizzle-orm'
import { formatDate } from '../http/dates.ts'
import type { Rest } from '../http/rest.ts'
import type { Database } from '../storage/database.ts'
import { deviceUsage } from '../storage/schema.ts'

export function addUsageRoutes(rest: Rest, db: Database): void {
  const read = (accountSid: string, month: string | undefined) =>
    readUsage(db, accountSid, month ?? monthOf(new Date()))
  rest.handle(api.fetchUsage, ({ query, caller }) => read(caller.accountSid, query.Month))
  rest.handle(api.exportUsage, async ({ query, caller }) =>
    formatCsv(await read(caller.accountSid, query.Month)),
  )
}

async function readUsage(db: Database, accountSid: string, month: string): Promise<api.Usage> {
  const rows = await db
    .select()
    .from(deviceUsage)
    .where(and(eq(deviceUsage.accountSid, accountSid), eq(deviceUsage.month, month)))
    .orderBy(asc(deviceUsage.deviceSid))
  const devices = rows.map((row) => ({
    device_sid: row.deviceSid,
    date_first: formatDate(row.firstAt),
    date_last: formatDate(row.lastAt),
    connections: row.connections,
  }))
  return { month, device_count: devices.length, devices }
}

/** No value has a comma, a quote or a line break in it. */
function formatCsv({ month, devices }: api.Usage): string {
  const rows = devices.map((one) => [
    month,
    one.device_sid,
    one.date_first,
    one.date_last,
    one.connections,
  ])
  return [['month', 'device_sid', 'date_first', 'date_last', 'connections'], ...rows]
    .map((row) => `${row.join(',')}\r\n`)
    .join('')
}

/** As usage is counted: `2021-01`, in UTC. */
export function monthOf(date: Date): string {
  return date.toISOString().slice(0, 7)
}
