import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class AppsInspect extends MicrovisorCommand {
  static override summary = 'Show what is in a bundle, without a server'
  static override args = {
    bundle: string({ required: true, description: 'bundle of an application or a kernel (.zip)' }),
  }
  static override examples = ['<%= config.bin %> apps inspect blink.zip']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AppsInspect)
    this.settle(flags)
    const { readInput } = await import('../../bundling.ts')
    const { describeInspection, inspectBundle } = await import('../../inspection.ts')
    const found = inspectBundle(readInput(args.bundle))
    this.result(found, describeInspection(found))
  }
}
