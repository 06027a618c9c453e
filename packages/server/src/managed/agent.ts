/** HTTP/1.1 whose every connection is made through the egress policy. */
import { Agent } from 'undici'
import type { Egress } from './egress.ts'

const HEADER_BYTES_MAX = 16_384

export interface AgentLimits {
  /** To one origin at once. */
  readonly connections: number
  readonly connectMs: number
}

export function agentOver(egress: Egress, { connections, connectMs }: AgentLimits): Agent {
  return new Agent({
    allowH2: false,
    connections,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: ({ hostname, port }, callback) => {
      const signal = AbortSignal.timeout(connectMs)
      const host = hostname.replace(/^\[|\]$/g, '')
      const tls = { ALPNProtocols: ['http/1.1'] }
      egress.connect({ host, port: Number(port) || 443, signal, tls }).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      )
    },
  })
}
