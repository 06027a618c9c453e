/** A debug session as a command runs it: target, GDB server, and what is said about them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../cloud.ts'
import { Failure } from '../errors.ts'
import { debugIdentity } from './debug-keys.ts'
import { loadElfContent } from './elf-content.ts'
import { GdbServer } from './gdb/gdb-server.ts'
import { explainRefusal } from './refusals.ts'
import { Target } from './target.ts'
import { openTunnel } from './tunnel.ts'

/** For the device to answer that it lets the application go on. */
const LEAVING_MS = 3000

export interface DebugSessionOptions {
  readonly cloud: Cloud
  readonly deviceSid: string
  readonly keyFile: string
  /** The file with the keys of devices that were seen before. */
  readonly knownDevices: string
  readonly host: string
  readonly port: number
  /** Code and constants are taken from it where flash holds the same. */
  readonly elf: string | undefined
  progress(line: string): void
}

export interface DebugSession {
  readonly port: number
  readonly target: Target
  /** Resolves when the session is over, with the reason. */
  readonly over: Promise<string>
  close(): Promise<void>
}

export async function openDebugSession(options: DebugSessionOptions): Promise<DebugSession> {
  const { cloud, deviceSid, knownDevices, host, port, elf, progress } = options
  const identity = await debugIdentity(options.keyFile)
  const { promise: over, resolve: end } = Promise.withResolvers<string>()
  const target = new Target({
    connect: (signal) =>
      openTunnel({ connection: cloud.connection, deviceSid, identity, knownDevices, signal }),
    events: {
      output: (text) => server.output(Buffer.from(text).toString('utf8')),
      note: progress,
      ended: (detail) => {
        server.ended(detail)
        end(detail)
      },
    },
    foresees: true,
  })
  let leaving: Promise<void> = Promise.resolve()
  const server = new GdbServer({
    ...{ host, port, target },
    connected: async () => {
      try {
        await leaving
        await target.attach()
        if (elf !== undefined) await compare(elf, target, progress)
      } catch (error) {
        progress(`GDB was turned away: ${error instanceof Error ? error.message : error}`)
        throw error
      }
      progress('GDB has connected; the application is halted.')
    },
    disconnected: () => {
      progress('GDB has gone; the application runs on.')
      leaving = target.detach().catch(() => undefined)
    },
  })
  await target.connect().catch(async (error: unknown) => {
    target.close()
    throw await explainRefusal(error, options.keyFile)
  })
  const opened = await server.listen().catch((error: NodeJS.ErrnoException) => {
    target.close()
    throw portFailure(error, host, port)
  })
  return {
    ...{ port: opened, target, over },
    close: async () => {
      server.close()
      await Promise.race([
        Promise.all([leaving, target.detach()]).catch(() => undefined),
        patience(),
      ])
      target.close()
      end('')
    },
  }
}

/** A device that does not answer any more notices the end of the tunnel by itself. */
function patience(): Promise<void> {
  return sleep(LEAVING_MS, undefined, { ref: false })
}

async function compare(elf: string, target: Target, progress: (line: string) => void) {
  const { sameBytes, imageBytes } = await loadElfContent(elf, target.state)
  if (sameBytes < imageBytes) {
    progress(
      `warning: ${imageBytes - sameBytes} of ${imageBytes} bytes of ${elf} are not what the device's flash holds. Deploy it, or \`load\` it in GDB.`,
    )
  }
}

function portFailure(error: NodeJS.ErrnoException, host: string, port: number): Failure {
  return new Failure({
    code: 'GDB_PORT_UNAVAILABLE',
    message: `the GDB server cannot listen on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'somebody else does' : error.message}.`,
    fix: 'end the other program, or choose another port with --port.',
    cause: error,
  })
}
