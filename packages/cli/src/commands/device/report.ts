import { string } from '@oclif/core/args'
import { integer, string as text } from '@oclif/core/flags'
import { dataFolder } from '../../folders.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DeviceReport extends MicrovisorCommand {
  static override summary =
    'Tell what a virtual device is: boot, kernel, link, crashes, energy, and what was used but is not modelled'
  static override args = {
    name: string({ description: 'name of the device; the only one unless given' }),
  }
  static override flags = {
    data: text({
      helpValue: 'DIR',
      description: 'where devices are kept; ~/.local/share/microvisor unless given',
    }),
    battery: integer({
      helpValue: 'MAH',
      min: 1,
      default: 2600,
      description: 'battery whose life is to be estimated',
    }),
  }
  static override examples = [
    '<%= config.bin %> device report',
    {
      description: 'For a test: was anything used that is not modelled?',
      command: '<%= config.bin %> device report ci --json | jq .report.totalAccesses',
    },
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceReport)
    this.settle(flags)
    const { formatOverview, readLocalDevice } = await import('../../device-overview.ts')
    const device = readLocalDevice(dataFolder(flags.data), args.name)
    this.result(device, formatOverview(device, flags.battery))
  }
}
