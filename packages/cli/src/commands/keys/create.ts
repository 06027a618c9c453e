import { string } from '@oclif/core/args'
import { boolean } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class KeysCreate extends MicrovisorCommand {
  static override summary = 'Make a key pair that signs bundles, or a key that encrypts layers'
  static override args = {
    name: string({
      required: true,
      description: 'where to write it: NAME.pem and NAME.pub.pem, or NAME.layerkey',
    }),
  }
  static override flags = {
    layer: boolean({ description: 'a key for layers (AES-256) instead of a pair that signs' }),
  }
  static override examples = [
    '<%= config.bin %> keys create release',
    '<%= config.bin %> keys create fleet --layer',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(KeysCreate)
    this.settle(flags)
    const { createLayerKey, createSigningKey } = await import('../../key-files.ts')
    const made = flags.layer ? createLayerKey(args.name) : createSigningKey(args.name)
    this.result(made, `Made key ${made.key_id}: ${made.files.join(', ')}.`)
  }
}
