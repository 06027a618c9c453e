import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { facts } from '../../output.ts'

export class KeysShow extends MicrovisorCommand {
  static override summary = 'Show the id of a key in a file'
  static override args = {
    file: string({ required: true, description: 'public key (PEM) or layer key' }),
  }
  static override examples = ['<%= config.bin %> keys show release.pub.pem']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(KeysShow)
    this.settle(flags)
    const { keyOfFile } = await import('../../key-files.ts')
    const found = keyOfFile(args.file)
    this.result(found, facts(Object.entries(found)))
  }
}
