/**
 * Configs and Secrets: values under keys, of an account or of one of its devices. Values of Secrets
 * are sealed before they are written, and opened only for a device that asks (`lookUp`).
 */
import { Problem } from '@microvisor/api'
import { and, count, eq, inArray, isNull, type SQL } from 'drizzle-orm'
import type { MasterKeys } from '../keys/master-keys.ts'
import type { Database } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { configs } from '../storage/schema.ts'

export type ConfigRow = typeof configs.$inferSelect

export type Store = 'config' | 'secret'

/** Whose values: an account's (`deviceSid` null) or one device's, Configs or Secrets. */
export interface Place {
  readonly accountSid: string
  readonly deviceSid: string | null
  readonly store: Store
}

/** What a device asks for. */
export interface Wanted {
  readonly scope: 'account' | 'device'
  readonly store: Store
  readonly key: string
}

export interface ConfigParts {
  readonly db: Database
  readonly masterKeys: MasterKeys
  readonly keysPerPlace: number
}

export class Configs {
  readonly #parts: ConfigParts

  constructor(parts: ConfigParts) {
    this.#parts = parts
  }

  list(place: Place, request: PageRequest): Promise<PageOf<ConfigRow>> {
    return readPage(request, configs, place.accountSid, ({ where, orderBy, limit }) =>
      this.#parts.db
        .select()
        .from(configs)
        .where(and(where, within(place)))
        .orderBy(orderBy)
        .limit(limit),
    )
  }

  async fetch(place: Place, key: string): Promise<ConfigRow> {
    const [row] = await this.#parts.db.select().from(configs).where(at(place, key))
    if (row) return row
    throw missing(place, key)
  }

  async create(place: Place, key: string, value: string): Promise<ConfigRow> {
    const { db, keysPerPlace } = this.#parts
    const [held] = await db.select({ keys: count() }).from(configs).where(within(place))
    if ((held?.keys ?? 0) >= keysPerPlace)
      throw new Problem(
        'KEYS_TOO_MANY',
        `${ownerOf(place)} has ${held?.keys} ${nounOf(place)}s; ${keysPerPlace} are allowed.`,
      )
    const row = { ...place, key, value: this.#kept(place, key, value) }
    const [made] = await db.insert(configs).values(row).onConflictDoNothing().returning()
    if (made) return made
    throw new Problem('KEY_TAKEN', `${ownerOf(place)} has a ${nounOf(place)} "${key}" already.`)
  }

  async update(place: Place, key: string, value: string): Promise<ConfigRow> {
    const [row] = await this.#parts.db
      .update(configs)
      .set({ value: this.#kept(place, key, value), updatedAt: new Date() })
      .where(at(place, key))
      .returning()
    if (row) return row
    throw missing(place, key)
  }

  async remove(place: Place, key: string): Promise<void> {
    const gone = await this.#parts.db
      .delete(configs)
      .where(at(place, key))
      .returning({ seq: configs.seq })
    if (gone.length === 0) throw missing(place, key)
  }

  /** The values that a device asks for, in its order; undefined where there is none. */
  async lookUp(
    device: { readonly sid: string; readonly accountSid: string },
    wanted: readonly Wanted[],
  ): Promise<(string | undefined)[]> {
    const places = wanted.map(({ scope, store }) => ({
      accountSid: device.accountSid,
      deviceSid: scope === 'device' ? device.sid : null,
      store,
    }))
    const found = new Map<string, string>()
    for (const place of new Map(places.map((place) => [nameOf(place), place])).values())
      for (const row of await this.#rows(
        place,
        wanted.filter((_, i) => nameOf(places[i]!) === nameOf(place)),
      ))
        found.set(purposeOf(place, row.key), await this.#opened(row))
    return wanted.map(({ key }, i) => found.get(purposeOf(places[i]!, key)))
  }

  /** Seals what is under an older master key anew; says how many that were. */
  async resealAll(): Promise<number> {
    const { db, masterKeys } = this.#parts
    const secrets = await db.select().from(configs).where(eq(configs.store, 'secret'))
    let resealed = 0
    for (const row of secrets) {
      if (masterKeys.isCurrent(row.value)) continue
      const value = this.#kept(row as Place, row.key, await this.#opened(row))
      // Only if nobody has changed it meanwhile.
      await db
        .update(configs)
        .set({ value })
        .where(and(eq(configs.seq, row.seq), eq(configs.value, row.value)))
      resealed++
    }
    return resealed
  }

  #rows(place: Place, wanted: readonly Wanted[]): Promise<ConfigRow[]> {
    const keys = wanted.map(({ key }) => key)
    return this.#parts.db
      .select()
      .from(configs)
      .where(and(within(place), inArray(configs.key, keys)))
  }

  #kept(place: Place, key: string, value: string): string {
    if (place.store === 'config') return value
    return this.#parts.masterKeys.seal(value, purposeOf(place, key))
  }

  async #opened(row: ConfigRow): Promise<string> {
    if (row.store === 'config') return row.value
    return this.#parts.masterKeys.open(row.value, purposeOf(row as Place, row.key))
  }
}

function within({ accountSid, deviceSid, store }: Place): SQL | undefined {
  return and(
    eq(configs.accountSid, accountSid),
    deviceSid === null ? isNull(configs.deviceSid) : eq(configs.deviceSid, deviceSid),
    eq(configs.store, store),
  )
}

function at(place: Place, key: string): SQL | undefined {
  return and(within(place), eq(configs.key, key))
}

function nameOf({ accountSid, deviceSid, store }: Place): string {
  return `${store} of ${deviceSid ?? accountSid}`
}

function purposeOf(place: Place, key: string): string {
  return `${nameOf(place)}: ${key}`
}

function nounOf({ store }: Place): 'Config' | 'Secret' {
  return store === 'config' ? 'Config' : 'Secret'
}

function ownerOf({ deviceSid }: Place): string {
  return deviceSid === null ? 'This account' : `Device ${deviceSid}`
}

function missing(place: Place, key: string): Problem {
  const code = place.store === 'config' ? 'CONFIG_NOT_FOUND' : 'SECRET_NOT_FOUND'
  return new Problem(code, `${ownerOf(place)} has no ${nounOf(place)} "${key}".`)
}
