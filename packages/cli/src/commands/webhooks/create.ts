import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { typesOf, typesToPost } from '../../event-flags.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { webhookFacts } from '../../webhook-view.ts'

export class WebhooksCreate extends MicrovisorCommand {
  static override summary = 'Have events posted to an address; prints the secret that checks them'
  static override args = {
    address: string({ required: true, description: 'an https address that takes the posts' }),
  }
  static override flags = {
    events: typesToPost,
    name: text({ helpValue: 'NAME', description: 'what it is for' }),
  }
  static override examples = [
    "<%= config.bin %> webhooks create https://example.com/hook --events 'app.crashed,update.*'",
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(WebhooksCreate)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const webhook = await client.call(api.createWebhook, {
      form: {
        TargetUrl: args.address,
        Events: typesOf(flags.events) ?? ['*'],
        FriendlyName: flags.name,
      },
    })
    this.result(webhook, `${webhookFacts(webhook)}\n\nsecret, not shown again: ${webhook.secret}`)
  }
}
