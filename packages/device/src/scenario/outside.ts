/**
 * The world outside of a scenario's device, in this process and on virtual time: pages, Configs and
 * Secrets, a broker. It answers as the cloud would pass the answers on.
 *
 * Not modelled: redirects (they are handed to the application), TLS (names are believed), and the
 * cloud's limits on how much and how often.
 */
import {
  type ChannelResponseInit,
  type ConfigFetch,
  ConfigFetchResult,
  ConfigKeyFetchResult,
  ConfigKeyFetchScope,
  ConfigKeyFetchStore,
  checkHttpRequest,
  decodeUtf8,
  encodeUtf8,
  type HttpRequest,
  HttpResult,
} from '@microvisor/protocol'
import { OUTSIDE_MS, type OutsidePlan, type WebAnswer } from './outside-plan.ts'
import { ScenarioBroker } from './scenario-broker.ts'

export interface OutsideParts {
  readonly plan: OutsidePlan
  /** On virtual time; the return value cancels. */
  readonly after: (ms: number, action: () => void) => () => void
  /** `web`: a request of the device's; `mqtt`: a message that it published. */
  readonly tell: (source: 'web' | 'mqtt', line: string) => void
}

type HttpResponse = Extract<ChannelResponseInit, { case: 'http' }>['value']

export class Outside {
  readonly broker: ScenarioBroker
  readonly #parts: OutsideParts
  readonly #web: Map<string, WebAnswer>
  readonly #values: Map<string, string>

  constructor(parts: OutsideParts) {
    const { plan, after, tell } = parts
    this.#parts = parts
    this.#web = new Map(plan.web)
    this.#values = new Map(plan.values)
    this.broker = new ScenarioBroker({
      brokers: plan.brokers,
      after,
      published: (topic, payload) => tell('mqtt', `${topic} ${shown(payload)}`),
    })
  }

  answer(changes: ReadonlyMap<string, WebAnswer | undefined>): void {
    change(this.#web, changes)
  }

  setValues(changes: ReadonlyMap<string, string | undefined>): void {
    change(this.#values, changes)
  }

  /** Carries a request out; the return value gives it up. */
  perform(request: HttpRequest, reply: (response: HttpResponse) => void): () => void {
    const { after, tell } = this.#parts
    const url = URL.parse(decodeUtf8(request.url))
    if (url?.protocol !== 'https:') {
      return after(0, () => reply({ result: HttpResult.UNSUPPORTEDURISCHEME }))
    }
    const checked = checkHttpRequest(request)
    if (typeof checked === 'number') return after(0, () => reply({ result: checked }))
    const name = `${checked.method} ${url.href}`
    tell('web', `${name} ${decodeUtf8(request.body)}`.trimEnd())
    const answer = this.#web.get(name) ?? this.#missing(url.origin)
    const ms = answer === undefined ? OUTSIDE_MS : OUTSIDE_MS + answer.afterSeconds * 1000
    if (answer === undefined || ms > request.timeoutMs) {
      const failed = { result: HttpResult.REQUESTFAILED }
      return after(Math.min(ms, request.timeoutMs), () => reply(failed))
    }
    const body = checked.method === 'HEAD' ? new Uint8Array(0) : answer.body
    const headers = [`content-length: ${answer.body.length}`, ...answer.headers]
    return after(ms, () =>
      reply({
        ...{ result: HttpResult.OK, statusCode: answer.status, body },
        headers: headers.map((line) => encodeUtf8(line)),
      }),
    )
  }

  lookUp({ keys }: ConfigFetch): ChannelResponseInit {
    const values = keys.map(({ scope, store, key }) => {
      const owner = scope === ConfigKeyFetchScope.DEVICE ? 'device' : 'account'
      const shelf = store === ConfigKeyFetchStore.CONFIG ? 'config' : 'secret'
      const value = this.#values.get(`${owner} ${shelf} ${decodeUtf8(key)}`)
      return value === undefined
        ? { result: ConfigKeyFetchResult.KEYNOTFOUND }
        : { result: ConfigKeyFetchResult.OK, value: encodeUtf8(value) }
    })
    return { case: 'configValues', value: { result: ConfigFetchResult.OK, values } }
  }

  /** A host that answers something knows nothing of the rest; others are not there. */
  #missing(origin: string): WebAnswer | undefined {
    const isThere = [...this.#web.keys()].some(
      (key) => new URL(key.split(' ')[1]!).origin === origin,
    )
    const nothing = { status: 404, headers: [], body: new Uint8Array(0), afterSeconds: 0 }
    return isThere ? nothing : undefined
  }
}

/** Text as it is; what is none, by its length. */
function shown(payload: Uint8Array): string {
  const text = decodeUtf8(payload)
  const isText = [...text].every((character) => character >= ' ' && character !== '\ufffd')
  return isText ? text : `(${payload.length} bytes)`
}

function change<Value>(
  map: Map<string, Value>,
  changes: ReadonlyMap<string, Value | undefined>,
): void {
  for (const [key, value] of changes) {
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }
}
