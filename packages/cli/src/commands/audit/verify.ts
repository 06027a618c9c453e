import { Failure } from '../../errors.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { facts } from '../../output.ts'

export class AuditVerify extends MicrovisorCommand {
  static override summary = 'Have the server check the hashes of the whole audit log'
  static override description =
    'The exit code is 1 when an entry was altered. Keep the last hash elsewhere: who remembers it can tell whether anything before it was changed.'
  static override examples = ['<%= config.bin %> audit verify']

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const verdict = await client.call(api.verifyAudit)
    if (!verdict.intact) {
      throw new Failure({
        code: 'AUDIT_LOG_BROKEN',
        message: `entry ${verdict.broken_at} of the ${verdict.entries} in the audit log does not fit its hash.`,
        fix: 'compare with an export made earlier (`microvisor audit export`), and look at who can write to the database.',
        details: verdict,
      })
    }
    const shown = facts([
      ['entries', verdict.entries],
      ['intact', verdict.intact],
      ['last hash', verdict.last_hash],
    ])
    this.result(verdict, shown)
  }
}
