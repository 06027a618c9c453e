import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class ApiKeysRemove extends MicrovisorCommand {
  static override summary = 'Delete an API key; it stops working at once'
  static override args = {
    key: string({ required: true, description: 'SID of the key' }),
  }
  static override examples = [
    '<%= config.bin %> api-keys remove SK0123456789abcdef0123456789abcdef',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ApiKeysRemove)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    await client.call(api.deleteApiKey, { params: { Sid: args.key } })
    this.result({ sid: args.key, removed: true }, `Removed ${args.key}.`)
  }
}
