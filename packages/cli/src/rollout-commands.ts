/** What people do to a roll-out: each a command of its own. */
import { string } from '@oclif/core/args'
import { MicrovisorCommand } from './microvisor-command.ts'
import { rolloutFacts } from './rollout-view.ts'

type Action = 'approve' | 'pause' | 'resume' | 'stop' | 'roll-back'

/** A command as the table of commands has it. */
type CommandClass = (new (...args: never[]) => MicrovisorCommand) & typeof MicrovisorCommand

export const rolloutArg = string({
  required: true,
  description: 'SID of the roll-out, as `rollouts list` shows it',
})

export function rolloutCommand(action: Action, summary: string): CommandClass {
  return class extends MicrovisorCommand {
    static override summary = summary
    static override args = { rollout: rolloutArg }
    static override examples = [
      `<%= config.bin %> rollouts ${action} RO0123456789abcdef0123456789abcdef`,
    ]

    async run(): Promise<void> {
      const { args, flags } = await this.parse({ args: { rollout: rolloutArg } })
      this.settle(flags as Parameters<MicrovisorCommand['settle']>[0])
      const { api, client } = await this.connect(
        flags as Parameters<MicrovisorCommand['connect']>[0],
      )
      const params = { Sid: args.rollout }
      const rollout = await client.call(api.updateRollout, { params, form: { Action: action } })
      this.result(rollout, rolloutFacts(rollout))
    }
  }
}
