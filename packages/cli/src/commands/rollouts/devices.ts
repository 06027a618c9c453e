import { option } from '@oclif/core/flags'
import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { table } from '../../output.ts'
import { rolloutArg } from '../../rollout-commands.ts'
import { rolloutDeviceColumns } from '../../rollout-view.ts'

export class RolloutsDevices extends MicrovisorCommand {
  static override summary = 'Show what became of each device of a roll-out'
  static override args = { rollout: rolloutArg }
  static override flags = {
    state: option({
      options: ['pending', 'updated', 'failed', 'skipped'] as const,
      description: 'only those',
    })(),
  }
  static override examples = [
    '<%= config.bin %> rollouts devices RO0123456789abcdef0123456789abcdef --state failed',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RolloutsDevices)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const query = { State: flags.state, PageSize: 1000 }
    const params = { Sid: args.rollout }
    const devices = await collect(client.each(api.listRolloutDevices, { params, query }))
    this.result(devices, table(devices, rolloutDeviceColumns))
  }
}
