/**
 * The debug protocol's messages: bytes to messages and back, within their limits.
 * docs/reference/debug-protocol.md has the format, made from the same proto/debug.proto.
 */
import './text.ts'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Framing, framed } from './framing.ts'
import type { DebugReply, DebugRequest, MemoryRange, StopView } from './generated/debug_pb.js'
import { DebugReplySchema, DebugRequestSchema } from './generated/debug_pb.js'
import {
  DEBUG_BREAKPOINTS_MAX,
  DEBUG_EXPRESSION_BYTES_MAX,
  DEBUG_EXPRESSIONS_MAX,
  DEBUG_FORESEEN_MAX,
  DEBUG_HASH_BYTES_MAX,
  DEBUG_MEMORY_BYTES_MAX,
  DEBUG_RANGES_MAX,
} from './limits.ts'

export {
  type Attached,
  type Breakpoint,
  type ForeseenStep,
  HashKind,
  type MemoryContent,
  type MemoryRange,
  type Passage,
  type RegisterValue,
  type Stopped,
  StopReason,
  type StopView,
  WatchAccess,
  type Watchpoint,
} from './generated/debug_pb.js'

export const DEBUG_PROTOCOL_VERSION = 2

type Init<Schema extends typeof DebugRequestSchema | typeof DebugReplySchema> = Exclude<
  NonNullable<MessageInitShape<Schema>['body']>,
  { case?: undefined }
>
type Body<Message extends DebugRequest | DebugReply> = Exclude<Message['body'], { case: undefined }>

export type DebugRequestInit = Init<typeof DebugRequestSchema>
export type DebugReplyInit = Init<typeof DebugReplySchema>
export type DebugRequestBody = Body<DebugRequest>
export type DebugReplyBody = Body<DebugReply>

/** A message with its id. */
export interface Numbered<T> {
  readonly id: number
  readonly body: T
}

export function encodeDebugRequest(id: number, body: DebugRequestInit): Uint8Array<ArrayBuffer> {
  const request = create(DebugRequestSchema, { id, body })
  const problem = problemOf(request.body as DebugRequestBody)
  if (problem !== undefined) throw new RangeError(problem)
  return framed(toBinary(DebugRequestSchema, request))
}

export function encodeDebugReply(id: number, body: DebugReplyInit): Uint8Array<ArrayBuffer> {
  return framed(toBinary(DebugReplySchema, create(DebugReplySchema, { id, body })))
}

/** Finds messages in a stream; after an error, which is for people, it finds no more. */
class MessageDecoder<T> {
  readonly #framing = new Framing()
  readonly #decode: (content: Uint8Array) => Numbered<T> | string
  #error: string | undefined

  constructor(decode: (content: Uint8Array) => Numbered<T> | string) {
    this.#decode = decode
  }

  push(chunk: Uint8Array): { messages: Numbered<T>[]; error?: string } {
    const messages: Numbered<T>[] = []
    if (this.#error === undefined) {
      const { contents, error } = this.#framing.push(chunk)
      this.#error = this.#take(contents, messages) ?? error?.message
    }
    return this.#error === undefined ? { messages } : { messages, error: this.#error }
  }

  #take(contents: readonly Uint8Array[], messages: Numbered<T>[]): string | undefined {
    for (const content of contents) {
      const decoded = this.#decode(content)
      if (typeof decoded === 'string') return decoded
      messages.push(decoded)
    }
    return undefined
  }
}

export class DebugRequestDecoder extends MessageDecoder<DebugRequestBody> {
  constructor() {
    super((content) => {
      const request = parse(() => fromBinary(DebugRequestSchema, content))
      if (typeof request === 'string') return request
      const { id, body } = request
      if (body.case === undefined) return 'A debug request holds nothing that this version knows.'
      return problemOf(body) ?? { id, body }
    })
  }
}

export class DebugReplyDecoder extends MessageDecoder<DebugReplyBody> {
  constructor() {
    super((content) => {
      const reply = parse(() => fromBinary(DebugReplySchema, content))
      if (typeof reply === 'string') return reply
      const { id, body } = reply
      if (body.case === undefined) return 'A debug reply holds nothing that this version knows.'
      return { id, body }
    })
  }
}

function parse<T>(run: () => T): T | string {
  try {
    return run()
  } catch (error) {
    return `A debug message is malformed: ${error instanceof Error ? error.message : String(error)}.`
  }
}

/** Which limit a request breaks, in a sentence. */
function problemOf(body: DebugRequestBody): string | undefined {
  switch (body.case) {
    case 'attach':
      return view(body.value.view)
    case 'readMemory':
      return ranges(body.value.ranges)
    case 'hashMemory':
      return ranges(body.value.ranges, DEBUG_HASH_BYTES_MAX)
    case 'resume':
      return resume(body.value)
    default:
      return undefined
  }
}

function resume({
  view: seen,
  breakpoints,
  foreseen,
}: Extract<DebugRequestBody, { case: 'resume' }>['value']) {
  const expressions = breakpoints.flatMap(({ conditions, commands }) => [conditions, commands])
  const most = Math.max(0, ...expressions.map((list) => list.length))
  const longest = Math.max(0, ...expressions.flat().map((bytes) => bytes.length))
  return (
    view(seen) ??
    tooMany('breakpoints', breakpoints.length, DEBUG_BREAKPOINTS_MAX) ??
    tooMany('foreseen steps', foreseen.length, DEBUG_FORESEEN_MAX) ??
    tooMany('expressions of one breakpoint', most, DEBUG_EXPRESSIONS_MAX) ??
    tooMany('bytes of an expression', longest, DEBUG_EXPRESSION_BYTES_MAX)
  )
}

function view(seen: StopView | undefined): string | undefined {
  if (seen === undefined) return undefined
  return ranges([...seen.ranges, { length: seen.stackBytes }])
}

function ranges(
  list: readonly Pick<MemoryRange, 'length'>[],
  bytesMax = DEBUG_MEMORY_BYTES_MAX,
): string | undefined {
  const bytes = list.reduce((sum, { length }) => sum + length, 0)
  return (
    tooMany('ranges', list.length, DEBUG_RANGES_MAX + 1) ??
    tooMany('bytes of memory', bytes, bytesMax)
  )
}

function tooMany(what: string, count: number, most: number): string | undefined {
  return count > most ? `${count} ${what} are more than the ${most} allowed.` : undefined
}
