import { MicrovisorCommand } from '../../microvisor-command.ts'
import { rolloutArg } from '../../rollout-commands.ts'
import { rolloutFacts } from '../../rollout-view.ts'

export class RolloutsShow extends MicrovisorCommand {
  static override summary = 'Show a roll-out, and how far it is'
  static override args = { rollout: rolloutArg }
  static override examples = ['<%= config.bin %> rollouts show RO0123456789abcdef0123456789abcdef']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RolloutsShow)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const rollout = await client.call(api.fetchRollout, { params: { Sid: args.rollout } })
    this.result(rollout, rolloutFacts(rollout))
  }
}
