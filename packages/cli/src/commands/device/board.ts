import { string } from '@oclif/core/args'
import { boolean, string as text } from '@oclif/core/flags'
import { interruption } from '../../interruption.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DeviceBoard extends MicrovisorCommand {
  static override summary = 'Show a board live in the terminal: lights, displays, buttons to press'
  static override description =
    'Runs a firmware on a virtual board, at the pace of the wall’s clock, and draws the board. Keys: 1 to 9 press and release what can be pressed; Tab chooses another control, + and - move it; q ends. Without a terminal, or with --json, a picture a second goes to standard output. Serial lines of the board file can be TCP sockets or pseudo-terminals.'
  static override args = {
    firmware: string({
      required: true,
      description: 'ELF file, raw image (.bin) or bundle (.zip)',
    }),
  }
  static override flags = {
    board: text({
      helpValue: 'FILE',
      description: 'board file; the development board unless given',
    }),
    microvisor: boolean({ description: 'run it as an application under the microvisor' }),
  }
  static override examples = [
    '<%= config.bin %> device board build/app.elf',
    '<%= config.bin %> device board build/app.elf --board greenhouse.yaml',
    '<%= config.bin %> device board samples/prebuilt/blink.elf --microvisor',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceBoard)
    this.settle(flags)
    const signal = interruption()
    const { showBoard } = await import('../../board-view.ts')
    await showBoard({
      ...{ firmware: args.firmware, board: flags.board, isMicrovisor: flags.microvisor },
      ...{ isJson: this.isJson, signal },
    })
  }
}
