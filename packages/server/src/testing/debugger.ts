/** A debugger as far as the cloud can tell: a WebSocket, and bytes. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { RunningServer } from '../server.ts'
import { authorization } from './cloud.ts'

export class TestDebugger {
  readonly socket: WebSocket
  /** Why the session is over, as the server says it. */
  readonly over: Promise<string>

  constructor(server: RunningServer, deviceSid: string) {
    const url = `${server.url.replace(/^http/, 'ws')}/v1/Devices/${deviceSid}/Debug`
    this.socket = new WebSocket(url, { headers: authorization(server) })
    let ended = ''
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) ended = JSON.parse(data.toString()).ended
    })
    this.over = once(this.socket, 'close').then(() => ended)
  }

  /** The next bytes. */
  async next(): Promise<Buffer> {
    const [data] = (await once(this.socket, 'message')) as [Buffer]
    return data
  }
}
