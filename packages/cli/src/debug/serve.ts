/** The part of a command in which GDB is served, until the user, the device or GDB ends it. */
import type { Cloud } from '../cloud.ts'
import { runGdb } from './gdb-program.ts'
import { knownDevicesFile } from './known-devices.ts'
import { openDebugSession } from './session.ts'

export interface ServeOptions {
  readonly cloud: Cloud
  readonly deviceSid: string
  readonly keyFile: string
  readonly host: string
  readonly port: number
  /** Code and constants are taken from it. */
  readonly elf: string | undefined
  /** GDB is started with it, and its end ends the session. */
  readonly gdbElf?: string | undefined
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
  /** Takes the port in use, once GDB can connect. */
  readonly listening: (port: number) => void
}

export async function serveGdb(options: ServeOptions): Promise<void> {
  const { host, gdbElf, signal, progress } = options
  const session = await openDebugSession({ ...options, knownDevices: knownDevicesFile() })
  options.listening(session.port)
  const stopped = new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => resolve(''), { once: true })
    if (signal.aborted) resolve('')
  })
  const gdb = gdbElf === undefined ? [] : [runGdb(gdbElf, host, session.port)]
  const reason = await Promise.race([session.over, stopped, ...gdb])
  await session.close()
  if (reason !== '') progress(reason)
}
