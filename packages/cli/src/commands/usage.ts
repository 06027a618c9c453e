import { boolean, string } from '@oclif/core/flags'
import { MicrovisorCommand } from '../microvisor-command.ts'
import { table } from '../output.ts'

export class Usage extends MicrovisorCommand {
  static override summary = 'Show which devices connected in a month'
  static override flags = {
    month: string({ helpValue: 'MONTH', description: 'as 2021-01, in UTC; this one unless given' }),
    csv: boolean({ description: 'answer as CSV (RFC 4180)' }),
  }
  static override examples = [
    '<%= config.bin %> usage',
    '<%= config.bin %> usage --month 2021-01 --csv > usage.csv',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(Usage)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const query = { Month: flags.month }
    if (flags.csv) {
      process.stdout.write(await client.call(api.exportUsage, { query }))
      return
    }
    const usage = await client.call(api.fetchUsage, { query })
    const columns = [
      { title: 'DEVICE', value: (row: (typeof usage.devices)[number]) => row.device_sid },
      { title: 'FIRST', value: (row: (typeof usage.devices)[number]) => row.date_first },
      { title: 'LAST', value: (row: (typeof usage.devices)[number]) => row.date_last },
      { title: 'CONNECTIONS', value: (row: (typeof usage.devices)[number]) => row.connections },
    ]
    this.result(usage, table(usage.devices, columns))
    this.progress(`${usage.device_count} in ${usage.month}`)
  }
}
