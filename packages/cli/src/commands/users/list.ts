import { collect } from '../../collect.ts'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { count, table } from '../../output.ts'

export class UsersList extends MicrovisorCommand {
  static override summary = 'List the users of the account, newest first'
  static override examples = ['<%= config.bin %> users list']

  async run(): Promise<void> {
    const { flags } = await this.parse(UsersList)
    this.settle(flags)
    const { userColumns } = await import('../../resources.ts')
    const { api, client } = await this.connect(flags)
    const users = await collect(client.each(api.listUsers, { query: { PageSize: 1000 } }))
    this.result(users, table(users, userColumns))
    this.progress(
      users.length === 0
        ? 'No users yet; `microvisor users invite owner` makes a link for the first.'
        : count(users.length, 'user'),
    )
  }
}
