/**
 * Lists in pages, newest first, by the tables' `seq`. A token is the place where a page begins:
 * `PA41` is what comes after item 41, `PB41` what comes before it.
 */
import { PAGE_SIZE_MAX, Problem } from '@microvisor/api'
import { and, asc, desc, eq, gt, lt, type SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'

export interface PageRequest {
  readonly PageSize: number
  readonly Page: number
  readonly PageToken?: string | undefined
}

export interface PageOf<Item> {
  readonly items: Item[]
  readonly request: PageRequest
  readonly previous: string | undefined
  readonly next: string | undefined
}

type Place = { direction: 'after' | 'before'; seq: number } | undefined

/** What to select for a page: `limit` is one more than its size, to see whether it is the last. */
export interface PageQuery {
  readonly where: SQL | undefined
  readonly orderBy: SQL
  readonly limit: number
}

export async function readPage<Item extends { seq: number }>(
  request: PageRequest,
  columns: { seq: PgColumn; accountSid: PgColumn },
  owner: string,
  select: (query: PageQuery) => Promise<Item[]>,
): Promise<PageOf<Item>> {
  if (request.PageSize > PAGE_SIZE_MAX)
    throw new Problem('PAGE_SIZE_TOO_LARGE', `PageSize is ${request.PageSize}.`)
  const place = parseToken(request.PageToken)
  const own = eq(columns.accountSid, owner)
  const isBackward = place?.direction === 'before'
  const rows = await select({
    where: place ? and(own, (isBackward ? gt : lt)(columns.seq, place.seq)) : own,
    orderBy: (isBackward ? asc : desc)(columns.seq),
    limit: request.PageSize + 1,
  })
  const hasMore = rows.length > request.PageSize
  const items = rows.slice(0, request.PageSize)
  if (isBackward) items.reverse()
  const [first, last] = [items[0], items.at(-1)]
  const hasPrevious = isBackward ? hasMore : place !== undefined
  const hasNext = isBackward ? true : hasMore
  return {
    items,
    request,
    previous: hasPrevious && first ? `PB${first.seq}` : undefined,
    next: hasNext && last ? `PA${last.seq}` : undefined,
  }
}

function parseToken(token: string | undefined): Place {
  if (token === undefined) return undefined
  const parts = /^P([AB])(\d{1,15})$/.exec(token)
  if (parts === null)
    throw new Problem('PAGE_TOKEN_INVALID', `PageToken "${token}" is not one of ours.`)
  return { direction: parts[1] === 'A' ? 'after' : 'before', seq: Number(parts[2]) }
}
