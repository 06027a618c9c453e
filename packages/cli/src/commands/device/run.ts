import { string } from '@oclif/core/args'
import { boolean, option, string as text } from '@oclif/core/flags'
import { dataFolder } from '../../folders.ts'
import { interruption } from '../../interruption.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DeviceRun extends MicrovisorCommand {
  static override summary = 'Run a virtual device until Ctrl-C; makes it first if it is new'
  static override description =
    'A new device gets its certificate and its kernel from the server, which takes the account’s credentials; later runs need nothing but the folder DATA/devices/NAME. Shows boots, the connection, the lights and what the kernel traces; with --json, one object a line.'
  static override args = {
    name: string({
      description: 'name of the device; the only one there is, or first-device, unless given',
    }),
  }
  static override flags = {
    data: text({
      helpValue: 'DIR',
      description: 'where devices are kept; ~/.local/share/microvisor unless given',
    }),
    clock: option({
      options: ['real', 'virtual'] as const,
      default: 'real' as const,
      description: 'pace time as on the wall, or run as fast as possible and skip sleep',
    })(),
    serial: boolean({
      description: 'show what the application sends to the serial log of the board',
    }),
    factory: boolean({
      description:
        'put it on the bench of the factory: its application is a test, and the mvTest calls work',
    }),
  }
  static override examples = [
    '<%= config.bin %> device run',
    '<%= config.bin %> device run greenhouse --serial',
    '<%= config.bin %> device run ci --data ./lab --clock virtual',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceRun)
    this.settle(flags)
    const signal = interruption()
    const { formatBenchLine } = await import('../../bench-view.ts')
    const { prepareDevice, runDevice } = await import('../../local-device.ts')
    const folder = await prepareDevice({
      data: dataFolder(flags.data),
      name: args.name,
      connect: () => this.connect(flags),
      progress: (line) => this.progress(line),
    })
    await runDevice(folder, {
      clock: flags.clock,
      isSerialShown: flags.serial,
      isOnBench: flags.factory,
      show: (line) => {
        const now = new Date()
        const shown = this.isJson
          ? JSON.stringify({ time: now.toISOString(), ...line.facts, text: line.text })
          : formatBenchLine(line, now)
        process.stdout.write(`${shown}\n`)
      },
      signal,
    })
  }
}
