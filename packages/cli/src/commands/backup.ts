import { string as word } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { dataFolder, serverFolder } from '../folders.ts'
import { MicrovisorCommand } from '../microvisor-command.ts'
import { bytes } from '../output.ts'

export class Backup extends MicrovisorCommand {
  static override summary = 'Copy all that a server keeps into a new folder'
  static override description =
    'Database, blobs, keys and credentials, with the hash of every file. A server that keeps all of it in its data folder has to be stopped. One on PostgreSQL and S3 may run: set the variables that it has; uploads wait until the backup is made. The copy holds the keys of the account: keep it as safe as the server. Virtual devices are not part of it.'
  static override args = {
    dir: word({ required: true, description: 'the folder to make' }),
  }
  static override flags = {
    data: string({
      helpValue: 'DIR',
      description: 'where the server keeps everything; ~/.local/share/microvisor unless given',
    }),
    portable: boolean({
      description:
        'rows and blobs instead of files of the database, so that a server on other stores can be made of it; always so with MICROVISOR_DATABASE_URL and its like',
    }),
  }
  static override examples = [
    '<%= config.bin %> backup ./backup-monday',
    '<%= config.bin %> backup ./to-postgres --portable',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Backup)
    this.settle(flags)
    const { backUp, settingsOf } = await import('@microvisor/server')
    const places = { ...settingsOf(process.env), dataFolder: serverFolder(dataFolder(flags.data)) }
    const facts = await backUp(places, args.dir, flags.portable || undefined)
    this.result(facts, `Backed up ${facts.files} files, ${bytes(facts.bytes)}, in ${facts.path}.`)
  }
}
