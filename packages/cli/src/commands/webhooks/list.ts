import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'
import { webhookColumns } from '../../webhook-view.ts'

export class WebhooksList extends MicrovisorCommand {
  static override summary = 'List the webhooks of the account'
  static override examples = ['<%= config.bin %> webhooks list']

  async run(): Promise<void> {
    const { flags } = await this.parse(WebhooksList)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const webhooks = await collect(client.each(api.listWebhooks))
    this.result(webhooks, table(webhooks, webhookColumns))
    this.progress(count(webhooks.length, 'webhook'))
  }
}
