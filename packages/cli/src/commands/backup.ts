import { string as word } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { dataFolder, serverFolder } from '../folders.ts'
import { MicrovisorCommand } from '../microvisor-command.ts'
import { bytes } from '../output.ts'

export class Backup extends MicrovisorCommand {
  static override summary = 'Copy all that a stopped server of this machine keeps into a new folder'
  static override description =
    'Database, blobs, keys and credentials, with the hash of every file. The copy holds the keys of the account: keep it as safe as the server. Virtual devices are not part of it.'
  static override args = {
    dir: word({ required: true, description: 'the folder to make' }),
  }
  static override flags = {
    data: string({
      helpValue: 'DIR',
      description: 'where the server keeps everything; ~/.local/share/microvisor unless given',
    }),
  }
  static override examples = ['<%= config.bin %> backup ./backup-monday']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Backup)
    this.settle(flags)
    const { backUp } = await import('@microvisor/server')
    const facts = await backUp(serverFolder(dataFolder(flags.data)), args.dir)
    this.result(facts, `Backed up ${facts.files} files, ${bytes(facts.bytes)}, in ${facts.path}.`)
  }
}
