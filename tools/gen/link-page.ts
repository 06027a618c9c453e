/** docs/reference/link.md: the messages of packages/protocol/proto/link.proto with its own comments. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
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
import { code, table } from './markdown.ts'

const source = join(import.meta.dirname, '../../packages/protocol/proto/link.proto')

export function makeLinkPage(): string {
  const { opening, blocks } = parseProto(readFileSync(source, 'utf8'))
  return [
    '# The link between a device and the cloud\n',
    '<!-- Generated from packages/protocol/proto/link.proto by `npm run gen`: change it there. -->\n',
    `${opening.replace(/^The link between a device and the cloud\.\n+/, '')}\n`,
    '## Limits\n',
    limits,
    '## Messages\n',
    ...blocks.map(makeBlock),
  ].join('\n')
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

interface Block {
  readonly kind: 'message' | 'enum'
  readonly name: string
  readonly doc: string
  readonly rows: readonly (readonly [number: string, name: string, type: string, doc: string])[]
}

/** Reads as much of the language as link.proto uses: flat messages with at most one oneof, enums, `//` comments. */
function parseProto(text: string): { opening: string; blocks: Block[] } {
  const [head, ...rest] = text.split(/^syntax = .*$/m)
  const opening = stripComment(head!)
  const pattern = /((?:^\/\/.*\n)*)^(message|enum) (\w+) \{(?:\}|\n([\s\S]*?)^\})/gm
  const blocks = [...rest.join('').matchAll(pattern)].map(
    ([, doc, kind, name, body]): Block => ({
      kind: kind as Block['kind'],
      name: name!,
      doc: stripComment(doc!),
      rows: parseRows(body ?? ''),
    }),
  )
  return { opening, blocks }
}

function parseRows(body: string): Block['rows'] {
  const rows: [string, string, string, string][] = []
  let oneOf = ''
  for (const line of body.split('\n')) {
    const opened = /^\s*oneof (\w+) \{/.exec(line)
    if (opened) oneOf = opened[1]!
    else if (/^\s*\}/.test(line)) oneOf = ''
    const field = /^\s*((?:repeated )?\w+ )?(\w+) = (\d+);(?: \/\/ (.*))?/.exec(line)
    if (!field) continue
    const [, type = '', name, number, doc = ''] = field
    rows.push([number!, name!, `${type.trim()}${oneOf && ` (one of ${oneOf})`}`, doc])
  }
  return rows
}

function makeBlock({ kind, name, doc, rows }: Block): string {
  const title = `### ${name}\n${doc && `\n${doc}\n`}`
  if (rows.length === 0) return `${title}\nNo fields.\n`
  if (kind === 'enum')
    return `${title}\n${table(
      ['value', 'name', 'meaning'],
      rows.map(([n, key, , note]) => [n, code(key), note]),
    )}`
  return `${title}\n${table(
    ['no.', 'field', 'type', 'meaning'],
    rows.map(([n, key, type, note]) => [n, code(key), type, note]),
  )}`
}

function stripComment(comment: string): string {
  return comment.replace(/^\/\/ ?/gm, '').trim()
}
