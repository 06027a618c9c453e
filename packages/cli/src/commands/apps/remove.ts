import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class AppsRemove extends MicrovisorCommand {
  static override summary = 'Delete an uploaded application that no device has as its target'
  static override args = {
    app: string({ required: true, description: 'SID or unique name' }),
  }
  static override examples = ['<%= config.bin %> apps remove blink-1']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AppsRemove)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const { sid } = await client.call(api.fetchApp, { params: { Sid: args.app } })
    await client.call(api.deleteApp, { params: { Sid: sid } })
    this.result({ sid, removed: true }, `Removed ${sid}.`)
  }
}
