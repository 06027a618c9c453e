import { string as word } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { dataFolder, serverFolder } from '../folders.ts'
import { MicrovisorCommand } from '../microvisor-command.ts'
import { bytes } from '../output.ts'

export class Restore extends MicrovisorCommand {
  static override summary = 'Make a server of a backup; `up` then starts it'
  static override description =
    'Every file is held against its hash. Nothing is written over: there must be no server in the data folder yet, nor in the database, the bucket and the keys folder that MICROVISOR_DATABASE_URL and its like name.'
  static override args = {
    dir: word({ required: true, description: 'a folder that `backup` made' }),
  }
  static override flags = {
    data: string({
      helpValue: 'DIR',
      description: 'where the server is to be; ~/.local/share/microvisor unless given',
    }),
  }
  static override examples = ['<%= config.bin %> restore ./backup-monday --data ./lab']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Restore)
    this.settle(flags)
    const { restore, settingsOf } = await import('@microvisor/server')
    const places = { ...settingsOf(process.env), dataFolder: serverFolder(dataFolder(flags.data)) }
    const facts = await restore(args.dir, places)
    this.result(facts, `Restored ${facts.files} files, ${bytes(facts.bytes)}, to ${facts.path}.`)
  }
}
