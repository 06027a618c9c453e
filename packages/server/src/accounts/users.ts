/**
 * Users and their sessions: invited, signed in, signed out. A session's token, and an invitation's,
 * are kept as hashes; the secret behind one-time codes is sealed.
 */
import { randomBytes } from 'node:crypto'
import { Problem, type roles, type Scope, scopesOfRole } from '@microvisor/api'
import { makeSid } from '@microvisor/protocol'
import { and, count, eq, gt, lt, ne } from 'drizzle-orm'
import { Secret, TOTP } from 'otpauth'
import type { MasterKeys } from '../keys/master-keys.ts'
import { type Database, SqlState, sqlStateOf } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { invitations, userSessions, users } from '../storage/schema.ts'
import type { Caller } from './identities.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { hashToken, makeToken } from './tokens.ts'

export type UserRow = typeof users.$inferSelect
export type SessionRow = typeof userSessions.$inferSelect
type Role = (typeof roles)[number]

const INVITATION_MS = 24 * 3_600_000
const SESSION_MS = 7 * 24 * 3_600_000
/** A code of the step before or after counts, for clocks that differ (RFC 6238, section 5.2). */
const TOTP_WINDOW = 1
const TOTP_SECONDS = 30

export class Users {
  readonly #db: Database
  readonly #masterKeys: MasterKeys

  constructor(db: Database, masterKeys: MasterKeys) {
    this.#db = db
    this.#masterKeys = masterKeys
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<UserRow>> {
    return readPage(request, users, accountSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(users).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(accountSid: string, sid: string): Promise<UserRow> {
    const [user] = await this.#db.select().from(users).where(own(accountSid, sid))
    if (user) return user
    throw new Problem('USER_NOT_FOUND', `This account has no user ${sid}.`)
  }

  async isEmpty(accountSid: string): Promise<boolean> {
    const [held] = await this.#db
      .select({ users: count() })
      .from(users)
      .where(eq(users.accountSid, accountSid))
    return held?.users === 0
  }

  async invite(accountSid: string, role: Role): Promise<{ token: string; expiresAt: Date }> {
    const token = makeToken()
    const expiresAt = new Date(Date.now() + INVITATION_MS)
    await this.#db.delete(invitations).where(lt(invitations.expiresAt, new Date()))
    await this.#db
      .insert(invitations)
      .values({ tokenHash: hashToken(token), accountSid, role, expiresAt })
    return { token, expiresAt }
  }

  /** Uses the invitation up, unless the name is taken. */
  async create(token: string, name: string, password: string): Promise<UserRow> {
    const invitation = eq(invitations.tokenHash, hashToken(token))
    const isGood = and(invitation, gt(invitations.expiresAt, new Date()))
    const [known] = await this.#db.select().from(invitations).where(isGood)
    if (known === undefined) throw invitationInvalid()
    const passwordHash = await hashPassword(password)
    const sid = makeSid('US', randomBytes(16))
    try {
      await this.#db.transaction(async (tx) => {
        const [used] = await tx.delete(invitations).where(isGood).returning()
        if (used === undefined) throw invitationInvalid()
        const { accountSid, role } = used
        await tx.insert(users).values({ sid, accountSid, name, role, passwordHash })
      })
    } catch (error) {
      if (sqlStateOf(error) !== SqlState.uniqueViolation) throw error
      throw new Problem('NAME_TAKEN', `There is a user called "${name}" already.`)
    }
    return this.fetch(known.accountSid, sid)
  }

  async setRole(accountSid: string, sid: string, role: Role): Promise<UserRow> {
    await this.fetch(accountSid, sid)
    await this.#db.update(users).set({ role, updatedAt: new Date() }).where(own(accountSid, sid))
    return this.fetch(accountSid, sid)
  }

  async remove(accountSid: string, sid: string): Promise<void> {
    await this.fetch(accountSid, sid)
    await this.#db.delete(users).where(own(accountSid, sid))
  }

  /** A session, and its token, for somebody who knows what this user knows. */
  async signIn(
    name: string,
    password: string,
    code: string | undefined,
    address: string,
  ): Promise<{ session: SessionRow; token: string }> {
    const [user] = await this.#db.select().from(users).where(eq(users.name, name))
    if (!(await isPassword(password, user?.passwordHash)) || user === undefined) throw wrong()
    if (user.totpSecret !== null) await this.#useCode(user, code)
    const token = makeToken()
    const { sid: userSid, accountSid } = user
    await this.#db.delete(userSessions).where(lt(userSessions.expiresAt, new Date()))
    const [session] = await this.#db
      .insert(userSessions)
      .values({
        sid: makeSid('SS', randomBytes(16)),
        accountSid,
        userSid,
        tokenHash: hashToken(token),
        address,
        expiresAt: new Date(Date.now() + SESSION_MS),
      })
      .returning()
    return { session: session!, token }
  }

  /** Who has this session; undefined if nobody has. */
  async callerOf(token: string): Promise<Caller | undefined> {
    const [found] = await this.#db
      .select({ accountSid: users.accountSid, actor: users.sid, role: users.role })
      .from(userSessions)
      .innerJoin(users, eq(users.sid, userSessions.userSid))
      .where(
        and(eq(userSessions.tokenHash, hashToken(token)), gt(userSessions.expiresAt, new Date())),
      )
    return found && { ...found, scopes: scopesOfRole[found.role] as readonly Scope[] }
  }

  sessions(accountSid: string, request: PageRequest): Promise<PageOf<SessionRow>> {
    return readPage(request, userSessions, accountSid, ({ where, orderBy, limit }) =>
      this.#db
        .select()
        .from(userSessions)
        .where(and(where, gt(userSessions.expiresAt, new Date())))
        .orderBy(orderBy)
        .limit(limit),
    )
  }

  async session(caller: Caller, sid: string): Promise<SessionRow> {
    const isMeant = and(mayEnd(caller, sid), gt(userSessions.expiresAt, new Date()))
    const [session] = await this.#db.select().from(userSessions).where(isMeant)
    if (session) return session
    throw new Problem('SESSION_NOT_FOUND', `There is no session ${sid}.`)
  }

  async endSession(caller: Caller, sid: string): Promise<void> {
    await this.session(caller, sid)
    await this.#db.delete(userSessions).where(mayEnd(caller, sid))
  }

  /** Whether signing in asks for a code; null for who is no user. */
  async asksForCode({ accountSid, actor }: Caller): Promise<boolean | null> {
    const [user] = await this.#db.select().from(users).where(own(accountSid, actor))
    return user ? user.totpSecret !== null : null
  }

  async changePassword(caller: Caller, password: string, next: string): Promise<void> {
    const user = await this.#self(caller)
    if (!(await isPassword(password, user.passwordHash))) throw wrong()
    const passwordHash = await hashPassword(next)
    await this.#db.transaction(async (tx) => {
      await tx
        .update(users)
        .set({ passwordHash, updatedAt: new Date() })
        .where(eq(users.sid, user.sid))
      await tx.delete(userSessions).where(eq(userSessions.userSid, user.sid))
    })
  }

  async proposeCodes(caller: Caller): Promise<{ secret: string; uri: string }> {
    const totp = totpOf(new Secret({ size: 20 }), (await this.#self(caller)).name)
    return { secret: totp.secret.base32, uri: totp.toString() }
  }

  async enableCodes(caller: Caller, secret: string, code: string): Promise<void> {
    const { sid, name } = await this.#self(caller)
    const step = stepOf(totpOf(Secret.fromBase32(secret), name), code)
    if (step === undefined) throw wrong()
    const totpSecret = this.#masterKeys.seal(secret, purposeOf(sid))
    await this.#db.update(users).set({ totpSecret, totpStep: step }).where(eq(users.sid, sid))
  }

  async disableCodes(caller: Caller, password: string): Promise<void> {
    const { sid, passwordHash } = await this.#self(caller)
    if (!(await isPassword(password, passwordHash))) throw wrong()
    await this.#db.update(users).set({ totpSecret: null }).where(eq(users.sid, sid))
  }

  /** Seals what is under an older master key anew. */
  async resealAll(): Promise<number> {
    const rows = await this.#db.select().from(users).where(ne(users.totpSecret, ''))
    let resealed = 0
    for (const { sid, totpSecret: old } of rows) {
      if (old === null || this.#masterKeys.isCurrent(old)) continue
      const purpose = purposeOf(sid)
      const totpSecret = this.#masterKeys.seal(await this.#masterKeys.open(old, purpose), purpose)
      await this.#db
        .update(users)
        .set({ totpSecret })
        .where(and(eq(users.sid, sid), eq(users.totpSecret, old)))
      resealed++
    }
    return resealed
  }

  /** Throws unless the code is right and has not been used: each step of time counts once. */
  async #useCode(user: UserRow, code: string | undefined): Promise<void> {
    if (code === undefined)
      throw new Problem('ONE_TIME_CODE_MISSING', 'This user signs in with a one-time code, too.')
    const secret = await this.#masterKeys.open(user.totpSecret ?? '', purposeOf(user.sid))
    const step = stepOf(totpOf(Secret.fromBase32(secret), user.name), code)
    if (step === undefined) throw wrong()
    const used = await this.#db
      .update(users)
      .set({ totpStep: step })
      .where(and(eq(users.sid, user.sid), lt(users.totpStep, step)))
      .returning({ sid: users.sid })
    if (used.length === 0) throw wrong()
  }

  async #self({ accountSid, actor }: Caller): Promise<UserRow> {
    const [user] = await this.#db.select().from(users).where(own(accountSid, actor))
    if (user) return user
    throw new Problem('USERS_ONLY', `${actor} is no user.`)
  }
}

/** One's own sessions, or as an owner anybody's. */
function mayEnd({ accountSid, actor, scopes }: Caller, sid: string) {
  return and(
    eq(userSessions.accountSid, accountSid),
    eq(userSessions.sid, sid),
    scopes.includes('admin') ? undefined : eq(userSessions.userSid, actor),
  )
}

function own(accountSid: string, sid: string) {
  return and(eq(users.accountSid, accountSid), eq(users.sid, sid))
}

function purposeOf(userSid: string): string {
  return `one-time codes of ${userSid}`
}

function totpOf(secret: Secret, label: string): TOTP {
  return new TOTP({ issuer: 'Microvisor', label, secret, period: TOTP_SECONDS })
}

/** The step of time that a code belongs to. */
function stepOf(totp: TOTP, token: string): number | undefined {
  const delta = totp.validate({ token, window: TOTP_WINDOW })
  return delta === null ? undefined : totp.counter() + delta
}

/** The same for every reason, so that nobody learns who is a user. */
function wrong(): Problem {
  return new Problem('SIGN_IN_WRONG', 'Name, password and one-time code do not belong together.')
}

function invitationInvalid(): Problem {
  return new Problem('INVITATION_INVALID', 'This invitation was used, has expired, or never was.')
}
