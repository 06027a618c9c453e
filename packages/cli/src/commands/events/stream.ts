import { string } from '@oclif/core/flags'
import { deviceFilter, typeFilter, typesOf } from '../../event-flags.ts'
import { interruption } from '../../interruption.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class EventsStream extends MicrovisorCommand {
  static override summary = 'Follow what happens to all devices of the account'
  static override description =
    'Prints a line for each event until interrupted with Ctrl-C. With --json, one object a line. When the server restarts, it goes on behind the last event, without a gap. What applications log is not among them: `logs stream` follows one device.'
  static override flags = {
    device: deviceFilter,
    type: typeFilter,
    after: string({
      helpValue: 'ID',
      description: 'go on behind this event; 0: with the oldest that is kept',
    }),
  }
  static override examples = [
    '<%= config.bin %> events stream',
    '<%= config.bin %> events stream --type update.failed,app.crashed --json',
    '<%= config.bin %> events stream --device greenhouse --after 0',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(EventsStream)
    this.settle(flags)
    const { followAccount } = await import('../../events.ts')
    const { formatAccountEvent } = await import('../../event-line.ts')
    const { connectionLine } = await import('../../events.ts')
    const cloud = await this.connect(flags)
    const signal = interruption()
    const query = { Device: flags.device, Type: typesOf(flags.type), After: flags.after }
    const onConnection = (state: 'lost' | 'back', reason: string) =>
      this.progress(connectionLine(state, reason))
    try {
      const events = await followAccount(cloud, query, { signal, onConnection })
      this.progress('Following the account...')
      for await (const event of events)
        process.stdout.write(`${this.isJson ? JSON.stringify(event) : formatAccountEvent(event)}\n`)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
