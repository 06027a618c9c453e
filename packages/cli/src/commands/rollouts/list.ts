import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'
import { rolloutColumns } from '../../rollout-view.ts'

export class RolloutsList extends MicrovisorCommand {
  static override summary = 'List the roll-outs of the account, newest first'
  static override examples = ['<%= config.bin %> rollouts list']

  async run(): Promise<void> {
    const { flags } = await this.parse(RolloutsList)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const rollouts = await collect(client.each(api.listRollouts))
    this.result(rollouts, table(rollouts, rolloutColumns))
    this.progress(count(rollouts.length, 'roll-out'))
  }
}
