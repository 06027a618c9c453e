/** Users and sessions over HTTP. Becoming a user and signing in are open to anyone, at a rate. */
import * as api from '@microvisor/api'
import { formatDate } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Call, Rest } from '../http/rest.ts'
import type { Audit } from './audit.ts'
import type { Identities } from './identities.ts'
import type { SessionRow, UserRow, Users } from './users.ts'

interface Parts {
  readonly users: Users
  readonly identities: Identities
  readonly audit: Audit
}

export function addUserRoutes(rest: Rest, parts: Parts): void {
  const { users } = parts
  addEntrances(rest, parts)
  rest.handle(api.createInvitation, async ({ form, caller, home }) => {
    const { token, expiresAt } = await users.invite(caller.accountSid, form.Role)
    const date_expires = formatDate(expiresAt)
    return { token, role: form.Role, date_expires, link: welcomeLink(home, token) }
  })
  rest.handle(api.listUsers, async ({ query, caller, home }) =>
    showPage('users', `${home}/v1/Users`, await users.list(caller.accountSid, query), (user) =>
      showUser(user, home),
    ),
  )
  rest.handle(api.fetchUser, async ({ params, caller, home }) =>
    showUser(await users.fetch(caller.accountSid, params.Sid), home),
  )
  rest.handle(api.updateUser, async ({ params, form, caller, home }) =>
    showUser(await users.setRole(caller.accountSid, params.Sid, form.Role), home),
  )
  rest.handle(api.deleteUser, ({ params, caller }) => users.remove(caller.accountSid, params.Sid))
  rest.handle(api.listSessions, async ({ query, caller, home }) =>
    showPage(
      'sessions',
      `${home}/v1/Sessions`,
      await users.sessions(caller.accountSid, query),
      (session) => showSession(session, home),
    ),
  )
  rest.handle(api.fetchSession, async ({ params, caller, home }) =>
    showSession(await users.session(caller, params.Sid), home),
  )
  rest.handle(api.deleteSession, ({ params, caller }) => users.endSession(caller, params.Sid))
  addOwnRoutes(rest, users)
}

/** What people do about themselves. */
function addOwnRoutes(rest: Rest, users: Users): void {
  rest.handle(api.fetchSelf, async ({ caller }) => ({
    actor: caller.actor,
    account_sid: caller.accountSid,
    scopes: [...caller.scopes],
    one_time_codes: await users.asksForCode(caller),
  }))
  rest.handle(api.changePassword, ({ form, caller }) =>
    users.changePassword(caller, form.Password, form.NewPassword),
  )
  rest.handle(api.proposeTotp, ({ caller }) => users.proposeCodes(caller))
  rest.handle(api.enableTotp, ({ form, caller }) =>
    users.enableCodes(caller, form.Secret, form.Code),
  )
  rest.handle(api.disableTotp, ({ form, caller }) => users.disableCodes(caller, form.Password))
}

function addEntrances(rest: Rest, { users, identities, audit }: Parts): void {
  /** Nobody signs in as somebody: whoever it turns out to be has done it. */
  const note = (accountSid: string, actor: string, call: Call<api.Route>, made: Made) => {
    const { action, after } = made
    const object = new URL(after.url).pathname
    return audit.append({ accountSid, actor, ...call.origin, action, object, after })
  }
  rest.handle(api.createUser, (call) =>
    identities.atARate(call.origin.address, async () => {
      const { Invitation, Name, Password } = call.form
      const user = await users.create(Invitation, Name, Password)
      const after = showUser(user, call.home)
      await note(user.accountSid, user.sid, call, { action: 'createUser', after })
      return after
    }),
  )
  rest.handle(api.createSession, (call) =>
    identities.atARate(call.origin.address, async () => {
      const { Name, Password, Code } = call.form
      const { address } = call.origin
      const { session, token } = await users.signIn(Name, Password, Code, address)
      const after = showSession(session, call.home)
      await note(session.accountSid, session.userSid, call, { action: 'createSession', after })
      return { ...after, token }
    }),
  )
}

interface Made {
  readonly action: string
  readonly after: { readonly url: string }
}

export function welcomeLink(home: string, token: string): string {
  return `${home}/welcome#${token}`
}

function showUser(user: UserRow, home: string): api.User {
  return {
    sid: user.sid,
    account_sid: user.accountSid,
    name: user.name,
    role: user.role,
    one_time_codes: user.totpSecret !== null,
    date_created: formatDate(user.createdAt),
    date_updated: formatDate(user.updatedAt),
    url: `${home}/v1/Users/${user.sid}`,
  }
}

function showSession(session: SessionRow, home: string): api.Session {
  return {
    sid: session.sid,
    user_sid: session.userSid,
    address: session.address,
    date_created: formatDate(session.createdAt),
    date_expires: formatDate(session.expiresAt),
    url: `${home}/v1/Sessions/${session.sid}`,
  }
}
