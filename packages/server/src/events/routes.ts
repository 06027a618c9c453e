/** Events of the account over HTTP. */
import * as api from '@microvisor/api'
import type { Devices } from '../devices/devices.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { AccountEvents, EventFilter } from './account-events.ts'
import type { EventReaders } from './event-readers.ts'

interface Parts {
  readonly events: AccountEvents
  readonly readers: EventReaders
  readonly devices: Pick<Devices, 'sidOf'>
}

export function addEventRoutes(rest: Rest, { events, readers, devices }: Parts): void {
  const filterOf = async (
    accountSid: string,
    { Device, Type }: { Device?: string | undefined; Type?: string[] | undefined },
  ): Promise<EventFilter> => ({
    types: Type,
    deviceSid: Device === undefined ? undefined : await devices.sidOf(accountSid, Device),
  })
  rest.handle(api.listEvents, async ({ query, caller: { accountSid }, home }) => {
    const page = await events.list(accountSid, query, await filterOf(accountSid, query))
    return showPage('events', `${home}/v1/Events`, page, (event) => event)
  })
  rest.listen(api.streamEvents, async ({ query, caller: { accountSid }, lastEventId }) => {
    const after = lastEventId ?? query.After
    return readers.open(
      accountSid,
      await filterOf(accountSid, query),
      after === undefined ? undefined : Number(after),
    )
  })
}
