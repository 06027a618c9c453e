import { string } from '@oclif/core/args'
import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class KeysRemove extends MicrovisorCommand {
  static override summary =
    'Trust a key that signs applications no longer, for good; or take a layer key from every device'
  static override args = {
    id: string({ required: true, description: 'id of the key, as `keys list` shows it' }),
  }
  static override examples = ['<%= config.bin %> keys remove 0123456789abcdef']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(KeysRemove)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const request = { params: { KeyId: args.id } }
    const layerKeys = await collect(client.each(api.listLayerKeys, { query: { PageSize: 1000 } }))
    const isLayerKey = layerKeys.some((key) => key.key_id === args.id)
    if (isLayerKey) await client.call(api.deleteLayerKey, request)
    else await client.call(api.deleteSigner, request)
    this.result({ key_id: args.id, removed: true }, `Removed ${args.id}.`)
  }
}
