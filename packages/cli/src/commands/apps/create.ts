import { string } from '@oclif/core/args'
import { string as text } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class AppsCreate extends MicrovisorCommand {
  static override summary =
    'Upload a bundle: makes a new app, signed by the cloud unless it is signed already'
  static override args = {
    file: string({ required: true, description: 'bundle (.zip)' }),
    uniquename: string({ description: 'name for the new app' }),
  }
  static override flags = {
    elf: text({
      helpValue: 'FILE',
      description: 'the ELF file that it was built from: crashes then show functions and lines',
    }),
    'bundle-out': text({ helpValue: 'FILE', description: 'where to save the signed bundle' }),
  }
  static override examples = [
    '<%= config.bin %> apps create blink.zip blink-2',
    '<%= config.bin %> apps create blink.zip --elf build/blink.elf',
    '<%= config.bin %> apps create blink.zip --bundle-out blink-signed.zip --json',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AppsCreate)
    this.settle(flags)
    const { appFacts } = await import('../../resources.ts')
    const { uploadBundle, uploadSymbols } = await import('../../upload.ts')
    const { readFile, writeFile } = await import('node:fs/promises')
    const cloud = await this.connect(flags)
    this.progress(`Uploading ${args.file}...`)
    const bundle = { path: args.file, bytes: await readFile(args.file) }
    const options = { uniqueName: args.uniquename, isAnimated: this.canAnimate }
    const app = await uploadBundle(cloud, bundle, options)
    if (flags.elf !== undefined)
      await uploadSymbols(cloud, app.sid, { path: flags.elf, bytes: await readFile(flags.elf) })
    const out = flags['bundle-out']
    if (out !== undefined) {
      const { api, client } = cloud
      await writeFile(out, await client.call(api.fetchAppBundle, { params: { Sid: app.sid } }))
      this.progress(`Saved the signed bundle as ${out}.`)
    }
    this.result([app], appFacts(app))
  }
}
