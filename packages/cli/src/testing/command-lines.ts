/** Command lines as users type them, several run by one process; what each says and ends with. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export interface CommandLine {
  readonly words: readonly string[]
  /** Of the environment, beside PATH. */
  readonly variables?: Readonly<Record<string, string>>
}

export interface CommandOutcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const PROCESS = fileURLToPath(new URL('command-process.ts', import.meta.url))

/** Nothing of the user's settings counts. */
export async function runCommandLines(lines: readonly CommandLine[]): Promise<CommandOutcome[]> {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = { PATH, NODE_COMPILE_CACHE, XDG_CONFIG_HOME: '/nonexistent' }
  const args = [PROCESS, JSON.stringify(lines)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return JSON.parse(stdout) as CommandOutcome[]
}
