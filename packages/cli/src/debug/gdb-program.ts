/** GDB itself: started and connected. */
import { spawn, spawnSync } from 'node:child_process'
import { Failure } from '../errors.ts'

const PROGRAMS = ['gdb-multiarch', 'arm-none-eabi-gdb', 'gdb'] as const

/** How long GDB waits for an answer; the link to a device may be slow. */
export const REMOTE_TIMEOUT_SECONDS = 30

/** The first that is installed; where none is, the one that should be. */
export function installedGdb(): string {
  const isInstalled = (program: string) => spawnSync(program, ['--version']).error === undefined
  return PROGRAMS.find(isInstalled) ?? PROGRAMS[0]
}

/** Runs GDB in this terminal until it ends. */
export async function runGdb(elf: string, host: string, port: number): Promise<string> {
  // Ctrl-C is GDB's while it runs.
  process.removeAllListeners('SIGINT')
  process.on('SIGINT', () => undefined)
  const args = [
    ...['-q', elf, '-l', String(REMOTE_TIMEOUT_SECONDS)],
    ...['-ex', `target remote ${host}:${port}`],
  ]
  for (const program of PROGRAMS) {
    const hasRun = await new Promise<boolean>((resolve) => {
      const child = spawn(program, args, { stdio: 'inherit' })
      child.once('error', () => resolve(false))
      child.once('close', () => resolve(true))
    })
    if (hasRun) return ''
  }
  throw new Failure({
    code: 'GDB_MISSING',
    message: `none of ${PROGRAMS.join(', ')} is installed.`,
    fix: `install gdb-multiarch, or connect a GDB of your own: target remote ${host}:${port}`,
  })
}
