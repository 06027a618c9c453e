import { MicrovisorCommand } from '../../microvisor-command.ts'
import { webhookArg, webhookFacts } from '../../webhook-view.ts'

export class WebhooksShow extends MicrovisorCommand {
  static override summary = 'Show a webhook'
  static override args = { webhook: webhookArg }
  static override examples = ['<%= config.bin %> webhooks show WH0123456789abcdef0123456789abcdef']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksShow)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const webhook = await client.call(api.fetchWebhook, { params: { Sid: args.webhook } })
    this.result(webhook, webhookFacts(webhook))
  }
}
