/** What tests do about programs that are not installed: skip and say which; with CI=true, fail. */
import { spawnSync } from 'node:child_process'

/** For the options of a test: `{ skip: missing('cmake') }`. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => spawnSync(program, ['--version']).error !== undefined)
  if (absent.length === 0) return false
  if (process.env.CI === 'true') throw new Error(`not installed: ${absent.join(', ')}`)
  return `${absent.join(', ')} not installed`
}
