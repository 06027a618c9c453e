import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DebugEnd extends MicrovisorCommand {
  static override summary = 'End the debug session of a device, whoever has it'
  static override description =
    'The debugger is told who ended it and does not come back by itself; the application runs on. Stands in the audit log.'
  static override args = {
    device: string({ required: true, description: 'SID or unique name' }),
  }
  static override examples = ['<%= config.bin %> debug end greenhouse']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DebugEnd)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const { sid } = await client.call(api.fetchDevice, { params: { Sid: args.device } })
    await client.call(api.endDeviceDebug, { params: { Sid: sid } })
    this.result({ sid, ended: true }, `Nobody debugs ${sid} any more.`)
  }
}
