import { string } from '@oclif/core/flags'
import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { table } from '../../output.ts'

export class UsersSessions extends MicrovisorCommand {
  static override summary = 'List who is signed in, or end a session'
  static override flags = {
    end: string({ helpValue: 'SESSION', description: 'SID of the session to end' }),
  }
  static override examples = [
    '<%= config.bin %> users sessions',
    '<%= config.bin %> users sessions --end SS0123456789abcdef0123456789abcdef',
  ]

  async run(): Promise<void> {
    const { flags } = await this.parse(UsersSessions)
    this.settle(flags)
    const { sessionColumns } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    if (flags.end !== undefined) {
      await client.call(api.deleteSession, { params: { Sid: flags.end } })
      this.progress(`Ended ${flags.end}.`)
    }
    const sessions = await collect(client.each(api.listSessions))
    this.result(sessions, table(sessions, sessionColumns))
  }
}
