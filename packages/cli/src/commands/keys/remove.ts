import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class KeysRemove extends MicrovisorCommand {
  static override summary = 'Trust a key that signs applications no longer, for good'
  static override args = {
    id: string({ required: true, description: 'id of the key, as `keys list` shows it' }),
  }
  static override examples = ['<%= config.bin %> keys remove 0123456789abcdef']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(KeysRemove)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    await client.call(api.deleteSigner, { params: { KeyId: args.id } })
    this.result({ key_id: args.id, removed: true }, `Removed ${args.id}.`)
  }
}
