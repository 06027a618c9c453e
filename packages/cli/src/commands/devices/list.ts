import { boolean, option, string } from '@oclif/core/flags'
import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class DevicesList extends MicrovisorCommand {
  static override summary = 'List the devices of the account, newest first'
  static override flags = {
    tag: string({ helpValue: 'TAG', description: 'only those that have it' }),
    attribute: string({ helpValue: 'NAME=VALUE', description: 'only those with this attribute' }),
    name: string({ helpValue: 'TEXT', description: 'only those whose name begins with it' }),
    connected: boolean({ allowNo: true, description: 'only those that are there, or are not' }),
    update: option({
      options: ['up-to-date', 'pending', 'error'] as const,
      description: 'only those whose update is there',
    })(),
  }
  static override examples = [
    '<%= config.bin %> devices list --tag lab --no-connected',
    '<%= config.bin %> devices list',
    {
      description: 'The SIDs alone',
      command: "<%= config.bin %> devices list --json | jq -r '.[].sid'",
    },
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(DevicesList)
    this.settle(flags)
    const query = {
      PageSize: 1000,
      Tag: flags.tag,
      Attribute: flags.attribute,
      Name: flags.name,
      Connected: flags.connected,
      UpdateStatus: flags.update,
    }
    const { deviceColumns } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    const devices = await collect(client.each(api.listDevices, { query }))
    this.result(devices, table(devices, deviceColumns))
    this.progress(
      devices.length === 0 &&
        Object.values(query).every((value) => value === undefined || value === 1000)
        ? 'No devices yet; `microvisor device run` makes a virtual one.'
        : count(devices.length, 'device'),
    )
  }
}
