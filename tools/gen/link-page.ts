/** docs/reference/link.md: the messages of packages/protocol/proto/link.proto with its own comments. */
import {
  FETCH_CREDIT_BYTES,
  FRAME_BYTES_MAX,
  LAYERS_MAX,
  LINK_TEXT_BYTES_MAX,
  LOG_CREDIT_BYTES,
  LOG_LINE_BYTES_MAX,
  STREAM_CREDIT_BYTES_MAX,
  STREAM_DATA_BYTES_MAX,
  STREAMS_MAX,
} from '@microvisor/protocol'
import { table } from './markdown.ts'
import { makeProtoPage } from './proto-page.ts'

export function makeLinkPage(): string {
  const { opening, messages } = makeProtoPage('link.proto')
  return `# The link between a device and the cloud

<!-- Generated from packages/protocol/proto/link.proto by \`npm run gen\`: change it there. -->

${opening}

## Limits

${limits}
## Messages

${messages}`
}

const limits = table(
  ['what', 'limit'],
  [
    ['a frame, without its length', `${FRAME_BYTES_MAX} bytes`],
    ['`StreamData.data`', `${STREAM_DATA_BYTES_MAX} bytes`],
    ['streams open at once', `${STREAMS_MAX}`],
    ['credit of one stream', `${STREAM_CREDIT_BYTES_MAX} bytes`],
    ['credit that the cloud gives a log stream', `${LOG_CREDIT_BYTES} bytes`],
    ['credit that a device gives a fetch', `${FETCH_CREDIT_BYTES} bytes`],
    ['a log message', `${LOG_LINE_BYTES_MAX} bytes`],
    ['a text for people', `${LINK_TEXT_BYTES_MAX} bytes of UTF-8`],
    ['layers in a `DeviceState`', `${LAYERS_MAX}`],
    ['any hash', '32 bytes, or none where the comment says so'],
  ],
)
