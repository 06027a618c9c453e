import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count } from '../../output.ts'

export class AuditExport extends MicrovisorCommand {
  static override summary = 'Write the whole audit log: one JSON object a line, newest first'
  static override args = {
    file: string({ description: 'a file that is not there yet; standard output unless given' }),
  }
  static override examples = [
    '<%= config.bin %> audit export audit.jsonl',
    '<%= config.bin %> audit export | gzip > audit.jsonl.gz',
  ]

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditExport)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const entries = client.each(api.listAudit, { query: { PageSize: 1000 } })
    let written = 0
    const lines = Readable.from(
      (async function* () {
        for await (const entry of entries) {
          written++
          yield `${JSON.stringify(entry)}\n`
        }
      })(),
    )
    if (args.file === undefined) await pipeline(lines, process.stdout, { end: false })
    else await pipeline(lines, createWriteStream(args.file, { flags: 'wx', mode: 0o600 }))
    this.progress(`${count(written, 'change')} written to ${args.file ?? 'standard output'}.`)
  }
}
