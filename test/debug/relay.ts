/**
 * Somebody between the command and the cloud, who can do with the bytes of a debug session whatever he
 * likes, or hold them up. Everything else passes unchanged.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { SlowLine } from './slow-line.ts'

/** What becomes of a message: what is passed on in its place. */
export type Mischief = (message: Buffer) => readonly Buffer[]

export const mischiefs: Readonly<Record<string, Mischief>> = {
  'edits a byte': (message) => {
    const edited = Buffer.from(message)
    edited[edited.length - 1]! ^= 1
    return [edited]
  },
  replays: (message) => [message, message],
  reorders: (message) => {
    const middle = message.length >> 1
    return [message.subarray(middle), message.subarray(0, middle)]
  },
  'drops part of it': (message) => [message.subarray(0, -1), message],
}

export class Relay {
  readonly #server = createServer((incoming, answer) => this.#pass(incoming, answer))
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #home: URL
  /** Done once, to the next message to the device or from it. */
  readonly mischief: { up?: Mischief | undefined; down?: Mischief | undefined } = {}
  /** All that passed, both ways. */
  readonly seen: Buffer[] = []
  /** What passes to the device, and from it. */
  readonly up = new SlowLine()
  readonly down = new SlowLine()
  url = ''

  constructor(serverUrl: string) {
    this.#home = new URL(serverUrl)
    this.#server.on('upgrade', (incoming, socket, head) => {
      this.#sockets.handleUpgrade(incoming, socket, head, (near) => this.#join(near, incoming))
    })
  }

  /** Both ways alike; the delay is that of a round trip. */
  slow({ roundTripMs = 0, bitsPerSecond = Number.POSITIVE_INFINITY }): void {
    for (const line of [this.up, this.down]) {
      line.delayMs = roundTripMs / 2
      line.bitsPerSecond = bitsPerSecond
    }
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const { hostname, port } = this.#home
    const { url: path, method, headers } = incoming
    const onward = request({ hostname, port, path, method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers)
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    incoming.pipe(onward)
  }

  #join(near: WebSocket, incoming: IncomingMessage): void {
    const { authorization } = incoming.headers
    const far = new WebSocket(`ws://${this.#home.host}${incoming.url}`, {
      headers: { authorization: authorization ?? '' },
      perMessageDeflate: false,
    })
    const opened = new Promise((resolve) => far.once('open', resolve))
    near.on('message', (data: Buffer, isBinary) =>
      this.up.carry(data.length, () => opened.then(() => this.#deliver('up', far, data, isBinary))),
    )
    far.on('message', (data: Buffer, isBinary) =>
      this.down.carry(data.length, () => this.#deliver('down', near, data, isBinary)),
    )
    near.on('close', () => this.up.carry(0, () => far.close()))
    far.on('close', () => this.down.carry(0, () => near.close()))
    for (const socket of [near, far]) socket.on('error', () => socket.terminate())
  }

  #deliver(way: 'up' | 'down', to: WebSocket, data: Buffer, isBinary: boolean): void {
    this.seen.push(data)
    const mischief = isBinary ? this.mischief[way] : undefined
    if (mischief !== undefined) this.mischief[way] = undefined
    const pieces = mischief?.(data) ?? [data]
    for (const piece of pieces) to.send(piece, { binary: isBinary })
  }
}
