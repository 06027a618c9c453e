/**
 * What travels on a channel: requests of the device and responses of the cloud, bytes to messages
 * and back. docs/reference/channels.md has the format, made from the same proto/channels.proto.
 *
 * What a decoder hands out keeps the limits of limits.ts. Not here: what texts and numbers mean; a
 * request may well name a method that does not exist, and gets a response that says so.
 */
import './text.ts'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { framed } from './framing.ts'
import type { ChannelRequest, ChannelResponse } from './generated/channels_pb.js'
import { ChannelRequestSchema, ChannelResponseSchema } from './generated/channels_pb.js'
import {
  CHANNEL_BUFFER_BYTES_MAX,
  CONFIG_KEY_BYTES_MAX,
  CONFIG_KEYS_MAX,
  HTTP_HEADERS_MAX,
  MQTT_CERTIFICATES_MAX,
  MQTT_TOPICS_MAX,
} from './limits.ts'

export type * from './generated/channels_pb.js'

type Init<Schema extends typeof ChannelRequestSchema | typeof ChannelResponseSchema> = Exclude<
  NonNullable<MessageInitShape<Schema>['body']>,
  { case?: undefined }
>
type Body<Message extends ChannelRequest | ChannelResponse> = Exclude<
  Message['body'],
  { case: undefined }
>

export type ChannelRequestInit = Init<typeof ChannelRequestSchema>
export type ChannelRequestBody = Body<ChannelRequest>
export type ChannelResponseInit = Init<typeof ChannelResponseSchema>
export type ChannelResponseBody = Body<ChannelResponse>

/** A request with its length in front. */
export function encodeChannelRequest(body: ChannelRequestInit): Uint8Array<ArrayBuffer> {
  return framed(
    toBinary(ChannelRequestSchema, create(ChannelRequestSchema, { body })),
    Number.POSITIVE_INFINITY,
  )
}

/** A response with its length in front: what it takes of the device's receive buffer. */
export function encodeChannelResponse(body: ChannelResponseInit): Uint8Array<ArrayBuffer> {
  return framed(
    toBinary(ChannelResponseSchema, create(ChannelResponseSchema, { body })),
    Number.POSITIVE_INFINITY,
  )
}

/** A request without its length; a text says what is wrong with it. */
export function decodeChannelRequest(bytes: Uint8Array): ChannelRequestBody | string {
  if (bytes.length > CHANNEL_BUFFER_BYTES_MAX) return `A request of ${bytes.length} bytes.`
  let message: ChannelRequest
  try {
    message = fromBinary(ChannelRequestSchema, bytes)
  } catch (error) {
    return `${bytes.length} bytes are no ChannelRequest: ${sentence(error)}.`
  }
  const { body } = message
  if (body.case === undefined) return `A request of ${bytes.length} bytes is of no known kind.`
  return requestProblem(body) ?? body
}

/** A response without its length; undefined for what is none. */
export function decodeChannelResponse(bytes: Uint8Array): ChannelResponseBody | undefined {
  try {
    const { body } = fromBinary(ChannelResponseSchema, bytes)
    return body.case === undefined ? undefined : body
  } catch {
    return undefined
  }
}

/** The limits of lists; single texts are as long as the message. */
function requestProblem(body: ChannelRequestBody): string | undefined {
  switch (body.case) {
    case 'http':
      return tooMany('headers', body.value.headers.length, HTTP_HEADERS_MAX)
    case 'configFetch':
      return (
        tooMany('keys', body.value.keys.length, CONFIG_KEYS_MAX) ??
        body.value.keys
          .map(({ key }) => tooMany('bytes in a key', key.length, CONFIG_KEY_BYTES_MAX))
          .find((problem) => problem !== undefined)
      )
    case 'mqttConnect':
      return (
        tooMany('authorities', body.value.authorities.length, MQTT_CERTIFICATES_MAX) ??
        tooMany('certificates', body.value.certificates.length, MQTT_CERTIFICATES_MAX)
      )
    case 'mqttSubscribe':
      return tooMany('topics', body.value.subscriptions.length, MQTT_TOPICS_MAX)
    case 'mqttUnsubscribe':
      return tooMany('topics', body.value.topics.length, MQTT_TOPICS_MAX)
    default:
      return undefined
  }
}

function tooMany(what: string, count: number, limit: number): string | undefined {
  return count <= limit ? undefined : `There are ${count} ${what}; ${limit} are allowed.`
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
