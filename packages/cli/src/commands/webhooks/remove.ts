import { MicrovisorCommand } from '../../microvisor-command.ts'
import { webhookArg } from '../../webhook-view.ts'

export class WebhooksRemove extends MicrovisorCommand {
  static override summary = 'Remove a webhook, and what it has not delivered'
  static override args = { webhook: webhookArg }
  static override examples = [
    '<%= config.bin %> webhooks remove WH0123456789abcdef0123456789abcdef',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksRemove)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    await client.call(api.deleteWebhook, { params: { Sid: args.webhook } })
    this.result({ sid: args.webhook, removed: true }, `Removed ${args.webhook}.`)
  }
}
