import { string } from '@oclif/core/args'
import { boolean, integer, string as text } from '@oclif/core/flags'
import { GDB_HOST, GDB_PORT } from '../debug/ports.ts'
import { interruption } from '../interruption.ts'
import { MicrovisorCommand } from '../microvisor-command.ts'

export class Debug extends MicrovisorCommand {
  static override summary = 'Debug the application on a device with GDB'
  static override description =
    'Connects to the device, end to end encrypted, and serves GDB on this machine until Ctrl-C. The application runs on until GDB connects. The key is the private half of the one that the running application was bundled with.'
  static override args = {
    device: string({ required: true, description: 'SID or unique name' }),
    key: string({ required: true, description: 'private debug key, PEM' }),
  }
  static override flags = {
    port: integer({ default: GDB_PORT, min: 0, max: 65_535, description: 'of the GDB server' }),
    host: text({ default: GDB_HOST, description: 'address that the GDB server listens on' }),
    elf: text({
      helpValue: 'FILE',
      description:
        'the application: code and constants are read from it instead of from the device',
    }),
    gdb: text({
      helpValue: 'FILE',
      description: 'start gdb-multiarch with this ELF file, connected; ends with it',
    }),
    vscode: boolean({
      description:
        'write .vscode/launch.json here, for Cortex-Debug, Native Debug and CDT GDB; for the ELF file of --elf or --gdb, else that of the folder build',
    }),
    svd: text({
      helpValue: 'FILE',
      dependsOn: ['vscode'],
      description: "registers of the chip for VS Code; the repository's unless given",
    }),
  }
  static override examples = [
    '<%= config.bin %> debug first-device debug_auth_prv_key.pem',
    '<%= config.bin %> debug first-device debug_auth_prv_key.pem --gdb build/app.elf',
    '<%= config.bin %> debug first-device debug_auth_prv_key.pem --vscode',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Debug)
    this.settle(flags)
    const { chooseDevice } = await import('../choose-device.ts')
    const { serveGdb } = await import('../debug/serve.ts')
    const { host } = flags
    const signal = interruption()
    if (flags.vscode) await this.#writeLaunchFile(flags)
    const cloud = await this.connect(flags)
    const { sid: deviceSid } = await chooseDevice(cloud, args.device)
    await serveGdb({
      ...{ cloud, deviceSid, keyFile: args.key, host, port: flags.port, signal },
      ...{ elf: flags.elf ?? flags.gdb, gdbElf: flags.gdb },
      progress: (line) => this.progress(line),
      listening: (port) =>
        this.result({ host, port, device: deviceSid }, `GDB server listening on ${host}:${port}`),
    })
  }

  async #writeLaunchFile(flags: LaunchFlags): Promise<void> {
    const { writeLaunchFile } = await import('../debug/launch-file.ts')
    const { latestBuild } = await import('../project.ts')
    const { installedGdb } = await import('../debug/gdb-program.ts')
    const { host, port, svd } = flags
    const gdb = installedGdb()
    const elf = flags.elf ?? flags.gdb ?? latestBuild('.')
    this.progress(`Wrote ${await writeLaunchFile('.', { elf, host, port, gdb, svd })} for ${elf}.`)
  }
}

interface LaunchFlags {
  readonly host: string
  readonly port: number
  readonly elf?: string | undefined
  readonly gdb?: string | undefined
  readonly svd?: string | undefined
}
