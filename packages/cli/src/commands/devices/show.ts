import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DevicesShow extends MicrovisorCommand {
  static override summary = 'Show what a device should run and what it says it runs'
  static override args = {
    device: string({ description: 'SID or unique name; the only device unless given' }),
  }
  static override examples = ['<%= config.bin %> devices show first-device']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DevicesShow)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const { deviceFacts } = await import('../../resources.ts')
    const device = await chooseDevice(await this.connect(flags), args.device)
    this.result(device, deviceFacts(device))
  }
}
