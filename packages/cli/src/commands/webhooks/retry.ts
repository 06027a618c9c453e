import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { webhookArg } from '../../webhook-view.ts'

export class WebhooksRetry extends MicrovisorCommand {
  static override summary = 'Send a delivery again, now'
  static override args = {
    webhook: webhookArg,
    delivery: string({ required: true, description: 'SID, as `webhooks deliveries` shows it' }),
  }
  static override examples = [
    '<%= config.bin %> webhooks retry WH0123456789abcdef0123456789abcdef WD0123456789abcdef0123456789abcdef',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksRetry)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const params = { Sid: args.webhook, DeliverySid: args.delivery }
    const delivery = await client.call(api.retryDelivery, { params })
    this.result(delivery, `${delivery.sid} is sent again.`)
  }
}
