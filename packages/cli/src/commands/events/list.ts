import { integer } from '@oclif/core/flags'
import { deviceFilter, typeFilter, typesOf } from '../../event-flags.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class EventsList extends MicrovisorCommand {
  static override summary = 'Show what happened to the devices of the account, oldest first'
  static override flags = {
    device: deviceFilter,
    type: typeFilter,
    limit: integer({ default: 50, min: 1, max: 1000, description: 'the newest so many' }),
  }
  static override examples = [
    '<%= config.bin %> events list',
    '<%= config.bin %> events list --type app.crashed --limit 10',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(EventsList)
    this.settle(flags)
    const { formatAccountEvent } = await import('../../event-line.ts')
    const { api, client } = await this.connect(flags)
    const query = { Device: flags.device, Type: typesOf(flags.type), PageSize: flags.limit }
    const { events } = await client.call(api.listEvents, { query })
    events.reverse()
    this.result(events, events.map(formatAccountEvent).join('\n'))
  }
}
