import type { DeviceEvent } from '@microvisor/api'
import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { interruption } from '../../interruption.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class LogsStream extends MicrovisorCommand {
  static override summary =
    'Follow a device: connections, updates, crashes and what its application logs'
  static override description =
    "Switches the device's logging on and prints a line for each event until interrupted with Ctrl-C. With --json, one object a line. When the server restarts, the stream comes back by itself."
  static override args = {
    device: string({ description: 'SID or unique name; the only device unless given' }),
  }
  static override flags = {
    'crash-key': text({
      helpValue: 'FILE',
      description: 'private key (PEM, P-256) that opens crash reports sealed for it',
    }),
  }
  static override examples = [
    '<%= config.bin %> logs stream first-device',
    '<%= config.bin %> logs stream first-device -o json',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LogsStream)
    this.settle(flags)
    const { chooseDevice } = await import('../../choose-device.ts')
    const { follow } = await import('../../events.ts')
    const { crashOpener } = await import('../../crash-reports.ts')
    const keyFile = flags['crash-key']
    const open = keyFile === undefined ? (event: DeviceEvent) => event : crashOpener(keyFile)
    const cloud = await this.connect(flags)
    await follow(cloud, {
      device: await chooseDevice(cloud, args.device),
      signal: interruption(),
      progress: (line) => this.progress(line),
      showEvent: (event) => this.event(open(event)),
    })
  }
}
