import { string } from '@oclif/core/flags'
import { dataFolder, serverFolder } from '../../folders.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class KeysRotateMaster extends MicrovisorCommand {
  static override summary = 'Put a new master key on top of those that seal secrets at rest'
  static override description =
    'For the operator of a server, on its machine. The next start seals everything anew; the older key may go from master.key when every server has restarted.'
  static override flags = {
    data: string({
      helpValue: 'DIR',
      description: 'where the server keeps everything; ~/.local/share/microvisor unless given',
    }),
    keys: string({
      helpValue: 'DIR',
      description: 'the keys folder, where servers share one (MICROVISOR_KEYS_FOLDER)',
    }),
  }
  static override examples = [
    '<%= config.bin %> keys rotate-master',
    '<%= config.bin %> keys rotate-master --keys /etc/microvisor/keys',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(KeysRotateMaster)
    this.settle(flags)
    const { join } = await import('node:path')
    const { rotateMasterKey } = await import('@microvisor/server')
    const shared = flags.keys ?? process.env.MICROVISOR_KEYS_FOLDER
    const folder = shared ?? join(serverFolder(dataFolder(flags.data)), 'keys')
    const id = await rotateMasterKey(folder)
    this.result({ id, folder }, `Master key ${id} is on top in ${folder}; restart the servers.`)
  }
}
