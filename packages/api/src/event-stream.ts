/**
 * text/event-stream as read by a client (HTML standard, "Server-sent events"): the data of each
 * event. Event names, ids and retry times are not used here and passed over.
 */

/** Characters of one event; a server that sends more is not ours. */
const EVENT_MAX = 1_048_576

/** The `data` of each event, until the stream ends. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = []
  for await (const line of readLines(body)) {
    if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    else if (line === '' && data.length > 0) {
      yield data.join('\n')
      data = []
    }
  }
}

async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/)
    rest = lines.pop() ?? ''
    if (rest.length > EVENT_MAX) throw new Error(`an event of more than ${EVENT_MAX} characters`)
    yield* lines
  }
}
