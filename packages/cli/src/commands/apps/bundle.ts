import { string } from '@oclif/core/args'
import { contentFlags } from '../../content-flags.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { bytes } from '../../output.ts'
import { policiesOf, policyFlags } from '../../policies.ts'

export class AppsBundle extends MicrovisorCommand {
  static override summary =
    'Make a bundle of an application: its image, other layers, and its policies'
  static override args = {
    input: string({ required: true, description: 'ELF file, or raw image (.bin)' }),
    out: string({ description: 'bundle to write; beside the input, named .zip, unless given' }),
  }
  static override flags = { ...policyFlags, ...contentFlags }
  static override examples = [
    '<%= config.bin %> apps bundle build/blink.elf',
    '<%= config.bin %> apps bundle build/blink.bin blink.zip --debug-auth-pubkey debug_auth_pub_key.pem',
    '<%= config.bin %> apps bundle app.bin --image-size 0x80000 --layer external@0=files.img --signing-key signer.pem',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AppsBundle)
    this.settle(flags)
    const { bundleImage, bundlePath, readInput, refuseBundle } = await import('../../bundling.ts')
    const { writeFile } = await import('node:fs/promises')
    const out = args.out ?? bundlePath(args.input)
    const content = readInput(args.input)
    refuseBundle(args.input, content)
    const { contentsOf } = await import('../../bundle-contents.ts')
    const bundle = bundleImage(args.input, content, policiesOf(flags), contentsOf(flags))
    await writeFile(out, bundle)
    this.result(
      { bundle: out, bytes: bundle.length },
      `Bundled ${args.input} as ${out} (${bytes(bundle.length)}).`,
    )
  }
}
