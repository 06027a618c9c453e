/**
 * Configs and Secrets: values that devices fetch, of the account or of one device. The same five
 * commands for both, but that the value of a Secret is never shown again.
 */
import { string as word } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import type { Cloud } from './cloud.ts'
import { collect } from './collect.ts'
import { usageError } from './errors.ts'
import { MicrovisorCommand } from './microvisor-command.ts'
import { type Column, count, facts, table } from './output.ts'

type Kind = 'Config' | 'Secret'

interface Item {
  readonly key: string
  readonly value?: string
  readonly date_updated?: string
  readonly date_rotated?: string
}

const device = string({
  helpValue: 'DEVICE',
  description: 'SID or unique name: the values of this device alone; the account’s unless given',
})
const key = word({ required: true, description: 'up to 100 characters' })
const value = word({ description: 'text up to 4096 characters; from standard input unless given' })

/** A command as the table of commands has it. */
type CommandClass = (new (...args: never[]) => MicrovisorCommand) & typeof MicrovisorCommand

type Verb = 'List' | 'Show' | 'Create' | 'Update' | 'Remove'

function valueCommands(kind: Kind): Readonly<Record<Verb, CommandClass>> {
  return { ...readingCommands(kind), ...changingCommands(kind) }
}

function readingCommands(kind: Kind) {
  class List extends MicrovisorCommand {
    static override summary = `List the ${kind}s of the account, or of a device`
    static override flags = { device }
    static override examples = example(kind, 'list')

    async run(): Promise<void> {
      const { flags } = await this.parse(List)
      this.settle(flags)
      const { client, family, owner } = await place(this, kind, flags)
      const query = { PageSize: 1000 }
      const items: Item[] = await collect(client.each(family.list, { params: owner, query }))
      this.result(items, table(items, columns[kind]))
      this.progress(count(items.length, kind))
    }
  }

  class Show extends MicrovisorCommand {
    static override summary =
      kind === 'Config'
        ? 'Show the value of a Config'
        : 'Show when a Secret was set; never its value'
    static override args = { key }
    static override flags = { device }
    static override examples = example(kind, 'show colour')

    async run(): Promise<void> {
      const { args, flags } = await this.parse(Show)
      this.settle(flags)
      const { client, family, owner } = await place(this, kind, flags)
      const item: Item = await client.call(family.fetch, { params: { ...owner, Key: args.key } })
      this.result(item, facts(columns[kind].map(({ title, value: of }) => [title, of(item)])))
    }
  }

  return { List, Show }
}

function changingCommands(kind: Kind) {
  class Create extends MicrovisorCommand {
    static override summary = `Set a ${kind} that is not there yet`
    static override args = { key, value }
    static override flags = { device }
    static override examples = example(kind, 'create colour blue')

    async run(): Promise<void> {
      const { args, flags } = await this.parse(Create)
      this.settle(flags)
      const form = { Key: args.key, Value: await given(args.value) }
      const { client, family, owner } = await place(this, kind, flags)
      const item: Item = await client.call(family.create, { params: owner, form })
      this.result(item, `Set ${kind} ${item.key}.`)
    }
  }

  class Update extends MicrovisorCommand {
    static override summary = `Give a ${kind} another value`
    static override args = { key, value }
    static override flags = { device }
    static override examples = example(kind, 'update colour green')

    async run(): Promise<void> {
      const { args, flags } = await this.parse(Update)
      this.settle(flags)
      const form = { Value: await given(args.value) }
      const { client, family, owner } = await place(this, kind, flags)
      const params = { ...owner, Key: args.key }
      const item: Item = await client.call(family.update, { params, form })
      this.result(item, `Set ${kind} ${item.key}.`)
    }
  }

  class Remove extends MicrovisorCommand {
    static override summary = `Delete a ${kind}`
    static override args = { key }
    static override flags = { device }
    static override examples = example(kind, 'remove colour')

    async run(): Promise<void> {
      const { args, flags } = await this.parse(Remove)
      this.settle(flags)
      const { client, family, owner } = await place(this, kind, flags)
      await client.call(family.remove, { params: { ...owner, Key: args.key } })
      this.result({ key: args.key, removed: true }, `Removed ${kind} ${args.key}.`)
    }
  }

  return { Create, Update, Remove }
}

function example(kind: Kind, rest: string): string[] {
  const line = `<%= config.bin %> ${kind.toLowerCase()}s ${rest}`
  return [line, `${line} --device first-device`]
}

const columns: Readonly<Record<Kind, readonly Column<Item>[]>> = {
  Config: [
    { title: 'KEY', value: (item) => item.key },
    { title: 'VALUE', value: (item) => item.value },
    { title: 'UPDATED', value: (item) => item.date_updated },
  ],
  Secret: [
    { title: 'KEY', value: (item) => item.key },
    { title: 'ROTATED', value: (item) => item.date_rotated },
  ],
}

/** The four families of routes differ in path only; those of the account take no DeviceSid. */
async function place(
  command: MicrovisorCommand,
  kind: Kind,
  flags: Parameters<MicrovisorCommand['connect']>[0] & { readonly device?: string | undefined },
) {
  const { api, client }: Cloud = await command.connect(flags)
  const [ofAccount, ofDevice] =
    kind === 'Config'
      ? [api.accountConfigs, api.deviceConfigs]
      : [api.accountSecrets, api.deviceSecrets]
  const family = (flags.device === undefined ? ofAccount : ofDevice) as typeof api.deviceConfigs
  const owner = (flags.device === undefined ? {} : { DeviceSid: flags.device }) as {
    DeviceSid: string
  }
  return { client, family, owner }
}

/** Standard input keeps a Secret out of the shell's history. */
async function given(text: string | undefined): Promise<string> {
  if (text !== undefined) return text
  if (process.stdin.isTTY)
    throw usageError('no value is given.', 'write it behind the key, or send it: `… < file`.')
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

export const configCommands = valueCommands('Config')
export const secretCommands = valueCommands('Secret')
