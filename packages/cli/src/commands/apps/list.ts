import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class AppsList extends MicrovisorCommand {
  static override summary = 'List the uploaded applications, newest first'
  static override examples = ['<%= config.bin %> apps list', '<%= config.bin %> apps list --json']

  async run(): Promise<void> {
    const { flags } = await this.parse(AppsList)
    this.settle(flags)
    const { appColumns } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    const apps = await collect(client.each(api.listApps, { query: { PageSize: 1000 } }))
    this.result(apps, table(apps, appColumns))
    this.progress(
      apps.length === 0
        ? 'No apps yet; `microvisor deploy` uploads one.'
        : count(apps.length, 'app'),
    )
  }
}
