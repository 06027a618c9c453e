import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DevicesRemove extends MicrovisorCommand {
  static override summary = "Remove a device: its certificates are revoked; can't be undone"
  static override args = {
    device: string({ required: true, description: 'SID or unique name' }),
  }
  static override examples = ['<%= config.bin %> devices remove greenhouse']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevicesRemove)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const { sid } = await client.call(api.fetchDevice, { params: { Sid: args.device } })
    await client.call(api.deleteDevice, { params: { Sid: sid } })
    this.result({ sid, removed: true }, `Removed ${sid}.`)
  }
}
