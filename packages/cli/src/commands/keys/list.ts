import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class KeysList extends MicrovisorCommand {
  static override summary =
    "List the account's own keys: those that may sign applications, and those that decrypt layers"
  static override examples = ['<%= config.bin %> keys list']

  async run(): Promise<void> {
    const { flags } = await this.parse(KeysList)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const query = { PageSize: 1000 }
    const signers = await collect(client.each(api.listSigners, { query }))
    const layerKeys = await collect(client.each(api.listLayerKeys, { query }))
    const keys = [
      ...signers.map((key) => ({ kind: 'signer', ...key })),
      ...layerKeys.map((key) => ({ kind: 'layer', ...key })),
    ]
    const columns = [
      { title: 'KEY ID', value: (key: (typeof keys)[number]) => key.key_id },
      { title: 'NAME', value: (key: (typeof keys)[number]) => key.friendly_name },
      { title: 'KIND', value: (key: (typeof keys)[number]) => key.kind },
      { title: 'CREATED', value: (key: (typeof keys)[number]) => key.date_created },
    ]
    this.result(keys, table(keys, columns))
    this.progress(
      keys.length === 0
        ? 'No keys of your own; the cloud signs. `microvisor keys add` registers one.'
        : count(keys.length, 'key'),
    )
  }
}
