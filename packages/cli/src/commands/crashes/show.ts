import { string } from '@oclif/core/args'
import { crashDevice, crashKey, elfFile } from '../../kept-crashes.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class CrashesShow extends MicrovisorCommand {
  static override summary = 'Show one crash of a device: cause, registers, stack'
  static override args = {
    crash: string({ description: 'its id, as `crashes list` shows it; the newest unless given' }),
  }
  static override flags = {
    device: crashDevice,
    'crash-key': crashKey,
    elf: elfFile,
  }
  static override examples = [
    '<%= config.bin %> crashes show --device greenhouse',
    '<%= config.bin %> crashes show 7 --device greenhouse --json',
    '<%= config.bin %> crashes show --crash-key release.pem --elf build/app.elf',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CrashesShow)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const { addFrames, crashFacts, findKept } = await import('../../kept-crashes.ts')
    const cloud = await this.connect(flags)
    const { sid } = await chooseDevice(cloud, flags.device)
    const opened = await findKept(cloud, { sid, id: args.crash, keyFile: flags['crash-key'] })
    const crash = flags.elf === undefined ? opened : await addFrames(opened, flags.elf)
    this.result(crash, crashFacts(crash))
  }
}
