/** An older version of this repository, installed as docs/guides/hosting.md installs one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './guide.ts'

/** The oldest state whose servers share stores, with API keys, users and an audit log. */
const OLD = 'b1dc5e3f6b3bea8827d8b6b4082db5560e9a0996'

/** Why there is none, as a test's `skip`. */
export function missingOldVersion(): string | false {
  const { status } = spawnSync('git', ['cat-file', '-e', `${OLD}^{commit}`], { cwd: ROOT })
  return status === 0 ? false : `the history does not go back to ${OLD.slice(0, 7)}`
}

/** Returns its command. */
export function installOldVersion(folder: string): string {
  mkdirSync(folder)
  const archive = execFileSync('git', ['archive', OLD], { cwd: ROOT, maxBuffer: 2 ** 28 })
  execFileSync('tar', ['x'], { cwd: folder, input: archive })
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`
  const words = ['install', '--omit=dev', '--no-save', '--no-audit', '--no-fund']
  execFileSync('npm', words, { cwd: folder, env: { ...process.env, PATH }, stdio: 'pipe' })
  return join(folder, 'packages/cli/bin/microvisor.js')
}
