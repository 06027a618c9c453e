/** GDB itself: started and connected; and the settings that let VS Code do the same. */
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { Failure } from '../errors.ts'

const PROGRAMS = ['gdb-multiarch', 'arm-none-eabi-gdb', 'gdb'] as const
const REMOTE_TIMEOUT_SECONDS = 30

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

/** Adds to .vscode/launch.json in the present folder; what else is in it stays. */
export async function writeLaunchFile(elf: string, port: number): Promise<string> {
  const file = '.vscode/launch.json'
  const text = await readFile(file, 'utf8').catch(() => '')
  const before = parseLaunch(text, file)
  const made = configurations(elf, port)
  const names = new Set<unknown>(made.map(({ name }) => name))
  const others = before.filter(({ name }) => !names.has(name))
  await mkdir('.vscode', { recursive: true })
  const content = { version: '0.2.0', configurations: [...others, ...made] }
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  return file
}

function configurations(elf: string, port: number) {
  const executable = `\${workspaceFolder}/${relative('.', elf)}`
  return [
    {
      name: 'microvisor (Cortex-Debug)',
      type: 'cortex-debug',
      request: 'attach',
      servertype: 'external',
      gdbTarget: `localhost:${port}`,
      gdbPath: 'gdb-multiarch',
      executable,
      cwd: `\${workspaceFolder}`,
      overrideAttachCommands: [`set remotetimeout ${REMOTE_TIMEOUT_SECONDS}`],
      overrideResetCommands: ['monitor reset'],
    },
    {
      name: 'microvisor (Native Debug)',
      type: 'gdb',
      request: 'attach',
      remote: true,
      target: `localhost:${port}`,
      gdbpath: 'gdb-multiarch',
      debugger_args: ['-l', String(REMOTE_TIMEOUT_SECONDS), '--nx'],
      executable,
      cwd: `\${workspaceFolder}`,
      stopAtConnect: true,
      valuesFormatting: 'parseText',
    },
  ]
}

function parseLaunch(text: string, file: string): { name?: unknown }[] {
  if (text === '') return []
  try {
    const { configurations: found } = JSON.parse(text) as { configurations?: unknown }
    return Array.isArray(found) ? found : []
  } catch {
    throw new Failure({
      code: 'LAUNCH_FILE_UNREADABLE',
      message: `${file} is not plain JSON (comments are not understood here).`,
      fix: 'move it away, run this again, and put both together.',
    })
  }
}
