import { string } from '@oclif/core/flags'
import { dataFolder } from '../../folders.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class DeviceList extends MicrovisorCommand {
  static override summary = 'List the virtual devices of this machine and how they are'
  static override flags = {
    data: string({
      helpValue: 'DIR',
      description: 'where devices are kept; ~/.local/share/microvisor unless given',
    }),
  }
  static override examples = ['<%= config.bin %> device list']

  async run(): Promise<void> {
    const { flags } = await this.parse(DeviceList)
    this.settle(flags)
    const data = dataFolder(flags.data)
    const { deviceState, listLocalDevices } = await import('../../device-overview.ts')
    const devices = listLocalDevices(data)
    this.result(
      devices,
      table(devices, [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'SID', value: ({ record }) => record.sid },
        { title: 'STATE', value: deviceState },
        { title: 'LINK', value: ({ runningPid, status }) => runningPid && status?.link.state },
        { title: 'PROCESS', value: ({ runningPid }) => runningPid },
      ]),
    )
    this.progress(count(devices.length, 'device'))
  }
}
