import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { dataFolder } from '../../folders.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DeviceProvision extends MicrovisorCommand {
  static override summary =
    'Make a virtual device: its keys, fuses, option bytes, boot chain and kernel'
  static override description =
    'Everything here is burned once: a device that exists is not provisioned again. `device run` does the same for a new device, and runs it.'
  static override args = {
    name: string({ required: true, description: 'name of the new device' }),
  }
  static override flags = {
    data: text({
      helpValue: 'DIR',
      description: 'where devices are kept; ~/.local/share/microvisor unless given',
    }),
  }
  static override examples = ['<%= config.bin %> device provision greenhouse']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceProvision)
    this.settle(flags)
    const { provisionLocalDevice } = await import('../../local-device.ts')
    const made = await provisionLocalDevice({
      data: dataFolder(flags.data),
      name: args.name,
      connect: () => this.connect(flags),
    })
    this.result(made, `Device ${made.sid} is in ${made.folder}.`)
  }
}
