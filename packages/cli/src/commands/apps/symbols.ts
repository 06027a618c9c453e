import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { facts } from '../../output.ts'

export class AppsSymbols extends MicrovisorCommand {
  static override summary = 'Give an app the ELF file that it was built from, or show what it has'
  static override description =
    'Crashes of the app are then shown with functions and lines. Only those are kept, not the file. `deploy` does this by itself.'
  static override args = {
    app: string({ required: true, description: 'SID or unique name' }),
    file: string({ description: 'ELF file, with debug information (-g); only shows unless given' }),
  }
  static override examples = [
    '<%= config.bin %> apps symbols blink-2 build/blink.elf',
    '<%= config.bin %> apps symbols blink-2',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AppsSymbols)
    this.settle(flags)
    const cloud = await this.connect(flags)
    const { app, file } = args
    const { readInput } = await import('../../bundling.ts')
    const { uploadSymbols } = await import('../../upload.ts')
    const symbols =
      file === undefined
        ? await cloud.client.call(cloud.api.fetchAppSymbols, { params: { Sid: app } })
        : await uploadSymbols(cloud, app, { path: file, bytes: readInput(file) })
    const { app_sid, elf_hash, functions, lines, date_created } = symbols
    this.result(
      symbols,
      facts([
        ['app', app_sid],
        ['functions', functions],
        ['lines', lines],
        ['elf', elf_hash],
        ['uploaded', date_created],
      ]),
    )
  }
}
