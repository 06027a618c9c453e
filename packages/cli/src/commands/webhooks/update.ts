import { boolean, string } from '@oclif/core/flags'
import { typesOf, typesToPost } from '../../event-flags.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { webhookArg, webhookFacts } from '../../webhook-view.ts'

export class WebhooksUpdate extends MicrovisorCommand {
  static override summary = 'Point a webhook elsewhere, give it other events, switch it off or on'
  static override args = { webhook: webhookArg }
  static override flags = {
    address: string({ helpValue: 'URL', description: 'where to post to' }),
    events: typesToPost,
    name: string({ helpValue: 'NAME', description: 'what it is for' }),
    enabled: boolean({ allowNo: true, description: 'whether it posts' }),
  }
  static override examples = [
    '<%= config.bin %> webhooks update WH0123456789abcdef0123456789abcdef --no-enabled',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksUpdate)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const webhook = await client.call(api.updateWebhook, {
      params: { Sid: args.webhook },
      form: {
        TargetUrl: flags.address,
        Events: typesOf(flags.events),
        FriendlyName: flags.name,
        Enabled: flags.enabled,
      },
    })
    this.result(webhook, webhookFacts(webhook))
  }
}
