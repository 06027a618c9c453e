import { string } from '@oclif/core/args'
import { integer } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { printable } from '../../output.ts'

export class LogsList extends MicrovisorCommand {
  static override summary = 'Show what the application of a device logged last, oldest first'
  static override description =
    'Lines are kept where the server was told to keep some (MICROVISOR_LOG_LINES); without that they are streamed alone.'
  static override args = {
    device: string({ description: 'SID or unique name; the only device unless given' }),
  }
  static override flags = {
    limit: integer({ default: 100, min: 1, max: 1000, description: 'the newest so many' }),
  }
  static override examples = ['<%= config.bin %> logs list greenhouse --limit 20']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LogsList)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const cloud = await this.connect(flags)
    const { api, client } = cloud
    const { sid: Sid } = await chooseDevice(cloud, args.device)
    const query = { PageSize: flags.limit }
    const { lines } = await client.call(api.listDeviceLogs, { params: { Sid }, query })
    lines.reverse()
    const text = lines.map(({ timestamp, text: line }) => `${timestamp} ${printable(line)}`)
    this.result(lines, text.join('\n'))
  }
}
