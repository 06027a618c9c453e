import { collect } from '../../collect.ts'
import { crashDevice, crashKey } from '../../kept-crashes.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { table } from '../../output.ts'

export class CrashesList extends MicrovisorCommand {
  static override summary = 'List the crashes of a device that are kept, newest first'
  static override flags = { device: crashDevice, 'crash-key': crashKey }
  static override examples = ['<%= config.bin %> crashes list --device greenhouse']

  async run(): Promise<void> {
    const { flags } = await this.parse(CrashesList)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const { crashColumns, openKept } = await import('../../kept-crashes.ts')
    const cloud = await this.connect(flags)
    const { sid } = await chooseDevice(cloud, flags.device)
    const open = await openKept(flags['crash-key'])
    const query = { PageSize: 1000 }
    const { api, client } = cloud
    const kept = client.each(api.listDeviceCrashes, { params: { Sid: sid }, query })
    const crashes = (await collect(kept)).map(open)
    this.result(crashes, table(crashes, crashColumns))
    this.progress(crashes.length === 1 ? '1 crash' : `${crashes.length} crashes`)
  }
}
