import type { AuditEntry } from '@microvisor/api'
import { integer } from '@oclif/core/flags'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class AuditList extends MicrovisorCommand {
  static override summary = 'Show who changed what, newest first'
  static override flags = {
    limit: integer({
      min: 1,
      max: 100_000,
      default: 50,
      helpValue: 'COUNT',
      description: 'how many entries at most',
    }),
  }
  static override examples = [
    '<%= config.bin %> audit list',
    '<%= config.bin %> audit list --limit 500 --json',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditList)
    this.settle(flags)
    const { auditColumns } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    const query = { PageSize: Math.min(flags.limit, 1000) }
    const entries: AuditEntry[] = []
    for await (const entry of client.each(api.listAudit, { query })) {
      entries.push(entry)
      if (entries.length === flags.limit) break
    }
    this.result(entries, table(entries, auditColumns))
    this.progress(`${count(entries.length, 'change')} of the audit log`)
  }
}
