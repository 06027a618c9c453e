/**
 * The GDB server: a TCP port on this machine. One GDB at a time; when it goes, the session with the
 * device ends, unless the server is to go on serving the next one.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { Target } from '../target.ts'
import { GdbSession } from './gdb-session.ts'
import { ACKNOWLEDGED, encodePacket, NOT_UNDERSTOOD, PacketReader } from './packets.ts'

export interface GdbServerOptions {
  readonly host: string
  readonly port: number
  readonly target: Target
  /** GDB has come; its packets wait until this is done. If it fails, GDB is told why. */
  connected(): Promise<void>
  /** GDB has gone. */
  disconnected(): void
}

export class GdbServer {
  readonly #options: GdbServerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #client: GdbClient | undefined

  constructor(options: GdbServerOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Resolves with the port once it listens. */
  listen(): Promise<number> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  output(text: string): void {
    this.#client?.session.output(text)
  }

  /** The device is gone for good. */
  ended(detail: string): void {
    this.#client?.session.ended(detail)
  }

  /** A GDB that does not listen is not waited for. */
  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroySoon()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.#client !== undefined) {
      socket.on('error', () => socket.destroy())
      // As the answer to its first packet: before that it would not listen.
      socket.once('data', () => {
        const refusal = encodePacket(Buffer.from('E.another GDB is connected already'))
        socket.end(Buffer.concat([ACKNOWLEDGED, refusal]))
      })
      return
    }
    // A GDB that has detached may stay connected until it connects anew: it counts as gone.
    const gone = () => {
      if (this.#client !== client) return
      this.#client = undefined
      this.#options.disconnected()
    }
    const client: GdbClient = new GdbClient(socket, this.#options.target, gone)
    this.#client = client
    client.begin(this.#options.connected())
    socket.once('close', gone)
  }
}

/** A connection of GDB's: packets in order, acknowledgements, the interrupt byte at once. */
class GdbClient {
  readonly session: GdbSession
  readonly #socket: Socket
  readonly #reader = new PacketReader()
  #isAcknowledging = true
  #last: Uint8Array = new Uint8Array(0)
  #queue: Promise<void> = Promise.resolve()

  constructor(socket: Socket, target: Target, gone: () => void) {
    this.#socket = socket
    this.session = new GdbSession(target, {
      send: (data) => this.#send(typeof data === 'string' ? Buffer.from(data, 'latin1') : data),
      stopAcknowledging: () => {
        this.#isAcknowledging = false
      },
      close: () => {
        socket.end()
        gone()
      },
    })
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', () => socket.destroy())
  }

  begin(ready: Promise<void>): void {
    this.#queue = ready.catch((error: unknown) => {
      this.session.ended(error instanceof Error ? error.message : String(error))
    })
  }

  #take(bytes: Uint8Array): void {
    for (const received of this.#reader.push(bytes)) {
      if (received.kind === 'interrupt') void this.session.interrupt()
      else if (received.kind === 'again') this.#socket.write(this.#last)
      else if (received.kind === 'damaged') this.#acknowledge(NOT_UNDERSTOOD)
      else if (received.kind === 'packet') {
        this.#acknowledge(ACKNOWLEDGED)
        const { data } = received
        this.#queue = this.#queue.then(() => this.session.packet(data))
      }
    }
  }

  #acknowledge(answer: Uint8Array): void {
    if (this.#isAcknowledging) this.#socket.write(answer)
  }

  #send(data: Uint8Array): void {
    this.#last = encodePacket(data)
    if (this.#socket.writable) this.#socket.write(this.#last)
  }
}
