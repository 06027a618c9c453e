/** A page of a list as the API shows it. */
import type { PageMeta } from '@microvisor/api'
import type { z } from 'zod'
import type { PageOf } from '../storage/pages.ts'

/** `{ apps: […], meta }`; `url` is the list's own. */
export function showPage<K extends string, Row, Item>(
  key: K,
  url: string,
  page: PageOf<Row>,
  show: (row: Row) => Item,
): { [N in K]: Item[] } & { meta: z.output<typeof PageMeta> } {
  const { Page, PageSize, PageToken, ...filters } = page.request
  const more = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `&${name}=${encodeURIComponent(String(value))}`)
    .join('')
  const at = (number: number, token?: string) =>
    `${url}?PageSize=${PageSize}&Page=${number}${more}${token === undefined ? '' : `&PageToken=${token}`}`
  const meta = {
    page: Page,
    page_size: PageSize,
    first_page_url: at(0),
    previous_page_url: page.previous ? at(Math.max(0, Page - 1), page.previous) : null,
    url: at(Page, PageToken),
    next_page_url: page.next ? at(Page + 1, page.next) : null,
    key,
  }
  return { [key]: page.items.map(show), meta } as { [N in K]: Item[] } & { meta: typeof meta }
}
