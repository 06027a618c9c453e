/**
 * .vscode/launch.json: how Visual Studio Code connects to the GDB server of `microvisor debug`, once
 * with the extension Cortex-Debug and once with Native Debug. Properties as their package.json have
 * them. Everything else that stands in the file stays.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../errors.ts'
import { REMOTE_TIMEOUT_SECONDS } from './gdb-program.ts'

export interface LaunchFacts {
  readonly elf: string
  readonly host: string
  readonly port: number
  /** Describes the chip's registers; that of the repository unless given. */
  readonly svd: string | undefined
}

interface LaunchFile {
  readonly version?: unknown
  readonly configurations?: unknown
}

const FORMAT = '0.2.0'

/** Adds both configurations to the file of `folder`, and says where that is. Throws Failure. */
export async function writeLaunchFile(folder: string, facts: LaunchFacts): Promise<string> {
  const file = join(folder, '.vscode', 'launch.json')
  const before = await readLaunchFile(file)
  const made = configurations(folder, facts)
  const names = new Set<unknown>(made.map(({ name }) => name))
  const others = before.configurations.filter((other) => !names.has(nameOf(other)))
  const content = { ...before.rest, configurations: [...others, ...made] }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  return file
}

function configurations(folder: string, { elf, host, port, svd }: LaunchFacts) {
  const target = `${host}:${port}`
  const svdFile = svd ?? ownSvd()
  const common = {
    request: 'attach',
    executable: inWorkspace(folder, elf),
    cwd: `\${workspaceFolder}`,
  }
  // The SDK's build names a project's sources after its target, wherever the project lies.
  const sources = `set substitute-path ${basename(elf, extname(elf))} \${workspaceFolder}`
  const gdbWords = ['-l', String(REMOTE_TIMEOUT_SECONDS), '-ex', sources]
  return [
    {
      ...{ name: 'microvisor (Cortex-Debug)', type: 'cortex-debug', ...common },
      servertype: 'external',
      gdbTarget: target,
      gdbPath: 'gdb-multiarch',
      debuggerArgs: gdbWords,
      // `monitor reset` halts; the extension's own words for it are OpenOCD's.
      overrideResetCommands: ['monitor reset'],
      ...(svdFile === undefined ? {} : { svdFile: inWorkspace(folder, svdFile) }),
    },
    {
      ...{ name: 'microvisor (Native Debug)', type: 'gdb', ...common },
      remote: true,
      target,
      gdbpath: 'gdb-multiarch',
      debugger_args: [...gdbWords, '--nx'],
      stopAtConnect: true,
      valuesFormatting: 'parseText',
    },
  ]
}

/** Absent where the command was installed without the repository around it. */
function ownSvd(): string | undefined {
  const file = fileURLToPath(new URL('../../../../docs/reference/stm32u585.svd', import.meta.url))
  return existsSync(file) ? file : undefined
}

/** In the words of VS Code if it is below `folder`, else absolute. */
function inWorkspace(folder: string, file: string): string {
  const path = relative(resolve(folder), resolve(file))
  const isOutside = path === '..' || path.startsWith(`..${sep}`)
  return isOutside ? resolve(file) : `\${workspaceFolder}/${path.split(sep).join('/')}`
}

async function readLaunchFile(file: string) {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return { rest: { version: FORMAT }, configurations: [] }
  const content = parse(text, file)
  const { configurations: found = [] } = content
  if (!Array.isArray(found)) throw unreadable(file, 'its "configurations" are not a list')
  return { rest: { version: FORMAT, ...content }, configurations: found as unknown[] }
}

function parse(text: string, file: string): LaunchFile {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw unreadable(file, `it is not plain JSON, perhaps for comments in it (${why})`)
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content
  throw unreadable(file, 'it holds no object')
}

function unreadable(file: string, why: string): Failure {
  return new Failure({
    code: 'LAUNCH_FILE_UNREADABLE',
    message: `${file} is left as it is: ${why}.`,
    fix: 'move it away, run this again, and put both together; or take the comments out.',
  })
}

function nameOf(configuration: unknown): unknown {
  return (configuration as { name?: unknown } | null)?.name
}
