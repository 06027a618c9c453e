/** A log file that never takes more than twice its limit: the full one makes way as NAME.1. */
import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const LOG_BYTES_MAX = 8 * 1024 * 1024

/** Takes lines. A disk that is full costs log lines, not the server. */
export function openLogFile(path: string, limitBytes = LOG_BYTES_MAX): (line: string) => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let size = existsSync(path) ? statSync(path).size : 0
  return (line) => {
    try {
      if (size + line.length > limitBytes && size > 0) {
        renameSync(path, `${path}.1`)
        size = 0
      }
      appendFileSync(path, line, { mode: 0o600 })
      size += line.length
    } catch {
      size = 0
    }
  }
}
