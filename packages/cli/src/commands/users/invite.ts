import { MicrovisorCommand } from '../../microvisor-command.ts'
import { facts } from '../../output.ts'
import { role } from '../../rights.ts'

export class UsersInvite extends MicrovisorCommand {
  static override summary = 'Make a link with which somebody becomes a user, once, within a day'
  static override args = { role }
  static override examples = ['<%= config.bin %> users invite developer']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UsersInvite)
    this.settle(flags)
    const { api, client } = await this.connect(flags)
    const form = { Role: args.role as (typeof api.roles)[number] }
    const invitation = await client.call(api.createInvitation, { form })
    const { link, date_expires } = invitation
    this.result(
      invitation,
      facts([
        ['link', link],
        ['role', invitation.role],
        ['expires', date_expires],
      ]),
    )
  }
}
