/** Configs and Secrets over HTTP: two scopes, two stores, the same five calls. */
import * as api from '@microvisor/api'
import type { Caller } from '../accounts/identities.ts'
import type { Devices } from '../devices/devices.ts'
import { formatDate } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { PageRequest } from '../storage/pages.ts'
import type { ConfigRow, Configs, Place, Store } from './configs.ts'

export function addConfigRoutes(rest: Rest, configs: Configs, devices: Devices): void {
  addFamily(rest, configs, api.accountConfigs, ofAccount('config'), showConfig)
  addFamily(rest, configs, api.accountSecrets, ofAccount('secret'), showSecret)
  addFamily(rest, configs, api.deviceConfigs, ofDevice(devices, 'config'), showConfig)
  addFamily(rest, configs, api.deviceSecrets, ofDevice(devices, 'secret'), showSecret)
}

type Family =
  | typeof api.accountConfigs
  | typeof api.accountSecrets
  | typeof api.deviceConfigs
  | typeof api.deviceSecrets

/** Where a call aims, and where that is on the web. */
interface Aim {
  readonly place: Place
  readonly path: string
}

type FindPlace = (params: { DeviceSid?: string }, caller: Caller) => Aim | Promise<Aim>
type Show = (row: ConfigRow, url: string) => Record<string, unknown>

/** The contract holds what `show` makes against the family's item before it goes out. */
function addFamily(
  rest: Rest,
  configs: Configs,
  family: Family,
  find: FindPlace,
  show: Show,
): void {
  const { list, create, fetch, update, remove } = family as Untyped
  const shown = (row: ConfigRow, { path }: Aim, home: string) =>
    show(row, `${home}${path}/${encodeURIComponent(row.key)}`)
  rest.handle(list, async ({ params, query, caller, home }) => {
    const aim = await find(params, caller)
    const page = await configs.list(aim.place, query as unknown as PageRequest)
    return showPage(`${aim.place.store}s`, `${home}${aim.path}`, page, (row) =>
      shown(row, aim, home),
    )
  })
  rest.handle(create, async ({ params, form, caller, home }) => {
    const aim = await find(params, caller)
    return shown(await configs.create(aim.place, text(form.Key), text(form.Value)), aim, home)
  })
  rest.handle(fetch, async ({ params, caller, home }) => {
    const aim = await find(params, caller)
    return shown(await configs.fetch(aim.place, text(params.Key)), aim, home)
  })
  rest.handle(update, async ({ params, form, caller, home }) => {
    const aim = await find(params, caller)
    return shown(await configs.update(aim.place, text(params.Key), text(form.Value)), aim, home)
  })
  rest.handle(remove, async ({ params, caller }) => {
    const { place } = await find(params, caller)
    return configs.remove(place, text(params.Key))
  })
}

/** The four families as one: what differs is in their schemas, which `rest` applies. */
type Untyped = Readonly<Record<keyof Family, api.Route>>

function text(value: unknown): string {
  return String(value)
}

function ofAccount(store: Store): FindPlace {
  return (_, { accountSid }) => ({
    place: { accountSid, deviceSid: null, store },
    path: `/v1/${title(store)}`,
  })
}

function ofDevice(devices: Devices, store: Store): FindPlace {
  return async ({ DeviceSid = '' }, { accountSid }) => {
    const { sid } = await devices.fetch(accountSid, DeviceSid)
    return {
      place: { accountSid, deviceSid: sid, store },
      path: `/v1/Devices/${sid}/${title(store)}`,
    }
  }
}

function title(store: Store): string {
  return store === 'config' ? 'Configs' : 'Secrets'
}

function showConfig(row: ConfigRow, url: string) {
  return { ...owner(row), key: row.key, value: row.value, date_updated: dateOf(row), url }
}

function showSecret(row: ConfigRow, url: string) {
  return { ...owner(row), key: row.key, date_rotated: dateOf(row), url }
}

function owner({ deviceSid }: ConfigRow) {
  return deviceSid === null ? {} : { device_sid: deviceSid }
}

function dateOf({ updatedAt }: ConfigRow): string {
  return formatDate(updatedAt)
}
