import { string } from '@oclif/core/args'
import { MicrovisorCommand } from '../../microvisor-command.ts'

export class UsersRemove extends MicrovisorCommand {
  static override summary = 'Remove a user; their sessions end'
  static override args = {
    user: string({ required: true, description: 'SID or name' }),
  }
  static override examples = ['<%= config.bin %> users remove ada@example.com']

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UsersRemove)
    this.settle(flags)
    const { chooseUser } = await import('../../choose-user.ts')
    const cloud = await this.connect(flags)
    const { sid, name } = await chooseUser(cloud, args.user)
    await cloud.client.call(cloud.api.deleteUser, { params: { Sid: sid } })
    this.result({ sid, removed: true }, `Removed ${name}.`)
  }
}
