import { boolean, string } from '@oclif/core/flags'
import { PRIVATE_KEY_NAME, PUBLIC_KEY_NAME } from '../../debug/key-names.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class DebugGenerateKeypair extends MicrovisorCommand {
  static override summary = 'Make a key pair for debugging'
  static override description =
    'The public half goes into the bundle (`apps bundle --debug-auth-pubkey`); whoever has the private half may debug the devices that run it.'
  static override aliases = ['debug:generate_keypair']
  static override flags = {
    'debug-auth-privkey': string({
      default: PRIVATE_KEY_NAME,
      helpValue: 'FILE',
      description: 'where the private half goes',
    }),
    'debug-auth-pubkey': string({
      default: PUBLIC_KEY_NAME,
      helpValue: 'FILE',
      description: 'where the public half goes',
    }),
    force: boolean({ description: 'replace files that exist' }),
  }
  static override examples = ['<%= config.bin %> debug generate-keypair']

  async run(): Promise<void> {
    const { flags } = await this.parse(DebugGenerateKeypair)
    this.settle(flags)
    const { generateKeyPair } = await import('../../debug/debug-keys.ts')
    const files = {
      privateKey: flags['debug-auth-privkey'],
      publicKey: flags['debug-auth-pubkey'],
    }
    await generateKeyPair(files, flags.force)
    this.result(
      { private_key: files.privateKey, public_key: files.publicKey },
      `Wrote ${files.privateKey} (keep it) and ${files.publicKey} (bundle it).`,
    )
  }
}
