import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class DevicesList extends MicrovisorCommand {
  static override summary = 'List the devices of the account, newest first'
  static override examples = [
    '<%= config.bin %> devices list',
    {
      description: 'The SIDs alone',
      command: "<%= config.bin %> devices list --json | jq -r '.[].sid'",
    },
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(DevicesList)
    this.settle(flags)
    const { deviceColumns } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    const devices = await collect(client.each(api.listDevices, { query: { PageSize: 1000 } }))
    this.result(devices, table(devices, deviceColumns))
    this.progress(
      devices.length === 0
        ? 'No devices yet; `microvisor device run` makes a virtual one.'
        : count(devices.length, 'device'),
    )
  }
}
