/**
 * Entries of .vscode/launch.json for the GDB server of `microvisor debug`, one for each extension. What
 * an extension takes is what the `contributes.debuggers` of its package.json names, and what becomes of
 * it stands in its adapter: Cortex-Debug 1.13, Native Debug 0.27, CDT GDB Debug Adapter 1.7.
 *
 *   (1) All attach: the application is there already, and leaving lets it run on.
 *   (2) Where an extension has a word for "reset", it is `monitor reset`; GDB does not notice it by itself,
 *       so what it holds of the registers is flushed.
 *   (3) Nothing here depends on a `.gdbinit`.
 */
import { existsSync } from 'node:fs'
import { basename, extname, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { REMOTE_TIMEOUT_SECONDS } from './gdb-program.ts'

export interface LaunchFacts {
  readonly elf: string
  readonly host: string
  readonly port: number
  /** The program that the extensions start. */
  readonly gdb: string
  /** Describes the chip's registers; that of the repository unless given. */
  readonly svd: string | undefined
}

type LaunchEntry = Readonly<Record<string, unknown>> & { readonly name: string }

const WORKSPACE = `\${workspaceFolder}`
const RESET = ['monitor reset', 'maintenance flush register-cache']

export function launchEntries(folder: string, facts: LaunchFacts): LaunchEntry[] {
  const { elf, host, port, gdb, svd = ownSvd() } = facts
  const executable = inWorkspace(folder, elf)
  const registers = svd === undefined ? undefined : inWorkspace(folder, svd)
  const target = `${host}:${port}`
  const common = { request: 'attach', cwd: WORKSPACE }
  // The SDK's build names a project's sources after its target, wherever the project lies.
  const sources = `set substitute-path "${basename(elf, extname(elf))}" "${WORKSPACE}"`
  const timeout = ['-l', String(REMOTE_TIMEOUT_SECONDS)]
  return [
    {
      ...{ name: 'microvisor (Cortex-Debug)', type: 'cortex-debug', ...common },
      ...{ executable, servertype: 'external', gdbTarget: target, gdbPath: gdb },
      debuggerArgs: [...timeout, '-ex', sources],
      overrideResetCommands: RESET,
      runToEntryPoint: 'main',
      ...(registers === undefined ? {} : { svdFile: registers }),
    },
    {
      ...{ name: 'microvisor (Native Debug)', type: 'gdb', ...common },
      ...{ executable, remote: true, target, gdbpath: gdb },
      // Without it GDB does not listen to "pause"; the extension's own name for it is an old one.
      debugger_args: [...timeout, '-ex', 'set mi-async on', '-ex', sources, '--nx'],
      ...{ stopAtConnect: true, valuesFormatting: 'parseText' },
    },
    {
      ...{ name: 'microvisor (CDT GDB)', type: 'gdbtarget', ...common },
      ...{ program: executable, gdb, gdbArguments: timeout },
      target: { type: 'remote', host, port: String(port) },
      // It tells the editor of breakpoints by the name that GDB shows.
      preConnectCommands: [sources, 'set filename-display absolute'],
      customResetCommands: RESET,
      ...(registers === undefined ? {} : { definitionPath: registers }),
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
  return isOutside ? resolve(file) : `${WORKSPACE}/${path.split(sep).join('/')}`
}
