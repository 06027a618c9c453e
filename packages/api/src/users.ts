/**
 * Users of the console: people, who sign in with a name, a password and, if they wish, a one-time code
 * (RFC 6238), and get a session whose token goes into `Authorization: Bearer`.
 *
 * Nobody has a password that somebody else chose: an invitation, good for one use, makes a user. The
 * first start of a server prints the first one.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route, scopes } from './route.ts'
import { AccountSid, DateTime, SessionSid, Url, UserSid } from './values.ts'

export const roles = ['owner', 'developer', 'viewer'] as const

/** What each role may do. */
export const scopesOfRole = {
  owner: ['admin'],
  developer: ['deploy', 'debug'],
  viewer: ['read'],
} as const

export const PASSWORD_CHARACTERS_MIN = 12

const Role = z
  .enum(roles)
  .meta({ description: 'owner: everything; developer: deploy and debug; viewer: look' })
const Name = z
  .string()
  .min(1)
  .max(254)
  .regex(/^[^\p{C}\s]+$/u, { error: 'must not contain spaces or control characters' })
  .transform((name) => name.toLowerCase())
  .meta({ description: 'what they sign in with, an e-mail address for example' })
const Password = z
  .string()
  .min(PASSWORD_CHARACTERS_MIN)
  .max(256)
  .meta({ description: `at least ${PASSWORD_CHARACTERS_MIN} characters` })
const Code = z
  .string()
  .regex(/^\d{6}$/, { error: 'must be six digits' })
  .meta({ description: 'the six digits that the authenticator shows' })

export const User = z
  .object({
    sid: UserSid,
    account_sid: AccountSid,
    name: z.string(),
    role: Role,
    one_time_codes: z.boolean().meta({ description: 'whether signing in asks for a code' }),
    date_created: DateTime,
    date_updated: DateTime,
    url: Url,
  })
  .meta({ id: 'User' })
export type User = z.output<typeof User>

export const Invitation = z
  .object({ token: z.string(), role: Role, date_expires: DateTime, link: Url })
  .meta({ id: 'Invitation' })

export const Session = z
  .object({
    sid: SessionSid,
    user_sid: UserSid,
    address: z.string().meta({ description: 'from where they signed in' }),
    date_created: DateTime,
    date_expires: DateTime,
    url: Url,
  })
  .meta({ id: 'Session' })
export type Session = z.output<typeof Session>

export const NewSession = Session.extend({
  token: z.string().meta({ description: 'for `Authorization: Bearer`; not shown again' }),
}).meta({ id: 'NewSession' })

export const Self = z
  .object({
    actor: z.string(),
    account_sid: AccountSid,
    scopes: z.array(z.enum(scopes)),
    one_time_codes: z.boolean().nullable().meta({ description: 'null: no user' }),
  })
  .meta({ id: 'Self' })

export const TotpSecret = z
  .object({ secret: z.string(), uri: z.string().meta({ description: 'otpauth:, for a QR code' }) })
  .meta({ id: 'TotpSecret' })

const OneUser = z.strictObject({ Sid: UserSid })
const OneSession = z.strictObject({ Sid: SessionSid })

export const fetchSelf = route({
  name: 'fetchSelf',
  method: 'GET',
  path: '/v1/Self',
  summary: 'Who this request is from, and what they may do',
  returns: Self,
})

/** What somebody does about themselves shows there. */
const OF_SELF = { scope: 'read', subject: fetchSelf } as const

export const createInvitation = route({
  name: 'createInvitation',
  method: 'POST',
  path: '/v1/Invitations',
  scope: 'admin',
  summary: 'Invite somebody: a link that makes one user, for a day',
  status: 201,
  unlogged: ['token', 'link'],
  form: z.strictObject({ Role }),
  returns: Invitation,
})

export const createUser = route({
  name: 'createUser',
  method: 'POST',
  path: '/v1/Users',
  access: 'anyone',
  summary: 'Become a user, by an invitation',
  status: 201,
  form: z.strictObject({ Invitation: z.string().max(64), Name, Password }),
  returns: User,
  errors: ['INVITATION_INVALID', 'NAME_TAKEN', 'TOO_MANY_REQUESTS'],
})

export const listUsers = route({
  name: 'listUsers',
  method: 'GET',
  path: '/v1/Users',
  scope: 'admin',
  summary: 'Users, newest first',
  query: PageQuery,
  returns: pageOf('users', User),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const fetchUser = route({
  name: 'fetchUser',
  method: 'GET',
  path: '/v1/Users/:Sid',
  scope: 'admin',
  summary: 'One user',
  params: OneUser,
  returns: User,
  errors: ['USER_NOT_FOUND'],
})

export const updateUser = route({
  name: 'updateUser',
  method: 'POST',
  path: '/v1/Users/:Sid',
  scope: 'admin',
  summary: 'Give a user another role',
  params: OneUser,
  form: z.strictObject({ Role }),
  returns: User,
  errors: ['USER_NOT_FOUND'],
})

export const deleteUser = route({
  name: 'deleteUser',
  method: 'DELETE',
  path: '/v1/Users/:Sid',
  scope: 'admin',
  summary: 'Remove a user; their sessions end',
  status: 204,
  answer: 'nothing',
  params: OneUser,
  returns: z.void(),
  errors: ['USER_NOT_FOUND'],
})

export const createSession = route({
  name: 'createSession',
  method: 'POST',
  path: '/v1/Sessions',
  access: 'anyone',
  summary: 'Sign in',
  status: 201,
  form: z.strictObject({ Name, Password: z.string().max(256), Code: Code.optional() }),
  returns: NewSession,
  errors: ['SIGN_IN_WRONG', 'ONE_TIME_CODE_MISSING', 'TOO_MANY_REQUESTS'],
})

export const listSessions = route({
  name: 'listSessions',
  method: 'GET',
  path: '/v1/Sessions',
  scope: 'admin',
  summary: 'Sessions that have not ended, newest first',
  query: PageQuery,
  returns: pageOf('sessions', Session),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const fetchSession = route({
  name: 'fetchSession',
  method: 'GET',
  path: '/v1/Sessions/:Sid',
  summary: 'One session. Of others, only an owner sees it',
  params: OneSession,
  returns: Session,
  errors: ['SESSION_NOT_FOUND'],
})

export const deleteSession = route({
  name: 'deleteSession',
  method: 'DELETE',
  path: '/v1/Sessions/:Sid',
  scope: 'read',
  summary: 'End a session: sign out. Of others, only an owner may',
  status: 204,
  answer: 'nothing',
  params: OneSession,
  returns: z.void(),
  errors: ['SESSION_NOT_FOUND'],
})

export const changePassword = route({
  ...OF_SELF,
  name: 'changePassword',
  method: 'POST',
  path: '/v1/Self/Password',
  summary: "Change one's own password; all other sessions end",
  status: 204,
  answer: 'nothing',
  form: z.strictObject({ Password: z.string().max(256), NewPassword: Password }),
  returns: z.void(),
  errors: ['SIGN_IN_WRONG', 'USERS_ONLY'],
})

export const proposeTotp = route({
  name: 'proposeTotp',
  method: 'POST',
  path: '/v1/Self/OneTimeCodes/Secret',
  scope: 'read',
  summary: 'A secret for an authenticator; nothing changes until a code of it comes back',
  status: 201,
  unlogged: ['secret', 'uri'],
  returns: TotpSecret,
  errors: ['USERS_ONLY'],
})

export const enableTotp = route({
  ...OF_SELF,
  name: 'enableTotp',
  method: 'POST',
  path: '/v1/Self/OneTimeCodes',
  summary: 'From now on, signing in asks for a one-time code',
  status: 204,
  answer: 'nothing',
  form: z.strictObject({ Secret: z.string().regex(/^[A-Z2-7]{32}$/), Code }),
  returns: z.void(),
  errors: ['USERS_ONLY', 'SIGN_IN_WRONG'],
})

export const disableTotp = route({
  ...OF_SELF,
  name: 'disableTotp',
  method: 'POST',
  path: '/v1/Self/OneTimeCodes/Off',
  summary: 'Signing in no longer asks for a code',
  status: 204,
  answer: 'nothing',
  form: z.strictObject({ Password: z.string().max(256) }),
  returns: z.void(),
  errors: ['USERS_ONLY', 'SIGN_IN_WRONG'],
})
