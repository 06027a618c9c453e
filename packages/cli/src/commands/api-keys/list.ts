import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class ApiKeysList extends MicrovisorCommand {
  static override summary = 'List the API keys of the account, newest first'
  static override examples = ['<%= config.bin %> api-keys list']

  async run(): Promise<void> {
    const { flags } = await this.parse(ApiKeysList)
    this.settle(flags)
    const { apiKeyColumns } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    const keys = await collect(client.each(api.listApiKeys, { query: { PageSize: 1000 } }))
    this.result(keys, table(keys, apiKeyColumns))
    this.progress(count(keys.length, 'API key'))
  }
}
