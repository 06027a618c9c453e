import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class KeysAdd extends MicrovisorCommand {
  static override summary =
    "Let a key sign applications for the account's devices, or give them a key that decrypts layers"
  static override args = {
    file: string({
      required: true,
      description: 'public key (PEM, P-256), or layer key (.layerkey)',
    }),
  }
  static override flags = {
    name: text({
      helpValue: 'NAME',
      description: 'what it is for; the name of the file unless given',
    }),
  }
  static override examples = [
    '<%= config.bin %> keys add release.pub.pem',
    '<%= config.bin %> keys add fleet.layerkey',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(KeysAdd)
    this.settle(flags)
    const { keyOfFile } = await import('../../key-files.ts')
    const { readFileSync } = await import('node:fs')
    const { basename } = await import('node:path')
    // A private key, or one of another kind, does not leave this machine.
    const { kind } = keyOfFile(args.file)
    const { api, client } = await this.connect(flags)
    const content = readFileSync(args.file, 'utf8')
    const FriendlyName =
      flags.name ?? basename(args.file).replace(/((\.pub)?\.pem|\.layerkey)$/, '')
    if (kind === 'layer') {
      const form = { Key: content.trim(), FriendlyName }
      const key = await client.call(api.createLayerKey, { form })
      this.result(key, `Key ${key.key_id} (${FriendlyName}) decrypts layers on every device.`)
      return
    }
    const PublicKey = content
    const signer = await client.call(api.createSigner, { form: { PublicKey, FriendlyName } })
    this.result(signer, `Key ${signer.key_id} (${signer.friendly_name}) may sign applications.`)
  }
}
