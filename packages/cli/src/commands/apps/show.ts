import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class AppsShow extends MicrovisorCommand {
  static override summary = 'Show an uploaded application'
  static override args = {
    app: string({ required: true, description: 'SID or unique name' }),
  }
  static override examples = ['<%= config.bin %> apps show blink-2']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AppsShow)
    this.settle(flags)
    const { appFacts } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    const app = await client.call(api.fetchApp, { params: { Sid: args.app } })
    this.result(app, appFacts(app))
  }
}
