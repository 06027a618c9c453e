/**
 * Events as text/event-stream (HTML standard, "Server-sent events"). A comment at the start tells the
 * reader that it misses nothing from now on; comments in quiet times keep the connection open and
 * let a dead one be noticed.
 */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

export interface EventSource<Event> {
  /** Undefined: there are no more. */
  next(): Promise<Event | undefined>
  end(): void
}

/** Events that have an id are sent with it, so that a reader can go on behind the last it got. */
export async function streamEvents<Event extends object>(
  response: ServerResponse,
  feed: EventSource<Event>,
  heartbeatMs: number,
): Promise<void> {
  response.on('close', () => feed.end())
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  response.write(': listening\n\n')
  // A reader that does not read is not written to; its feed drops events meanwhile.
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': still here\n\n')
  }, heartbeatMs)
  try {
    for (let event = await feed.next(); event !== undefined; event = await feed.next()) {
      if (response.destroyed) return
      const id = 'id' in event ? `id: ${event.id}\n` : ''
      if (!response.write(`${id}data: ${JSON.stringify(event)}\n\n`)) await drained(response)
    }
    response.end()
  } finally {
    clearInterval(heartbeat)
    feed.end()
  }
}

async function drained(response: ServerResponse): Promise<void> {
  const closed = new AbortController()
  const onClose = () => closed.abort()
  response.once('close', onClose)
  await once(response, 'drain', { signal: closed.signal }).catch(() => undefined)
  response.off('close', onClose)
}
