/** Which user a command means: by SID, or by the name they sign in with. */
import type { User } from '@microvisor/api'
import type { Cloud } from './cloud.ts'
import { Failure } from './errors.ts'

export async function chooseUser({ api, client }: Cloud, given: string): Promise<User> {
  const wanted = given.toLowerCase()
  for await (const user of client.each(api.listUsers, { query: { PageSize: 1000 } })) {
    if (user.sid.toLowerCase() === wanted || user.name === wanted) return user
  }
  throw new Failure({
    code: 'USER_NOT_FOUND',
    message: `this account has no user \`${given}\`.`,
    fix: 'see who there is with `microvisor users list`.',
  })
}
