/**
 * The way from the words a user typed to a command, and from whatever a command throws to an exit
 * code. Words are separated by spaces or colons: `apps bundle` is `apps:bundle`.
 */
import { fileURLToPath } from 'node:url'
import { nearest } from '@microvisor/protocol/nearest'
import { Config } from '@oclif/core/config'
import { Help, normalizeArgv } from '@oclif/core/help'
import { settings } from '@oclif/core/settings'
import { asFailure, EXIT, failureAsJson, formatFailure, usageError } from './errors.ts'

/** Runs one command line and sets the process's exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endWithoutReader)
  try {
    process.exitCode = EXIT.done
    await dispatch(argv)
  } catch (thrown) {
    const failure = asFailure(thrown)
    process.exitCode = failure.exitCode
    if (wantsJson(argv)) console.log(failureAsJson(failure))
    else console.error(formatFailure(failure))
  }
}

/** As for `microvisor logs stream | head`: nobody reads any more, and that is no failure. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.done)
}

/** The commands and their facts as the framework sees them. */
export function loadConfig(): Promise<Config> {
  settings.enableAutoTranspile = false
  return Config.load({ root: fileURLToPath(new URL('..', import.meta.url)) })
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const config = await loadConfig()
  if (argv[0] === '--version') {
    console.log(`microvisor ${config.version} (node ${process.version})`)
    return
  }
  const help = new Help(config, { hideAliasesFromRoot: true })
  const words = argv.filter((arg) => arg !== 'help')
  if (argv.length === 0 || asksForHelp(argv))
    return help.showHelp(normalizeArgv(config, [...words]))

  const [id = '', ...rest] = normalizeArgv(config, [...argv])
  const command = config.findCommand(id)
  if (command) {
    await config.runCommand(id, rest, command)
    return
  }
  if (config.findTopic(id) && rest.length === 0) return help.showHelp([id])
  throw unknownCommand(config, id, rest)
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  const own = end === -1 ? argv : argv.slice(0, end)
  return own.includes('--help') || own.includes('-h') || own[0] === 'help'
}

function unknownCommand(config: Config, id: string, rest: readonly string[]): Error {
  const typed = [id.replaceAll(':', ' '), ...rest.filter((word) => !word.startsWith('-'))]
  const words = typed.join(' ').trim()
  const known = config.commands.filter((c) => !c.hidden).map((c) => c.id.replaceAll(':', ' '))
  const close = nearest(words, known)
  return usageError(
    `there is no command \`${words}\`.`,
    close.length > 0
      ? `did you mean ${close.map((name) => `\`microvisor ${name}\``).join(' or ')}?`
      : 'see `microvisor --help`.',
  )
}

/** Before flags are parsed, and also when they do not parse. */
function wantsJson(argv: readonly string[]): boolean {
  if (argv.includes('--json') || argv.includes('--output=json')) return true
  return argv.some((arg, at) => (arg === '-o' || arg === '--output') && argv[at + 1] === 'json')
}
