/** .vscode/launch.json: what it holds besides our entries stays as it is. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../errors.ts'
import { type LaunchFacts, launchEntries } from './launch-entries.ts'

interface LaunchFile {
  readonly version?: unknown
  readonly configurations?: unknown
}

const FORMAT = '0.2.0'

/** Adds our entries to the file of `folder`, and says where that is. Throws Failure. */
export async function writeLaunchFile(folder: string, facts: LaunchFacts): Promise<string> {
  const file = join(folder, '.vscode', 'launch.json')
  const before = await readLaunchFile(file)
  const made = launchEntries(folder, facts)
  const names = new Set<unknown>(made.map(({ name }) => name))
  const others = before.configurations.filter((other) => !names.has(nameOf(other)))
  const content = { ...before.rest, configurations: [...others, ...made] }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  return file
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
