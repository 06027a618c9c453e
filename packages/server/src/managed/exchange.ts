/** Channels of one request and one response: HTTP and config fetch. */
import {
  type ChannelRequestBody,
  type ChannelResponseInit,
  ConfigFetchResult,
  type ConfigKey,
  ConfigKeyFetchResult,
  ConfigKeyFetchScope,
  ConfigKeyFetchStore,
  decodeUtf8,
  encodeChannelResponse,
  encodeUtf8,
  HttpResult,
} from '@microvisor/protocol'
import type { Configs, Wanted } from '../configs/configs.ts'
import type { DeviceIdentity } from '../devices/reports.ts'
import type { HttpClient } from './http.ts'
import type { ChannelCarrier, ChannelService } from './service.ts'

type Kind = 'http' | 'configFetch'

export class ExchangeService<Wanted extends Kind> implements ChannelService {
  readonly #kind: Wanted
  readonly #carrier: ChannelCarrier
  readonly #answer: Answer<Wanted>
  readonly #over = new AbortController()
  #hasRequested = false

  constructor(kind: Wanted, carrier: ChannelCarrier, answer: Answer<Wanted>) {
    this.#kind = kind
    this.#carrier = carrier
    this.#answer = answer
  }

  request(body: ChannelRequestBody): string | undefined {
    if (body.case !== this.#kind) return `This channel is for ${this.#kind}, not for ${body.case}.`
    if (this.#hasRequested) return 'This channel has carried its one request.'
    this.#hasRequested = true
    void this.#respond(body.value as Requests[Wanted])
    return undefined
  }

  end(): void {
    this.#over.abort()
  }

  async #respond(request: Requests[Wanted]): Promise<void> {
    const { receiveBytes } = this.#carrier
    const { response, ifTooLarge } = await this.#answer(request, receiveBytes, this.#over.signal)
    if (this.#over.signal.aborted) return
    const fits = encodeChannelResponse(response).length <= receiveBytes
    this.#carrier.respond(fits ? response : ifTooLarge)
  }
}

type Requests = {
  readonly [Case in Kind]: Extract<ChannelRequestBody, { case: Case }>['value']
}

/** Never rejects. */
type Answer<Wanted extends Kind> = (
  request: Requests[Wanted],
  receiveBytes: number,
  givenUp: AbortSignal,
) => Promise<{ readonly response: ChannelResponseInit; readonly ifTooLarge: ChannelResponseInit }>

export function httpAnswer(client: HttpClient): Answer<'http'> {
  return async (request, receiveBytes, givenUp) => ({
    response: { case: 'http', value: await client.perform(request, receiveBytes, givenUp) },
    ifTooLarge: { case: 'http', value: { result: HttpResult.RESPONSETOOLARGE } },
  })
}

export function configAnswer(
  configs: Pick<Configs, 'lookUp'>,
  device: DeviceIdentity,
  onError: (error: unknown) => void,
): Answer<'configFetch'> {
  return async ({ keys }) => {
    const found = await configs.lookUp(device, keys.map(wanted)).catch((error: unknown) => {
      onError(error)
      return undefined
    })
    const values = keys.map((_, i) => item(found, found?.[i]))
    return {
      response: { case: 'configValues', value: { result: ConfigFetchResult.OK, values } },
      ifTooLarge: {
        case: 'configValues',
        value: { result: ConfigFetchResult.RESPONSETOOLARGE },
      },
    }
  }
}

function wanted({ scope, store, key }: ConfigKey): Wanted {
  return {
    scope: scope === ConfigKeyFetchScope.DEVICE ? 'device' : 'account',
    store: store === ConfigKeyFetchStore.CONFIG ? 'config' : 'secret',
    key: decodeUtf8(key),
  }
}

function item(found: unknown, value: string | undefined) {
  if (found === undefined) return { result: ConfigKeyFetchResult.SERVERERROR }
  if (value === undefined) return { result: ConfigKeyFetchResult.KEYNOTFOUND }
  return { result: ConfigKeyFetchResult.OK, value: encodeUtf8(value) }
}
