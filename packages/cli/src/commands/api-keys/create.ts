import { string as word } from '@oclif/core/args'
import { integer } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { facts } from '../../output.ts'
import { scopes } from '../../rights.ts'

export class ApiKeysCreate extends MicrovisorCommand {
  static override summary = 'Make an API key; its secret is shown this once'
  static override description =
    'A program uses the key by its SID as MICROVISOR_ACCOUNT_SID and its secret as MICROVISOR_AUTH_TOKEN.'
  static override args = {
    name: word({ required: true, description: 'what it is for, up to 64 characters' }),
  }
  static override flags = {
    scopes: scopes(),
    'expires-in-days': integer({
      min: 1,
      max: 3650,
      helpValue: 'DAYS',
      description: 'days until it stops working; never unless given',
    }),
  }
  static override examples = [
    '<%= config.bin %> api-keys create ci --scopes deploy --expires-in-days 90',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ApiKeysCreate)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const form = {
      FriendlyName: args.name,
      Scopes: flags.scopes,
      ExpiresInDays: flags['expires-in-days'],
    }
    const key = await client.call(api.createApiKey, { form })
    const shown = facts([
      ['sid', key.sid],
      ['secret', key.secret],
      ['scopes', key.scopes.join(',')],
      ['expires', key.date_expires ?? 'never'],
    ])
    this.result(key, shown)
    this.progress('The secret is not shown again.')
  }
}
