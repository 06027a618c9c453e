/** What tests do about programs that are not installed: skip and say which; with CI=true, fail. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** For the options of a test: `{ skip: missing('cmake') }`. */
export function missing(...programs: readonly string[]): string | false {
  return absence(programs.filter((name) => spawnSync(name, ['--version']).error !== undefined))
}

/** The same for a program that is a file of a package. */
export function missingFile(file: string): string | false {
  return absence(existsSync(file) ? [] : [file])
}

function absence(absent: readonly string[]): string | false {
  if (absent.length === 0) return false
  if (process.env.CI === 'true') throw new Error(`not installed: ${absent.join(', ')}`)
  return `${absent.join(', ')} not installed`
}
