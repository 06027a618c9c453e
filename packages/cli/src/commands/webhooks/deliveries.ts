import { option } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { table } from '../../output.ts'
import { deliveryColumns, webhookArg } from '../../webhook-view.ts'

export class WebhooksDeliveries extends MicrovisorCommand {
  static override summary = 'Show what a webhook delivered, what waits, and what was given up'
  static override args = { webhook: webhookArg }
  static override flags = {
    state: option({
      options: ['pending', 'delivered', 'dead'] as const,
      description: 'only those',
    })(),
  }
  static override examples = [
    '<%= config.bin %> webhooks deliveries WH0123456789abcdef0123456789abcdef --state dead',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksDeliveries)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const { deliveries } = await client.call(api.listDeliveries, {
      params: { Sid: args.webhook },
      query: { State: flags.state },
    })
    this.result(deliveries, table(deliveries, deliveryColumns))
  }
}
