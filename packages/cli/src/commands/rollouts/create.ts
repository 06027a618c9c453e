import { string } from '@oclif/core/args'
import { boolean, integer, option, string as text } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { rolloutFacts } from '../../rollout-view.ts'

export class RolloutsCreate extends MicrovisorCommand {
  static override summary =
    'Bring an app to many devices, stage by stage, and stop if too much goes wrong'
  static override description =
    'A device fails whose update fails, that does not run the app in time, or that crashes too often with it.'
  static override args = {
    app: string({ required: true, description: 'SID or unique name' }),
  }
  static override flags = {
    stages: text({
      helpValue: 'STAGES',
      default: '100%',
      description: 'one after another, as tag:canary,5%,50%,100%',
    }),
    name: text({ helpValue: 'NAME', description: 'what it is called' }),
    tag: text({ helpValue: 'TAG', description: 'only devices that have it; all unless given' }),
    approval: option({
      options: ['none', 'first', 'each'] as const,
      description: 'after which stages somebody has to approve the next',
    })(),
    'failure-percent': integer({
      min: 0,
      max: 100,
      description: 'stop when more of the devices that got it failed; 10 unless given',
    }),
    crashes: integer({ min: 1, description: 'crashes that make a device failed; 3 unless given' }),
    timeout: integer({
      min: 1,
      helpValue: 'MINUTES',
      description: 'for a device to run it, or it has failed; a day unless given',
    }),
    soak: integer({
      min: 0,
      helpValue: 'MINUTES',
      description: 'to watch a stage before the next; 10 unless given',
    }),
    'catch-new': boolean({ description: 'devices enrolled later get it, too' }),
  }
  static override examples = [
    '<%= config.bin %> rollouts create greenhouse-42 --stages tag:canary,10%,100% --approval first',
    '<%= config.bin %> rollouts create greenhouse-42 --tag eu --soak 60 --catch-new',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RolloutsCreate)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const rollout = await client.call(api.createRollout, {
      form: {
        App: args.app,
        FriendlyName: flags.name,
        Stages: flags.stages.split(','),
        Tag: flags.tag,
        Approval: flags.approval,
        FailurePercent: flags['failure-percent'],
        CrashesPerDevice: flags.crashes,
        TimeoutMinutes: flags.timeout,
        SoakMinutes: flags.soak,
        CatchNew: flags['catch-new'],
      },
    })
    this.result(rollout, rolloutFacts(rollout))
  }
}
