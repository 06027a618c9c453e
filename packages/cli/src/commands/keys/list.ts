import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class KeysList extends MicrovisorCommand {
  static override summary = "List the account's own keys that may sign applications"
  static override examples = ['<%= config.bin %> keys list']

  async run(): Promise<void> {
    const { flags } = await this.parse(KeysList)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const signers = await collect(client.each(api.listSigners, { query: { PageSize: 1000 } }))
    const columns = [
      { title: 'KEY ID', value: (signer: (typeof signers)[number]) => signer.key_id },
      { title: 'NAME', value: (signer: (typeof signers)[number]) => signer.friendly_name },
      { title: 'CREATED', value: (signer: (typeof signers)[number]) => signer.date_created },
    ]
    this.result(signers, table(signers, columns))
    this.progress(
      signers.length === 0
        ? 'No keys of your own; the cloud signs. `microvisor keys add` registers one.'
        : count(signers.length, 'key'),
    )
  }
}
