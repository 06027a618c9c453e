/** Where the server's log goes, and how much of it there is: one JSON object a line. */
import { join } from 'node:path'
import { usageError } from './errors.ts'
import { openLogFile } from './log-file.ts'

export interface ServerLog {
  readonly level: string
  /** A path, or words. */
  readonly place: string
  write(line: string): void
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

/** Throws Failure for settings that make no sense. */
export function serverLogOf(folder: string, environment: NodeJS.ProcessEnv): ServerLog {
  const level = environment.MICROVISOR_LOG_LEVEL || 'info'
  if (!LEVELS.includes(level))
    throw usageError(`MICROVISOR_LOG_LEVEL is "${level}".`, `Give one of ${LEVELS.join(', ')}.`)
  const to = environment.MICROVISOR_LOG || 'file'
  if (to === 'stderr')
    return { level, place: 'standard error', write: (line) => process.stderr.write(line) }
  if (to !== 'file') throw usageError(`MICROVISOR_LOG is "${to}".`, 'Give `file` or `stderr`.')
  const place = join(folder, 'server.log')
  return { level, place, write: openLogFile(place) }
}
