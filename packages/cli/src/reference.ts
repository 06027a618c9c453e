/** docs/reference/cli.md, made from the command classes. */
import type { Command } from '@oclif/core/command'
import { loadConfig } from './main.ts'

/** The whole page. The same for the same commands: nothing of the machine or the time is in it. */
export async function cliReference(): Promise<string> {
  const { commands } = await loadConfig()
  const visible = commands.filter(({ hidden }) => !hidden).sort(byId)
  const globals = Object.values(visible[0]?.flags ?? {}).filter(isGlobal)
  return [
    INTRODUCTION,
    ['| command | |', '|---|---|', ...visible.map(tableOfContentsRow)].join('\n'),
    '## Flags of every command',
    flagTable(globals),
    ...visible.flatMap(describe),
    '',
  ].join('\n\n')
}

const INTRODUCTION = `# Command line

Generated from the command classes by \`npm run gen\`; \`microvisor COMMAND --help\` says the same.

Words are separated by spaces or colons: \`microvisor apps list\` is \`microvisor apps:list\`. Results go to
standard output, progress and errors to standard error; with \`--json\` the result, or an object with
\`error\`, goes to standard output. The exit code is 0 when done, 1 when something failed, 2 when the
command was used wrongly.

Flags win over variables (\`MICROVISOR_URL\`, \`MICROVISOR_ACCOUNT_SID\`, \`MICROVISOR_AUTH_TOKEN\`), variables
over the profile (\`~/.config/microvisor/profiles/NAME.json\`, written by \`microvisor up\`). A profile's
credentials are only sent to the profile's own server.`

function describe(command: Command.Loadable): string[] {
  const args = Object.values(command.args)
  const flags = Object.values(command.flags).filter((flag) => !isGlobal(flag) && !flag.hidden)
  return [
    `## ${words(command)}`,
    `${command.summary}.`,
    ...(command.description ? [command.description] : []),
    `    ${usage(command)}`,
    ...(args.length > 0 ? [argTable(args)] : []),
    ...(flags.length > 0 ? [flagTable(flags)] : []),
    ...exampleBlock(command),
  ]
}

function usage(command: Command.Loadable): string {
  const args = Object.values(command.args).map(({ name, required }) =>
    required ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  )
  return ['microvisor', words(command), ...args, '[FLAGS]'].join(' ')
}

type Flag = Command.Flag.Cached

function flagTable(flags: readonly Flag[]): string {
  const rows = [...flags].sort((a, b) => a.name.localeCompare(b.name)).map(flagRow)
  return ['| flag | |', '|---|---|', ...rows].join('\n')
}

function flagRow(flag: Flag): string {
  const name = flag.type === 'boolean' && flag.allowNo ? `--[no-]${flag.name}` : `--${flag.name}`
  const value = flag.type === 'option' ? ` ${flag.helpValue ?? flag.options?.join('|')}` : ''
  const aliases = (flag.aliases ?? []).map((alias) => `--${alias}`)
  const names = [...(flag.char ? [`-${flag.char}`] : []), name, ...aliases].join(', ')
  const preset = flag.type === 'option' && flag.default !== undefined ? ` (${flag.default})` : ''
  return `| ${code(names + value)} | ${cell(flag.description)}${preset} |`
}

function argTable(args: readonly Command.Arg.Cached[]): string {
  const rows = args.map((arg) => `| ${code(arg.name.toUpperCase())} | ${cell(arg.description)} |`)
  return ['| argument | |', '|---|---|', ...rows].join('\n')
}

function exampleBlock({ examples = [] }: Command.Loadable): string[] {
  if (examples.length === 0) return []
  const lines = examples.flatMap((example) =>
    typeof example === 'string' ? [example] : [`# ${example.description}`, example.command],
  )
  const shown = lines.map((line) => line.replaceAll('<%= config.bin %>', 'microvisor'))
  return [['```sh', ...shown, '```'].join('\n')]
}

function tableOfContentsRow(command: Command.Loadable): string {
  const anchor = words(command).replaceAll(' ', '-')
  return `| [${code(words(command))}](#${anchor}) | ${cell(command.summary)} |`
}

const words = ({ id }: Command.Loadable) => id.replaceAll(':', ' ')
const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``
const cell = (text = '') => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const isGlobal = ({ helpGroup }: Flag) => helpGroup === 'GLOBAL'
const byId = (a: Command.Loadable, b: Command.Loadable) => a.id.localeCompare(b.id)
