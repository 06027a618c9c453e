/**
 * Lists in pages. A client follows `next_page_url` until it is null.
 *
 * Page is for the reader's eyes only; the place in the list stands in PageToken, so that a list
 * that grows or shrinks between two pages shows nothing twice and skips nothing.
 */
import { z } from 'zod'
import { Url } from './values.ts'

export const PAGE_SIZE_DEFAULT = 50
export const PAGE_SIZE_MAX = 1000

export const PageQuery = z.strictObject({
  PageSize: z.coerce
    .number()
    .int()
    .min(1)
    .default(PAGE_SIZE_DEFAULT)
    .meta({ description: `items on a page, 1-${PAGE_SIZE_MAX}`, maximum: PAGE_SIZE_MAX }),
  Page: z.coerce.number().int().min(0).default(0).meta({ description: 'shown again in meta.page' }),
  PageToken: z.string().max(64).optional().meta({ description: 'from next_page_url' }),
})

export const PageMeta = z
  .object({
    page: z.int(),
    page_size: z.int(),
    first_page_url: Url,
    previous_page_url: Url.nullable(),
    url: Url,
    next_page_url: Url.nullable(),
    key: z.string().meta({ description: 'name of the array in this answer' }),
  })
  .meta({ id: 'PageMeta' })

/** The answer of a list: the items under the collection's name, and `meta`. */
export function pageOf<K extends string, T extends z.ZodType>(key: K, item: T) {
  return z.object({ [key]: z.array(item), meta: PageMeta } as {
    [N in K]: z.ZodArray<T>
  } & { meta: typeof PageMeta })
}

/** What a list's pages consist of. */
export type ItemOf<Page> = {
  [K in keyof Page]: Page[K] extends readonly (infer Item)[] ? Item : never
}[keyof Page]
