/** A .proto file as a page: its opening comment, then a table for each message and enumeration. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { code, table } from './markdown.ts'

const folder = join(import.meta.dirname, '../../packages/protocol/proto')

export interface ProtoPage {
  /** The comment at the head of the file, without its first sentence, which is a title. */
  readonly opening: string
  readonly messages: string
}

export function makeProtoPage(file: string): ProtoPage {
  const { opening, blocks } = parseProto(readFileSync(join(folder, file), 'utf8'))
  return {
    opening: opening.replace(/^.*\n+/, ''),
    messages: blocks.map(makeBlock).join('\n'),
  }
}

interface Block {
  readonly kind: string
  readonly name: string
  readonly doc: string
  readonly rows: Row[]
}

interface Row {
  readonly number: string
  readonly name: string
  readonly type: string
  readonly doc: string
}

/** Reads as much of the language as our files use, a line at a time. */
function parseProto(text: string): { opening: string; blocks: Block[] } {
  const [head = '', body = ''] = text.split(/^syntax = .*$/m)
  const blocks: Block[] = []
  const open: (Block | { oneOf: string })[] = []
  let comment: string[] = []
  for (const line of body.split('\n').map((each) => each.trim())) {
    const [, kind, name, closed] = /^(message|enum) (\w+) \{(\})?$/.exec(line) ?? []
    const oneOf = /^oneof (\w+) \{$/.exec(line)?.[1]
    if (kind !== undefined && name !== undefined) {
      const outer = open.findLast((each) => 'kind' in each)
      const block = {
        kind,
        name: outer ? `${outer.name}.${name}` : name,
        doc: comment.join('\n'),
        rows: [],
      }
      blocks.push(block)
      if (closed === undefined) open.push(block)
    } else if (oneOf !== undefined) open.push({ oneOf })
    else if (line === '}') open.pop()
    else addRow(line, open)
    comment = line.startsWith('//') ? [...comment, line.replace(/^\/\/ ?/, '')] : []
  }
  return { opening: head.replace(/^\/\/ ?/gm, '').trim(), blocks }
}

function addRow(line: string, open: readonly (Block | { oneOf: string })[]): void {
  const field = /^((?:repeated )?[\w.]+ )?(\w+) = (\d+);(?: \/\/ (.*))?$/.exec(line)
  const block = open.findLast((each) => 'kind' in each)
  if (field === null || block === undefined) return
  const inner = open.at(-1)!
  const oneOf = 'oneOf' in inner ? ` (one of ${inner.oneOf})` : ''
  const [, type = '', name, number, doc = ''] = field
  block.rows.push({ number: number!, name: name!, type: type.trim() + oneOf, doc })
}

function makeBlock({ kind, name, doc, rows }: Block): string {
  const title = `### ${name}\n${doc && `\n${doc}\n`}`
  if (rows.length === 0) return `${title}\nNo fields.\n`
  const isEnum = kind === 'enum'
  const head = isEnum ? ['value', 'name', 'meaning'] : ['no.', 'field', 'type', 'meaning']
  const cells = rows.map(({ number, name: key, type, doc: note }) =>
    isEnum ? [number, code(key), note] : [number, code(key), type, note],
  )
  return `${title}\n${table(head, cells)}`
}
