import { string } from '@oclif/core/args'
import { integer, string as text } from '@oclif/core/flags'
import { interruption } from '../interruption.ts'
import { MicrovisorCommand } from '../microvisor-command.ts'

const DEFAULT_PORT = 8001

export class Debug extends MicrovisorCommand {
  static override summary = 'Debug the application on a device with GDB'
  static override description =
    'Connects to the device, end to end encrypted, and serves GDB on this machine until Ctrl-C. The application runs on until GDB connects. The key is the private half of the one that the running application was bundled with.'
  static override args = {
    device: string({ required: true, description: 'SID or unique name' }),
    key: string({ required: true, description: 'private debug key, PEM' }),
  }
  static override flags = {
    port: integer({ default: DEFAULT_PORT, min: 0, max: 65_535, description: 'of the GDB server' }),
    host: text({ default: 'localhost', description: 'address that the GDB server listens on' }),
    elf: text({
      helpValue: 'FILE',
      description:
        'the application: code and constants are read from it instead of from the device',
    }),
    gdb: text({
      helpValue: 'FILE',
      description: 'start gdb-multiarch with this ELF file, connected; ends with it',
    }),
    vscode: text({
      helpValue: 'FILE',
      description:
        'write .vscode/launch.json for this ELF file here, for Cortex-Debug and Native Debug',
    }),
  }
  static override examples = [
    '<%= config.bin %> debug first-device debug_auth_prv_key.pem',
    '<%= config.bin %> debug first-device debug_auth_prv_key.pem --gdb build/app.elf',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Debug)
    this.settle(flags)
    const { chooseDevice } = await import('../choose-device.ts')
    const { openDebugSession } = await import('../debug/session.ts')
    const { knownDevicesFile } = await import('../debug/known-devices.ts')
    const { runGdb, writeLaunchFile } = await import('../debug/gdb-program.ts')
    const signal = interruption()
    const cloud = await this.connect(flags)
    const { sid: deviceSid } = await chooseDevice(cloud, args.device)
    if (flags.vscode !== undefined) {
      this.progress(`Wrote ${await writeLaunchFile(flags.vscode, flags.port)}.`)
    }
    const session = await openDebugSession({
      ...{ cloud, deviceSid, keyFile: args.key, host: flags.host, port: flags.port },
      ...{ knownDevices: knownDevicesFile(), elf: flags.elf ?? flags.gdb },
      progress: (line) => this.progress(line),
    })
    const listening = `GDB server listening on ${flags.host}:${session.port}`
    if (this.isJson) this.result({ host: flags.host, port: session.port, device: deviceSid }, '')
    else process.stdout.write(`${listening}\n`)
    const stopped = new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => resolve(''), { once: true })
    })
    const gdb = flags.gdb === undefined ? undefined : runGdb(flags.gdb, flags.host, session.port)
    const reason = await Promise.race([session.over, stopped, ...(gdb === undefined ? [] : [gdb])])
    await session.close()
    if (reason !== '') this.progress(reason)
  }
}
