/**
 * The world outside as a scenario describes it: which requests are answered and how, which Configs
 * and Secrets are set, which brokers there are. `outside:` says how it is at the start; the steps
 * `answer`, `values` and `brokers` change it.
 */
import { encodeUtf8, httpMethods } from '@microvisor/protocol'
import { parseWhole, readQuantity } from '../board/quantities.ts'
import { describe, type Located, refuseUnknown } from '../board/yaml-reader.ts'

/** The keys of `outside`, for the reader and for the documentation. */
export const outsideKeys = {
  web: 'what answers HTTPS requests, by URL: a text, or `status`, `headers`, `body`, and `after` which time; `POST https://…` for other methods than GET',
  values:
    'Configs and Secrets that the application can fetch: `device config: { colour: blue }`, `account secret: { token: x }`',
  brokers: 'MQTT brokers, as `host:port`; all know the same topics',
} as const

export interface WebAnswer {
  readonly status: number
  /** `name: value`. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
  readonly afterSeconds: number
}

export interface OutsidePlan {
  /** By method and URL: `GET https://example.com/`. */
  readonly web: ReadonlyMap<string, WebAnswer>
  /** By scope, store and key: `device config colour`. */
  readonly values: ReadonlyMap<string, string>
  readonly brokers: readonly string[]
}

export const emptyOutside: OutsidePlan = { web: new Map(), values: new Map(), brokers: [] }

/** From the cloud to whoever answers, and back. */
export const OUTSIDE_MS = 20

const ENTRIES_MAX = 256
const BODY_CHARACTERS_MAX = 262_144
const ANSWER_SECONDS = { unit: 's', min: 0, max: 600 } as const
const shelves = ['device config', 'device secret', 'account config', 'account secret'] as const
const answerKeys = ['status', 'headers', 'body', 'after'] as const

export function readOutside(value: Located | undefined): OutsidePlan {
  if (value === undefined) return emptyOutside
  const parts = new Map<string, Located>()
  for (const { key, keyNode, value: part } of value.entries('`outside`')) {
    if (Object.hasOwn(outsideKeys, key)) parts.set(key, part)
    else refuseUnknown('key', keyNode, Object.keys(outsideKeys))
  }
  const [web, values, brokers] = ['web', 'values', 'brokers'].map((key) => parts.get(key))
  const present = <Value>(changes: ReadonlyMap<string, Value | undefined>) =>
    new Map([...changes].filter((entry): entry is [string, Value] => entry[1] !== undefined))
  return {
    web: web === undefined ? new Map() : present(readAnswers(web)),
    values: values === undefined ? new Map() : present(readValues(values)),
    brokers: brokers?.items('`brokers`').flatMap(readBroker) ?? [],
  }
}

/** By method and URL; undefined where there is no answer any more. */
export function readAnswers(value: Located): ReadonlyMap<string, WebAnswer | undefined> {
  const entries = value.entries('the answers of the web').slice(0, ENTRIES_MAX)
  const pairs = entries.flatMap(({ key, keyNode, value: answer }) => {
    const [, method = 'GET', address = ''] = /^(?:([A-Z]+) )?(\S+)$/.exec(key) ?? []
    const url = URL.parse(address)
    const isKnown = (httpMethods as readonly string[]).includes(method)
    if (url?.protocol !== 'https:' || !isKnown) {
      keyNode.refuse(
        `An answer belongs to \`https://…\`, with one of ${httpMethods.join(', ')} in front unless it is GET, not to ${describe(keyNode)}.`,
      )
      return []
    }
    return [[`${method} ${url.href}`, readAnswer(answer)] as const]
  })
  return new Map(pairs)
}

/** By scope, store and key; undefined where it is not set any more. */
export function readValues(value: Located): ReadonlyMap<string, string | undefined> {
  const pairs = value.entries('`values`').flatMap(({ key: shelf, keyNode, value: items }) => {
    if (!(shelves as readonly string[]).includes(shelf)) {
      refuseUnknown('kind of value', keyNode, shelves)
      return []
    }
    const entries = items.entries(`\`${shelf}\``).slice(0, ENTRIES_MAX)
    return entries.map(({ key, value: text }) => {
      return [`${shelf} ${key}`, text.isNothing ? undefined : readText(text)] as const
    })
  })
  return new Map(pairs)
}

function readAnswer(value: Located): WebAnswer | undefined {
  if (value.isNothing) return undefined
  const plain = { status: 200, headers: [], body: new Uint8Array(0), afterSeconds: 0 }
  if (!value.isMap) return { ...plain, body: encodeUtf8(readText(value)) }
  const answer: { -readonly [Key in keyof WebAnswer]: WebAnswer[Key] } = plain
  for (const { key, keyNode, value: part } of value.entries('an answer')) {
    if (key === 'status') answer.status = readStatus(part)
    else if (key === 'body') answer.body = encodeUtf8(readText(part))
    else if (key === 'after')
      answer.afterSeconds = readQuantity(part, '`after`', ANSWER_SECONDS) ?? 0
    else if (key === 'headers') {
      answer.headers = part
        .entries('`headers`')
        .map((header) => `${header.key}: ${readText(header.value)}`)
    } else refuseUnknown('part of an answer', keyNode, answerKeys)
  }
  return answer
}

function readStatus(value: Located): number {
  const status = parseWhole(value.text)
  if (status !== undefined && status >= 200 && status <= 599) return status
  value.refuse(`A status of HTTP is from 200 to 599, not ${describe(value)}.`)
  return 200
}

function readText(value: Located): string {
  const { scalar } = value
  if (scalar === undefined) value.refuse(`This has to be a text, not ${describe(value)}.`)
  const text = String(scalar ?? '')
  if (text.length > BODY_CHARACTERS_MAX) {
    value.refuse(`This text has ${text.length} characters; at most ${BODY_CHARACTERS_MAX}.`)
  }
  return text
}

function readBroker(item: Located): string[] {
  if (/^[\w.-]+:\d{1,5}$/.test(item.text)) return [item.text]
  item.refuse(`A broker is \`host:port\`, like \`broker.example.com:8883\`, not ${describe(item)}.`)
  return []
}
