import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { crashDevice, crashKey } from '../../kept-crashes.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class CrashesCore extends MicrovisorCommand {
  static override summary = 'Make a core file of a crash, for GDB'
  static override description =
    'Registers and as much of the stack as the report has (`--crash-stack-bytes` when the application was bundled). Opened beside the ELF file that was deployed, GDB shows where it was and how it came there.'
  static override args = {
    crash: string({ description: 'its id, as `crashes list` shows it; the newest unless given' }),
  }
  static override flags = {
    device: crashDevice,
    out: text({ helpValue: 'FILE', description: 'where it goes; crash-ID.core unless given' }),
    'crash-key': crashKey,
  }
  static override examples = [
    '<%= config.bin %> crashes core 7 --device greenhouse',
    '<%= config.bin %> crashes core --out last.core --crash-key crash.pem',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CrashesCore)
    this.settle(flags)
    const { writeFile } = await import('node:fs/promises')
    const { chooseDevice } = await import('../../choose-device.ts')
    const { makeCore } = await import('../../debug/core-file.ts')
    const { coreContents, findKept } = await import('../../kept-crashes.ts')
    const cloud = await this.connect(flags)
    const { sid } = await chooseDevice(cloud, flags.device)
    const crash = await findKept(cloud, { sid, id: args.crash, keyFile: flags['crash-key'] })
    const contents = coreContents(crash)
    const file = flags.out ?? `crash-${crash.id}.core`
    await writeFile(file, makeCore(contents))
    const bytes = contents.memory.reduce((sum, { data }) => sum + data.length, 0)
    this.result(
      { core: file, crash: crash.id, text: crash.text, stack_bytes: bytes },
      `Wrote ${file}: ${crash.text}; ${bytes} bytes of stack.\nLook at it with: gdb-multiarch APP.elf ${file}`,
    )
  }
}
