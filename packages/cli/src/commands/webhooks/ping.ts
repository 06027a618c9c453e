import { Failure } from '../../errors.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { webhookArg } from '../../webhook-view.ts'

export class WebhooksPing extends MicrovisorCommand {
  static override summary = 'Post a test event to a webhook, and say what came of it'
  static override args = { webhook: webhookArg }
  static override examples = ['<%= config.bin %> webhooks ping WH0123456789abcdef0123456789abcdef']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksPing)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const delivery = await client.call(api.pingWebhook, { params: { Sid: args.webhook } })
    if (delivery.state !== 'delivered')
      throw new Failure({
        code: 'WEBHOOK_NOT_DELIVERED',
        message: `the target did not take the post: ${delivery.error}.`,
        fix: 'it has to answer with a status of 200-299 within 10 s.',
        details: { delivery },
      })
    this.result(delivery, `Delivered: HTTP ${delivery.status}.`)
  }
}
