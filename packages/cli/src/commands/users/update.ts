import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'
import { role } from '../../rights.ts'

export class UsersUpdate extends MicrovisorCommand {
  static override summary = 'Give a user another role'
  static override args = {
    user: string({ required: true, description: 'SID or name' }),
    role,
  }
  static override examples = ['<%= config.bin %> users update ada@example.com viewer']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UsersUpdate)
    this.settle(flags)
    const { chooseUser } = await import('../../choose-user.ts')
    const cloud = await this.connect(flags)
    const { api, client } = cloud
    const { sid } = await chooseUser(cloud, args.user)
    const form = { Role: args.role as (typeof api.roles)[number] }
    const user = await client.call(api.updateUser, { params: { Sid: sid }, form })
    this.result(user, `${user.name} is now ${user.role}.`)
  }
}
