/** docs/reference/channels.md: the messages of packages/protocol/proto/channels.proto. */
import {
  CHANNEL_BUFFER_BYTES_MAX,
  CHANNEL_CREDIT_BYTES,
  CHANNELS_MAX,
  CONFIG_KEY_BYTES_MAX,
  CONFIG_KEYS_MAX,
  channelEndpoints,
  HTTP_HEADERS_MAX,
  HTTP_TIMEOUT_MS_MAX,
  HTTP_TIMEOUT_MS_MIN,
  MQTT_CERTIFICATES_MAX,
  MQTT_PUBLISHES_MAX,
  MQTT_TOPICS_MAX,
} from '@microvisor/protocol'
import { code, table } from './markdown.ts'
import { makeProtoPage } from './proto-page.ts'

export function makeChannelsPage(): string {
  const { opening, messages } = makeProtoPage('channels.proto')
  return `# Channels between an application and the cloud

<!-- Generated from packages/protocol/proto/channels.proto by \`npm run gen\`: change it there. -->

${opening}

## Limits

${limits}
## Endpoints of opaque channels

${endpoints}
## Messages

${messages}`
}

const limits = table(
  ['what', 'limit'],
  [
    ['channels of an application', `${CHANNELS_MAX}`],
    ['a buffer, and so a message', `${CHANNEL_BUFFER_BYTES_MAX} bytes`],
    ['credit that the cloud gives a channel', `${CHANNEL_CREDIT_BYTES} bytes`],
    ['header lines of an HTTP request', `${HTTP_HEADERS_MAX}`],
    ['timeout of an HTTP request', `${HTTP_TIMEOUT_MS_MIN} to ${HTTP_TIMEOUT_MS_MAX} ms`],
    ['keys of a config fetch', `${CONFIG_KEYS_MAX}`],
    ['a key', `${CONFIG_KEY_BYTES_MAX} bytes`],
    ['certificates in a chain', `${MQTT_CERTIFICATES_MAX}`],
    ['topics of a subscribe or unsubscribe', `${MQTT_TOPICS_MAX}`],
    ['publishes that wait for their answer', `${MQTT_PUBLISHES_MAX}`],
  ],
)

const endpoints = table(
  ['name', 'what it does with the bytes'],
  Object.entries(channelEndpoints).map(([name, doc]) => [code(name), doc]),
)
