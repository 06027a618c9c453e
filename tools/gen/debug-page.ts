/** docs/reference/debug-protocol.md: the messages of packages/protocol/proto/debug.proto. */
import {
  DEBUG_BLOCK_BYTES_MAX,
  DEBUG_BREAKPOINTS_MAX,
  DEBUG_CREDIT_BYTES,
  DEBUG_EXPRESSION_BYTES_MAX,
  DEBUG_EXPRESSIONS_MAX,
  DEBUG_FORESEEN_MAX,
  DEBUG_HASH_BYTES_MAX,
  DEBUG_MEMORY_BYTES_MAX,
  DEBUG_RANGES_MAX,
  FRAME_BYTES_MAX,
} from '@microvisor/protocol'
import { table } from './markdown.ts'
import { makeProtoPage } from './proto-page.ts'

export function makeDebugPage(): string {
  const { opening, messages } = makeProtoPage('debug.proto')
  return `# The debug protocol

<!-- Generated from packages/protocol/proto/debug.proto by \`npm run gen\`: change it there. -->

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
    ['credit that each end of a debug stream gives', `${DEBUG_CREDIT_BYTES} bytes`],
    ['breakpoints', `${DEBUG_BREAKPOINTS_MAX}`],
    ['agent expressions of a breakpoint, of each kind', `${DEBUG_EXPRESSIONS_MAX}`],
    ['an agent expression', `${DEBUG_EXPRESSION_BYTES_MAX} bytes`],
    ['steps that are foreseen', `${DEBUG_FORESEEN_MAX}`],
    ['ranges in a request', `${DEBUG_RANGES_MAX}`],
    ['memory in a message, all ranges together', `${DEBUG_MEMORY_BYTES_MAX} bytes`],
    ['memory that one request has hashed', `${DEBUG_HASH_BYTES_MAX} bytes`],
    ['a block that is written', `${DEBUG_BLOCK_BYTES_MAX} bytes`],
  ],
)
