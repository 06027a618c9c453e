import { integer } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { webhookArg } from '../../webhook-view.ts'

export class WebhooksRotate extends MicrovisorCommand {
  static override summary = 'Give a webhook a new secret; the one before signs, too, for some hours'
  static override args = { webhook: webhookArg }
  static override flags = {
    overlap: integer({
      helpValue: 'HOURS',
      min: 0,
      max: 720,
      default: 24,
      description: 'how long both sign; 0: the old one ends now',
    }),
  }
  static override examples = [
    '<%= config.bin %> webhooks rotate WH0123456789abcdef0123456789abcdef',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksRotate)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const made = await client.call(api.rotateWebhookSecret, {
      params: { Sid: args.webhook },
      form: { OverlapHours: flags.overlap },
    })
    this.result(made, `secret, not shown again: ${made.secret}`)
  }
}
